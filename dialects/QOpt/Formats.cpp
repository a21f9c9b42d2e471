//===- Formats.cpp - Formats, layouts and types of codes ------------------===//

#include "dialects/QOpt/QOpt.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace qopt;

//===-- #qopt.format ------------------------------------------------------===//

/// `<key = value, ...>`: values are words or numbers; Format::parse knows them.
Attribute FormatAttr::parse(AsmParser &parser, Type) {
  std::string text;
  auto part = [&]() -> ParseResult {
    StringRef key, word;
    int64_t number;
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return failure();
    text += (text.empty() ? "" : ", ") + key.str() + " = ";
    OptionalParseResult parsed = parser.parseOptionalInteger(number);
    if (parsed.has_value()) {
      if (failed(*parsed))
        return failure();
      text += std::to_string(number);
      return success();
    }
    if (parser.parseKeyword(&word))
      return failure();
    text += word;
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, part))
    return {};
  llvm::Expected<Format> format = Format::parse(text);
  if (!format) {
    parser.emitError(loc) << toString(format.takeError());
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    *format);
}

void FormatAttr::print(AsmPrinter &printer) const {
  printer << "<" << getValue().str() << ">";
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Format value) {
  if (llvm::Error error = value.verify())
    return emitError() << toString(std::move(error));
  return success();
}

//===-- !qopt.qtensor -----------------------------------------------------===//

Type QTensorType::parse(AsmParser &parser) {
  SmallVector<int64_t, 2> shape;
  FormatAttr format;
  LayoutAttr layout;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false,
                                /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseAttribute(format) ||
      parser.parseComma() || parser.parseAttribute(layout) ||
      parser.parseGreater())
    return {};
  if (shape.size() != 2) {
    parser.emitError(loc) << "expects a matrix NxK, but got " << shape.size()
                          << " sizes";
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    shape[0], shape[1], format, layout);
}

void QTensorType::print(AsmPrinter &printer) const {
  printer << "<" << getN() << "x" << getK() << ", " << getFormat() << ", "
          << getLayout() << ">";
}

LogicalResult QTensorType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t N, int64_t K, FormatAttr,
                                  LayoutAttr) {
  if (N < 1 || K < 1)
    return emitError() << "expects sizes of at least 1, but got " << N << "x"
                       << K;
  return success();
}

PanelLayout QTensorType::getPanels() {
  return PanelLayout(getFormat().getValue(), getN(), getK());
}

MemRefType QTensorType::getBufferType() {
  return MemRefType::get({getPanels().bytes()},
                         IntegerType::get(getContext(), 8));
}
