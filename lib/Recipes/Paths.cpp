//===- Paths.cpp - Canonical paths of layers ------------------------------===//

#include "lib/Recipes/Paths.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

static SmallVector<StringRef> componentsOf(StringRef path) {
  SmallVector<StringRef> components;
  path.split(components, '.');
  return components;
}

static bool isNumber(StringRef component) {
  return !component.empty() && all_of(component, isDigit);
}

std::optional<int64_t> layerOfPath(StringRef path) {
  SmallVector<StringRef> components = componentsOf(path);
  auto found = find_if(components, isNumber);
  int64_t layer;
  if (found == components.end() || found->getAsInteger(10, layer))
    return std::nullopt;
  return layer;
}

std::string pathOfAll(StringRef path) {
  SmallVector<StringRef> components = componentsOf(path);
  if (auto found = find_if(components, isNumber); found != components.end())
    *found = "*";
  return join(components, ".");
}

} // namespace qopt
