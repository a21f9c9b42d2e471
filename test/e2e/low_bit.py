"""What the tests of low-bit recipes share: the reference that computes with dequantised values, and divergences."""

import json

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

import common

# Versions that only products of codes have, which no other machine code needs, and the CPU's flags beside v4's.
CODES = {"x86-64-v4-amx": {"avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"}, "x86-64-v4-vnni": {"avx512_vnni", "avx512_bf16"}}


def compile_model(model, recipe, folder, target="all"):
    """The artifact. Its name has the recipe's in it, which is a built-in one or a file."""
    path = folder / f"{getattr(recipe, 'stem', recipe)}-{target.replace(',', '+')}.qopt"
    common.qopt("compile", model, "-o", path, "--recipe", recipe, "--target", target, "--threads", 2)
    return path


def machine_isas():
    """common.machine_isas, and the versions that only products of codes have."""
    isas = common.machine_isas()
    flags = set(open("/proc/cpuinfo").read().split())
    return isas + [isa for isa, needed in CODES.items() if "x86-64-v4" in isas and needed <= flags]


def artifact_isas(artifact):
    """The versions in an artifact that this machine runs."""
    targets = json.loads((artifact / "manifest.json").read_text())["targets"]
    return [isa for isa in machine_isas() if isa in targets]


class Reference:
    """A model whose coded weights are replaced by what their codes mean, run by ONNX Runtime in f32."""

    def __init__(self, model, weights, threads=2):
        import onnxruntime

        file = onnx.load(model)
        count = self.replace(file.graph, weights)
        assert count >= len(weights), f"{count} initializers are replaced, but {len(weights)} weights have codes"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(file.SerializeToString(), options, providers=["CPUExecutionProvider"])

    @staticmethod
    def replace(graph, weights):
        """Every initializer that holds a weight's values, transposed or not; how many there are."""
        known, count = {}, 0
        for weight in weights:
            for source, values in ((weight.source, weight.values()), (weight.source.T, weight.values().T)):
                known[source.shape, np.ascontiguousarray(source).tobytes()] = values
        for initializer in graph.initializer:
            if len(initializer.dims) != 2 or initializer.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16):
                continue
            array = numpy_helper.to_array(initializer).astype(np.float32)
            if (array.shape, array.tobytes()) in known:
                count += 1
                values = known[array.shape, array.tobytes()]
                initializer.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), initializer.name))
        return count

    def logits(self, tokens):
        batch, length = tokens.shape
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "position_ids": np.tile(np.arange(length), (batch, 1))}
        empty = np.zeros((batch, common.KV_HEADS, 0, common.HEAD), np.float32)
        inputs |= {i.name: empty for i in self.session.get_inputs() if i.name.startswith("past")}
        return self.session.run(["logits"], inputs)[0]


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def divergences(expected, got):
    """KL(softmax(expected) || softmax(got)) of each row, in double."""
    expected, got = log_softmax(expected), log_softmax(got)
    return (np.exp(expected) * (expected - got)).sum(axis=-1)


def windows(count=320):
    """[count, 256] tokens of the evaluation text, as the protocol cuts them."""
    return common.eval_tokens()[: count * 256].reshape(count, 256)
