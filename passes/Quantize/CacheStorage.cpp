//===- CacheStorage.cpp - What key/value caches hold ----------------------===//

#include "passes/Quantize/CacheStorage.h"

using namespace mlir;

namespace qopt {

void setCacheStorage(ModuleOp module,
                     llvm::function_ref<Type(CacheOp)> storageOf) {
  SymbolTable symbols(module);
  for (auto cache : module.getOps<CacheOp>()) {
    Type storage = storageOf(cache);
    cache.setStorageAttr(storage ? TypeAttr::get(storage) : nullptr);
  }
  module.walk([&](GetCacheOp get) {
    auto cache = symbols.lookup<CacheOp>(get.getCache());
    get.getKey().setType(cache.getKeyType());
    get.getValue().setType(cache.getValueType());
  });
}

} // namespace qopt
