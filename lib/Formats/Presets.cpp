//===- Presets.cpp - Formats that have names ------------------------------===//

#include "lib/Formats/Format.h"

namespace qopt {

#define BLOCK_PRESETS(bits, block)                                             \
  {"int" #bits "-g" #block,                                                    \
   "codes = u" #bits ", block = " #block ", scale = f16, zero = u" #bits},     \
      {"int" #bits "-g" #block "-sym",                                         \
       "codes = s" #bits ", block = " #block ", scale = f16"},
#define PRESETS(bits)                                                          \
  BLOCK_PRESETS(bits, 16)                                                      \
  BLOCK_PRESETS(bits, 32)                                                      \
  BLOCK_PRESETS(bits, 64)                                                      \
  BLOCK_PRESETS(bits, 128)                                                     \
  BLOCK_PRESETS(bits, 256){"int" #bits "-channel",                             \
                           "codes = s" #bits                                   \
                           ", block = channel, scale = f32"},                  \
      {"int" #bits "-tensor", "codes = s" #bits ", block = tensor, scale = "   \
                              "f32"},

static const FormatPreset presets[] = {PRESETS(2) PRESETS(3) PRESETS(4) PRESETS(
    5) PRESETS(6) PRESETS(7) PRESETS(8)};

#undef PRESETS
#undef BLOCK_PRESETS

llvm::ArrayRef<FormatPreset> getFormatPresets() { return presets; }

} // namespace qopt
