//===- Wire.h - Write protobuf by hand --------------------------*- C++ -*-===//

#ifndef QOPT_TEST_LIB_ONNX_WIRE_H
#define QOPT_TEST_LIB_ONNX_WIRE_H

#include <cstdint>
#include <string>
#include <vector>

namespace wire {

inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7)
    out.push_back(char(value | 0x80));
  out.push_back(char(value));
  return out;
}

inline std::string number(uint32_t field, uint64_t value) {
  return varint(field << 3) + varint(value);
}

inline std::string bytes(uint32_t field, const std::string &value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

/// A float tensor with raw data.
inline std::string tensor(const std::string &name,
                          const std::vector<int64_t> &dims,
                          const std::string &data) {
  std::string out;
  for (int64_t dim : dims)
    out += number(1, uint64_t(dim));
  return out + number(2, 1) + bytes(8, name) + bytes(9, data);
}

/// A float value of a graph's interface.
inline std::string value(const std::string &name,
                         const std::vector<int64_t> &dims) {
  std::string shape;
  for (int64_t dim : dims)
    shape += bytes(1, number(1, uint64_t(dim)));
  std::string type = bytes(1, number(1, 1) + bytes(2, shape));
  return bytes(1, name) + bytes(2, type);
}

inline std::string node(const std::string &type, const std::string &name,
                        const std::vector<std::string> &inputs,
                        const std::vector<std::string> &outputs) {
  std::string out;
  for (const std::string &input : inputs)
    out += bytes(1, input);
  for (const std::string &output : outputs)
    out += bytes(2, output);
  return out + bytes(3, name) + bytes(4, type);
}

/// IR version 8, opset 17.
inline std::string model(const std::string &graph) {
  return number(1, 8) + bytes(7, graph) + bytes(8, number(2, 17));
}

/// x + w, where w has 100 elements.
inline std::string sum(const std::string &data) {
  return model(bytes(1, node("Add", "sum", {"x", "w"}, {"y"})) +
               bytes(5, tensor("w", {100}, data)) +
               bytes(11, value("x", {100})) + bytes(12, value("y", {100})));
}

} // namespace wire

#endif // QOPT_TEST_LIB_ONNX_WIRE_H
