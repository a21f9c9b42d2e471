"""Single layers and an encoder against ONNX Runtime: outputs go to the caller's memory on both sides."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import common
from peers.decoder import FOLDER, LAYERS

K, N, ROWS = 2048, 8192, (1, 128, 512)
LEAST_SECONDS = 0.05  # what is shorter runs several times in a row


def own_runner(session, inputs, outputs):
    """Calls the C function with tensors made once; {name: array} both."""
    from qopt_runtime import Tensor

    ins = (Tensor * len(inputs))(*(Tensor.of(name, array) for name, array in inputs.items()))
    outs = (Tensor * len(outputs))(*(Tensor.of(name, array) for name, array in outputs.items()))

    def run():
        for tensor, array in zip(outs, outputs.values()):
            tensor.bytes = array.nbytes
        session.check(session.library.qopt_session_run(session.handle, ins, len(ins), outs, len(outs)))

    return run


def peer_runner(session, inputs, outputs):
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_cpu_input(name, array)
    for name, array in outputs.items():
        binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
    return lambda: session.run_with_iobinding(binding)


def medians(functions, runs):
    """Seconds of each, interleaved."""
    def repeat(function, count):
        def run():
            for _ in range(count):
                function()

        return run

    once = [max(common.interleave([function], 0, 1)[0][0], 1e-6) for function in functions]
    counts = [1 + int(LEAST_SECONDS / seconds) for seconds in once]
    times, _ = common.interleave([repeat(*each) for each in zip(functions, counts)], 0, runs)
    return [seconds / count for seconds, count in zip(times, counts)]


def layer_model(nodes, initializers):
    value = lambda name, columns: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", columns])
    graph = helper.make_graph(nodes, "layer", [value("x", K)], [value("y", N)], initializers)
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=10)


def quantize_blocks(weights, block):
    """Codes and scales of MatMulNBits without zero points (8 is zero): two to a byte, the even row lower."""
    blocks = weights.T.reshape(N, K // block, block)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
    scales = largest / -8
    codes = np.clip(np.rint(blocks / scales) + 8, 0, 15).astype(np.uint8)
    return codes[..., 0::2] | codes[..., 1::2] << 4, scales[..., 0].astype(np.float32)


def layer_files(folder):
    """{name: ONNX file} of one layer: in f32, and what the peer runs: MatMulNBits by block and accuracy level, dynamic int8."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["f32", *((block, level) for block in (32, 128) for level in (0, 4)), *["int8"] * common.has_onnxruntime()]
    files = {name: folder / f"{'-'.join(map(str, name)) if isinstance(name, tuple) else name}.onnx" for name in names}
    if all(path.exists() for path in files.values()):
        return files
    weights = np.random.default_rng(0).standard_normal((K, N), np.float32) * np.float32(0.02)
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="layer")
    onnx.save(layer_model([node], [numpy_helper.from_array(weights, "w")]), files["f32"])
    for block in (32, 128):
        codes, scales = quantize_blocks(weights, block)
        tensors = [numpy_helper.from_array(codes, "codes"), numpy_helper.from_array(scales.reshape(-1), "scales")]
        for level in (0, 4):
            node = helper.make_node("MatMulNBits", ["x", "codes", "scales"], ["y"], domain="com.microsoft", K=K, N=N, bits=4,
                                    block_size=block, accuracy_level=level)
            onnx.save(layer_model([node], tensors), files[(block, level)])
    if "int8" in files:
        from onnxruntime.quantization import quantize_dynamic

        quantize_dynamic(files["f32"], files["int8"], per_channel=True)
    return files


def check(expected, found, bound):
    """Random weights in few bits are some way from the result in f32, nothing else is further."""
    difference = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert difference < bound, f"differs by {difference:.3f} of the norm"


def measure_layer(options, ceilings, figures):
    """Each of our recipes against the peers' graphs of the same weights; of several the fastest counts."""
    from qopt_runtime import Model

    files = layer_files(options.work / "layer")
    weights = numpy_helper.to_array(onnx.load(files["f32"]).graph.initializer[0])
    pairs = [(f"layer int4 block {block}", f"int4-g{block}", "ONNX Runtime int4", [(block, 0), (block, 4)]) for block in (32, 128)]
    pairs.append(("layer int8", "int8", "ONNX Runtime int8", ["int8"]))
    for what, recipe, against, peers in pairs:
        peers = peers if common.has_onnxruntime() else []
        path, _ = common.compile_model(files["f32"], FOLDER / f"{recipe}.yaml", "host", options.work, f"layer-{recipe}")
        model = Model(path)
        for threads in options.threads:
            own, others = model.session(threads=threads), [common.onnxruntime_session(files[peer], threads) for peer in peers]
            for rows in ROWS:
                inputs = {"x": np.random.default_rng(1).standard_normal((rows, K), np.float32)}
                outputs = [{"y": np.zeros((rows, N), np.float32)} for _ in range(1 + len(peers))]
                runners = [own_runner(own, inputs, outputs[0]), *map(peer_runner, others, [inputs] * len(peers), outputs[1:])]
                first, *rest = medians(runners, options.runs)
                expected = inputs["x"] @ weights
                for output in outputs:
                    check(expected, output["y"], 0.2)
                operations = 2 * K * N * rows / 1e9
                figures.add(f"{what}, {rows} row{'s' * (rows > 1)}", against, threads, operations / first,
                            operations / min(rest) if rest else None, "GOP/s")
        figures.note(path, model)
        print(f"{what}: done", flush=True)


def measure_encoder(options, ceilings, figures):
    """MiniLM, both of ours and both of ONNX Runtime's in turn."""
    from qopt_runtime import Model

    length, path, quantized = 128, common.test_model("minilm-l6"), options.work / "minilm-l6-int8.onnx"
    peers = (quantized, path) if common.has_onnxruntime() else ()
    if peers and not quantized.exists():
        from onnxruntime.quantization import quantize_dynamic

        quantize_dynamic(path, quantized)
    artifacts = [common.compile_model(path, recipe, "host", options.work)[0] for recipe in ("w8a8", "f32")]
    models = [*map(Model, artifacts)]
    random = np.random.default_rng(0)
    for threads in options.threads:
        sessions = [model.session(threads=threads) for model in models]
        others = [common.onnxruntime_session(file, threads) for file in peers]
        for batch in (1, 32):
            ones = np.ones((batch, length), np.int64)
            inputs = {"input_ids": random.integers(0, 30522, ones.shape), "attention_mask": ones, "token_type_ids": 0 * ones}
            outputs = [{"last_hidden_state": np.zeros((*ones.shape, 384), np.float32)} for _ in range(2 + len(peers))]
            times = medians([*map(own_runner, sessions, [inputs] * 2, outputs[:2]), *map(peer_runner, others, [inputs] * 2, outputs[2:])],
                            options.runs)
            for output, bound in zip(outputs, (0.2, 1e-4, 0.5, 1e-4)):  # the last of both is f32
                check(outputs[-1]["last_hidden_state"], output["last_hidden_state"], bound)
            int8, f32, *rest = (batch / seconds for seconds in times)
            for name, own, against, other in (("w8a8", int8, "ONNX Runtime", max(rest, default=None)),
                                              ("f32", f32, "ONNX Runtime fp32", rest[1] if rest else None)):
                figures.add(f"MiniLM {name}, batch {batch}", against, threads, own, other, "texts/s")
    for each in zip(artifacts, models):
        figures.note(*each)


def measure_float(options, ceilings, figures):
    """The 1B decoder in f32, logits of all positions."""
    from bench_llama import prefill
    from qopt_runtime import Model

    path = common.llama_1b(LAYERS)
    artifact, _ = common.compile_model(path, "f32", "host", options.work, "llama-f32")
    model = Model(artifact)
    for threads in options.threads:
        row = prefill(model, path, 512, threads, 0, options.runs)
        figures.add("prefill f32, all logits", "ONNX Runtime fp32", threads, row["qopt_tokens_per_s"], row.get("onnxruntime_tokens_per_s"),
                    "tokens/s")
    figures.note(artifact, model)
