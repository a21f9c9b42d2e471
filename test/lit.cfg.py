import os
import shutil

import lit.formats

config.name = "qopt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.qopt_build, "test")
config.substitutions.append(("%python", config.qopt_python))
config.substitutions.append(("%models", config.qopt_models))
config.substitutions.append(("%examples", os.path.join(config.qopt_source, "examples")))
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.qopt_build, "bin"), config.llvm_tools, os.environ["PATH"]]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
for name in ("HOME", "QOPT_CACHE", "QOPT_ISA", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
if os.path.exists(os.path.join(config.qopt_models, "minilm-l6", "model.onnx")):
    config.available_features.add("models")  # REQUIRES: models
if shutil.which("nvidia-smi"):
    config.available_features.add("cuda")  # REQUIRES: cuda
