//===- Targets.cpp - Which code to make -----------------------------------===//

#include "tools/qopt/Targets.h"

#include "lib/Recipes/Recipe.h"
#include "lib/Target/X86.h"
#include "qopt/artifact.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace qopt {

/// QOPT_CPU_* of the CPU that runs this; LLVM looks at the operating system's
/// support for the registers, too.
static uint64_t getHostFeatures() {
  StringMap<bool> host = sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<StringRef> names) {
    return all_of(names, [&](StringRef name) { return host.lookup(name); });
  };
  uint64_t features = 0;
  if (hasAll({"cx16", "sahf", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3"}))
    features |= QOPT_CPU_X86_64_V2;
  if (hasAll({"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}))
    features |= QOPT_CPU_AVX2;
  if (hasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    features |= QOPT_CPU_AVX512;
  if (hasAll({"avx512vnni", "avx512bf16"}))
    features |= QOPT_CPU_AVX512_VNNI_BF16;
  return features;
}

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
