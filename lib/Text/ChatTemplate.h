//===- ChatTemplate.h - Messages as a language model wants them -*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_CHATTEMPLATE_H
#define QOPT_LIB_TEXT_CHATTEMPLATE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qopt::text {

struct ChatMessage {
  std::string role; ///< "system", "user", "assistant"
  std::string content;
};

/// A chat template: the part of Jinja that templates of models use. All else
/// is an error when the template is read or, where only the values show it,
/// when it is rendered; the error names the construct, its line and column.
class ChatTemplate {
public:
  /// `tokens` are variables: "bos_token" and its like.
  static llvm::Expected<ChatTemplate>
  parse(llvm::StringRef text, std::map<std::string, std::string> tokens = {});

  /// Reads chat_template.jinja of a folder, else "chat_template" of its
  /// tokenizer_config.json; nothing where both are missing.
  static llvm::Expected<std::optional<ChatTemplate>>
  load(llvm::StringRef folder);

  /// The text for the model. With a generation prompt it ends where the
  /// assistant's answer begins. Templates that do not end are an error.
  llvm::Expected<std::string> render(llvm::ArrayRef<ChatMessage> messages,
                                     bool addGenerationPrompt) const;

  ChatTemplate(ChatTemplate &&);
  ChatTemplate &operator=(ChatTemplate &&);
  ~ChatTemplate();

private:
  struct Parsed;
  explicit ChatTemplate(std::unique_ptr<Parsed> parsed);

  std::unique_ptr<Parsed> parsed;
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_CHATTEMPLATE_H
