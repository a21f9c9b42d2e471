//===- Support.cpp - What generated code may call -------------------------===//

#include "passes/Emit/Support.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace qopt {

/// Each moves 64 bytes at a time, then single bytes.
static const char *const supportText = R"(
define hidden ptr @memset(ptr returned %target, i32 %value, i64 %size) {
entry:
  %byte = trunc i32 %value to i8
  %one = insertelement <64 x i8> poison, i8 %byte, i64 0
  %all = shufflevector <64 x i8> %one, <64 x i8> poison, <64 x i32> zeroinitializer
  %blocks = and i64 %size, -64
  %any = icmp ne i64 %blocks, 0
  br i1 %any, label %block, label %tail
block:
  %i = phi i64 [ 0, %entry ], [ %next, %block ]
  %to = getelementptr i8, ptr %target, i64 %i
  store <64 x i8> %all, ptr %to, align 1
  %next = add nuw i64 %i, 64
  %more = icmp ult i64 %next, %blocks
  br i1 %more, label %block, label %tail
tail:
  %rest = icmp ult i64 %blocks, %size
  br i1 %rest, label %single, label %done
single:
  %j = phi i64 [ %blocks, %tail ], [ %jnext, %single ]
  %jto = getelementptr i8, ptr %target, i64 %j
  store i8 %byte, ptr %jto, align 1
  %jnext = add nuw i64 %j, 1
  %jmore = icmp ult i64 %jnext, %size
  br i1 %jmore, label %single, label %done
done:
  ret ptr %target
}

define hidden ptr @memmove(ptr returned %target, ptr %source, i64 %size) {
entry:
  %targetAt = ptrtoint ptr %target to i64
  %sourceAt = ptrtoint ptr %source to i64
  %distance = sub i64 %targetAt, %sourceAt
  %backward = icmp ult i64 %distance, %size
  %blocks = and i64 %size, -64
  %any = icmp ne i64 %blocks, 0
  br i1 %backward, label %lastTail, label %first
first:
  br i1 %any, label %block, label %tail
block:
  %i = phi i64 [ 0, %first ], [ %next, %block ]
  %from = getelementptr i8, ptr %source, i64 %i
  %to = getelementptr i8, ptr %target, i64 %i
  %data = load <64 x i8>, ptr %from, align 1
  store <64 x i8> %data, ptr %to, align 1
  %next = add nuw i64 %i, 64
  %more = icmp ult i64 %next, %blocks
  br i1 %more, label %block, label %tail
tail:
  %rest = icmp ult i64 %blocks, %size
  br i1 %rest, label %single, label %done
single:
  %j = phi i64 [ %blocks, %tail ], [ %jnext, %single ]
  %jfrom = getelementptr i8, ptr %source, i64 %j
  %jto = getelementptr i8, ptr %target, i64 %j
  %jdata = load i8, ptr %jfrom, align 1
  store i8 %jdata, ptr %jto, align 1
  %jnext = add nuw i64 %j, 1
  %jmore = icmp ult i64 %jnext, %size
  br i1 %jmore, label %single, label %done
lastTail:
  %lastRest = icmp ult i64 %blocks, %size
  br i1 %lastRest, label %lastSingle, label %lastBlocks
lastSingle:
  %k = phi i64 [ %size, %lastTail ], [ %kprevious, %lastSingle ]
  %kprevious = sub nuw i64 %k, 1
  %kfrom = getelementptr i8, ptr %source, i64 %kprevious
  %kto = getelementptr i8, ptr %target, i64 %kprevious
  %kdata = load i8, ptr %kfrom, align 1
  store i8 %kdata, ptr %kto, align 1
  %kmore = icmp ugt i64 %kprevious, %blocks
  br i1 %kmore, label %lastSingle, label %lastBlocks
lastBlocks:
  br i1 %any, label %lastBlock, label %done
lastBlock:
  %l = phi i64 [ %blocks, %lastBlocks ], [ %lprevious, %lastBlock ]
  %lprevious = sub nuw i64 %l, 64
  %lfrom = getelementptr i8, ptr %source, i64 %lprevious
  %lto = getelementptr i8, ptr %target, i64 %lprevious
  %ldata = load <64 x i8>, ptr %lfrom, align 1
  store <64 x i8> %ldata, ptr %lto, align 1
  %lmore = icmp ne i64 %lprevious, 0
  br i1 %lmore, label %lastBlock, label %done
done:
  ret ptr %target
}

define hidden ptr @memcpy(ptr returned %target, ptr %source, i64 %size) {
  %result = tail call ptr @memmove(ptr %target, ptr %source, i64 %size)
  ret ptr %target
}
)";

Expected<std::unique_ptr<Module>> buildSupportModule(LLVMContext &context) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module =
      parseAssemblyString(supportText, diagnostic, context);
  if (!module)
    return createStringError("support code: " + diagnostic.getMessage());
  return std::move(module);
}

} // namespace qopt
