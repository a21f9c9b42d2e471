//===- Inspect.cpp - qopt inspect -----------------------------------------===//

#include "tools/qopt/Inspect.h"

#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace qopt {

template <typename Items> static uint64_t sumBytes(const Items &items) {
  uint64_t sum = 0;
  for (const auto &item : items)
    sum += item.bytes;
  return sum;
}

static void printFiles(StringRef title, ArrayRef<InspectedFile> files) {
  if (files.empty())
    return;
  outs() << '\n' << title << '\n';
  Table table({{}, {"", true}});
  for (const InspectedFile &file : files)
    table.addRow({file.name, formatBytes(file.bytes)});
  if (files.size() > 1)
    table.addRow({"together", formatBytes(sumBytes(files))});
  table.print(outs(), 2);
}

static void printValues(StringRef title, ArrayRef<InspectedValue> values) {
  if (values.empty())
    return;
  outs() << '\n' << title << '\n';
  Table table({{}, {}, {}});
  for (const InspectedValue &value : values)
    table.addRow({value.name, value.type, "[" + join(value.dims, ", ") + "]"});
  table.print(outs(), 2);
}

/// `each`: every weight of an artifact.
static void printText(const Inspection &inspection, bool each) {
  Table facts({{}, {}});
  for (const auto &[key, value] : inspection.facts)
    facts.addRow({key, value});
  facts.print(outs());
  if (!inspection.runtimeError.empty())
    outs() << "cannot be run here: " << inspection.runtimeError << '\n';
  printFiles("files", inspection.files);
  printFiles("code", inspection.code);
  printValues("inputs", inspection.inputs);
  printValues("outputs", inspection.outputs);
  if (!inspection.operators.empty()) {
    outs() << "\noperators\n";
    Table table({{}, {"", true}});
    for (const InspectedFile &op : inspection.operators)
      table.addRow({op.name, std::to_string(op.bytes)});
    table.print(outs(), 2);
  }
  outs() << '\n'
         << inspection.weights.size()
         << (inspection.weights.size() == 1 ? " weight, " : " weights, ")
         << formatBytes(sumBytes(inspection.weights)) << '\n';
  if (!inspection.files.empty()) {
    printWeights(inspection, outs());
    if (each) {
      outs() << '\n';
      printEachWeight(inspection, outs());
    }
    return;
  }
  Table table({{}, {}, {}, {"", true}});
  for (const InspectedWeight &weight : inspection.weights)
    table.addRow({weight.name, weight.type, formatShape(weight.shape),
                  formatBytes(weight.bytes)});
  table.print(outs(), 2);
}

static void writeFiles(json::OStream &json, StringRef key, StringRef number,
                       ArrayRef<InspectedFile> files) {
  if (files.empty())
    return;
  json.attributeArray(key, [&] {
    for (const InspectedFile &file : files)
      json.object([&] {
        json.attribute("name", json::fixUTF8(file.name));
        json.attribute(number, file.bytes);
      });
  });
}

static void writeValues(json::OStream &json, StringRef key,
                        ArrayRef<InspectedValue> values) {
  json.attributeArray(key, [&] {
    for (const InspectedValue &value : values)
      json.object([&] {
        json.attribute("name", json::fixUTF8(value.name));
        json.attribute("type", value.type);
        json.attribute("dims", json::Array(value.dims));
      });
  });
}

static void printJson(const Inspection &inspection,
                      const std::vector<std::string> *differences) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("path", json::fixUTF8(inspection.path));
    json.attributeObject("about", [&] {
      for (const auto &[key, value] : inspection.facts)
        json.attribute(key, json::fixUTF8(value));
    });
    if (!inspection.runtimeError.empty())
      json.attribute("runtime_error", json::fixUTF8(inspection.runtimeError));
    writeFiles(json, "files", "bytes", inspection.files);
    writeFiles(json, "code", "bytes", inspection.code);
    writeFiles(json, "operators", "count", inspection.operators);
    writeValues(json, "inputs", inspection.inputs);
    writeValues(json, "outputs", inspection.outputs);
    bool isArtifact = !inspection.files.empty();
    if (isArtifact)
      writeWeights(inspection, json);
    else
      json.attributeArray("weights", [&] {
        for (const InspectedWeight &weight : inspection.weights)
          json.object([&] {
            json.attribute("name", json::fixUTF8(weight.name));
            json.attribute("type", weight.type);
            json.attribute("shape", json::Array(weight.shape));
            json.attribute("bytes", weight.bytes);
          });
      });
    json.attribute("weight_bytes", sumBytes(inspection.weights));
    if (isArtifact)
      json.attribute("bytes", sumBytes(inspection.files));
    if (differences)
      json.attribute("intact", differences->empty());
  });
  outs() << '\n';
}

static Expected<int> inspect(const Arguments &arguments) {
  StringRef path = arguments.operand(0);
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return createFileError(path, code);
  bool isArtifact = sys::fs::is_directory(status);
  bool check = arguments.has("check");
  if (check && !isArtifact)
    return createFileError(
        path, createStringError("--check expects an artifact, a directory"));

  std::vector<std::string> differences;
  if (check) {
    Expected<std::vector<std::string>> found = checkArtifact(path);
    if (!found)
      return found.takeError();
    differences = std::move(*found);
  }
  Expected<Inspection> inspection =
      isArtifact ? inspectArtifact(path) : inspectOnnx(path);
  if (!inspection) {
    // What differs is the likely cause of what cannot be read.
    Error error = inspection.takeError();
    for (const std::string &difference : differences)
      error = joinErrors(createStringError(difference), std::move(error));
    return error;
  }
  if (arguments.has("json"))
    printJson(*inspection, check ? &differences : nullptr);
  else
    printText(*inspection, arguments.has("weights"));
  if (check && differences.empty() && !arguments.has("json"))
    outs() << "\nevery file is as the manifest says\n";
  Error error = Error::success();
  for (const std::string &difference : differences)
    error = joinErrors(std::move(error), createStringError(difference));
  if (error)
    return error;
  return 0;
}

const Command inspectCommand = {
    "inspect",
    "show what is in an artifact or an ONNX file, and where the bytes are",
    {"m.qopt|MODEL.onnx"},
    {{"check", nullptr,
      "compare every file of the artifact with the hash in its manifest"},
     {"weights", nullptr, "list every weight of the artifact"},
     jsonOption},
    {"qopt inspect model.onnx", "qopt inspect model.qopt --check",
     "qopt inspect model.qopt --weights", "qopt inspect model.qopt --json"},
    inspect};

} // namespace qopt
