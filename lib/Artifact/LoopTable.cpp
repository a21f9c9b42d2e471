//===- LoopTable.cpp - What the loops of an artifact compute --------------===//

#include "lib/Artifact/LoopTable.h"

using namespace llvm;

namespace qopt {

/// A manifest may be anybody's: its calls may have no end.
constexpr size_t mostLoops = 1 << 20;
constexpr unsigned mostCalls = 8; ///< one in another

static Error append(const LoopTable &table, const std::string &function,
                    unsigned depth, std::vector<LoopParts> &loops) {
  auto found = table.find(function);
  if (found == table.end())
    return createStringError("no loops are listed for '" + function + "'");
  for (const LoopStep &step : found->second) {
    if (loops.size() == mostLoops || depth == mostCalls)
      return createStringError("the list of loops of '" + function +
                               "' does not end");
    if (step.call.empty())
      loops.push_back(step.parts);
    else if (Error error = append(table, step.call, depth + 1, loops))
      return error;
  }
  return Error::success();
}

Expected<std::vector<LoopParts>> listLoops(const LoopTable &table,
                                           const std::string &entry) {
  std::vector<LoopParts> loops;
  if (Error error = append(table, entry, 0, loops))
    return std::move(error);
  return loops;
}

static json::Object toJson(const LoopPart &part) {
  json::Object object;
  for (auto [key, text] :
       {std::pair("op", &part.op), {"node", &part.node}, {"path", &part.path}})
    if (!text->empty())
      object[key] = json::fixUTF8(*text);
  return object;
}

json::Value toJSON(const LoopStep &step) {
  if (!step.call.empty())
    return json::Object{{"call", step.call}};
  json::Array parts;
  for (const LoopPart &part : step.parts)
    parts.push_back(toJson(part));
  return json::Object{{"loop", std::move(parts)}};
}

static bool fromJSON(const json::Value &value, LoopPart &part,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.mapOptional("op", part.op) &&
         map.mapOptional("node", part.node) &&
         map.mapOptional("path", part.path);
}

bool fromJSON(const json::Value &value, LoopStep &step, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.mapOptional("call", step.call) &&
         map.mapOptional("loop", step.parts);
}

} // namespace qopt
