//===- Panels.h - How matrices are packed -----------------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_PANELS_H
#define QOPT_LIB_FORMATS_PANELS_H

#include <cstdint>

namespace qopt {

/// Columns of a weight that lie side by side when it is packed for products;
/// steps of time in a panel of a key cache.
constexpr int64_t panelColumns = 32;

} // namespace qopt

#endif // QOPT_LIB_FORMATS_PANELS_H
