//===- Targets.cpp - Which code to make -----------------------------------===//

#include "tools/qopt/Targets.h"

#include "lib/Recipes/Recipe.h"
#include "lib/Target/Host.h"
#include "lib/Target/X86.h"
#include "qopt/artifact.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace qopt {

static std::string listNames() {
  std::string names = "all, host";
  for (const X86Isa &isa : getX86Isas())
    names += std::string(", ") + isa.name;
  return names;
}

Expected<std::vector<std::string>> parseTargets(StringRef text) {
  StringSet<> wanted;
  for (StringRef name : split(text, ',')) {
    name = name.trim();
    if (name == "all") {
      for (const X86Isa &isa : getX86Isas())
        wanted.insert(isa.name);
    } else if (name == "host") {
      uint64_t features = getHostFeatures();
      for (const X86Isa &isa : getX86Isas())
        if ((isa.features & ~features) == 0) {
          wanted.insert(isa.name);
          break;
        }
    } else if (findX86Isa(name)) {
      wanted.insert(name);
    } else if (name.starts_with("aarch64") || name.starts_with("cuda")) {
      return createStringError("target '" + name + "' is not yet supported");
    } else {
      return createStringError("unknown target '" + name +
                               "'; expects one of " + listNames());
    }
  }
  std::vector<std::string> names;
  for (const X86Isa &isa : getX86Isas())
    if (wanted.contains(isa.name))
      names.push_back(isa.name);
  return names;
}

Error checkRecipe(StringRef recipe) { return loadRecipe(recipe).takeError(); }

} // namespace qopt
