"""Writes a decoder of the size of Llama 3.2 1B with random weights, as torch.onnx (dynamo, opset 18) would.

    make_llama_1b.py OUT [--layers 16] [--seed 0] [--template dynamo-opset18/model.onnx]

The graph is that of the test model dynamo-opset18 (made by the tests in $QOPT_CACHE/models): its own nodes, names and
metadata, with other sizes and as many layers as asked for. The weights, N(0, 0.02) in float32, go to
OUT/model.onnx.data: 4.9 GB for 16 layers.
"""

import argparse
import copy
import json
import os
import pathlib
import re
import time

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

HIDDEN, HEADS, KV_HEADS, HEAD, FFN, VOCABULARY, THETA = 2048, 32, 8, 64, 8192, 128256, 5e5
TEMPLATE_LAYERS = 8
# Sizes of the template and what they become: hidden, key/value width, ffn, vocabulary.
SIZES = {256: HIDDEN, 128: KV_HEADS * HEAD, 768: FFN, 4096: VOCABULARY}
HEAD_COUNTS = {4: HEADS, 2: KV_HEADS}
ALIGNMENT = 4096
# The last numbers that the template gives to values of its layers.
LAST_NUMBER = {"val": 1514, "add": 51}


def resize(dims, rank):
    """New sizes for a float value: heads are dimension 1 or 2 of rank 4, and 1 (times 2) of rank 5."""
    if rank == 5:
        return {1: {2: KV_HEADS}, 2: {2: HEADS // KV_HEADS}}
    if rank == 4:
        return {1: HEAD_COUNTS, 2: HEAD_COUNTS}
    return {i: SIZES for i in range(rank)}


def resize_value(value):
    tensor = value.type.tensor_type
    if tensor.elem_type not in (TensorProto.FLOAT, TensorProto.BOOL):
        return
    dims = tensor.shape.dim
    for i, sizes in resize(dims, len(dims)).items():
        if dims[i].HasField("dim_value"):
            dims[i].dim_value = sizes.get(dims[i].dim_value, dims[i].dim_value)


def layer_of(node):
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            found = re.search(r"'m\.model\.layers\.(\d+)", entry.value)
            return int(found.group(1)) if found else None
    return None


class Renamer:
    """The exporter numbers its values: a layer further on, every number has grown by the same step for its prefix."""

    def __init__(self, earlier, later):
        self.steps = {}
        for a, b in zip(earlier, later):
            for x, y in zip([a.name, *a.output], [b.name, *b.output]):
                before, after = self.split(x), self.split(y)
                if before and after and before[0] == after[0]:
                    self.steps[before[0]] = after[1] - before[1]

    @staticmethod
    def split(name):
        found = re.fullmatch(r"(?:node_)?(.*?)_?(\d+)", name)
        # Node names of parts of an aten op are node_<OnnxOp>_<n>, values val_<n>: one counter.
        return found and ("val" if found.group(1)[:1].isupper() else found.group(1), int(found.group(2)))

    def shift(self, name, layers):
        parts = self.split(name)
        if not parts or parts[0] not in self.steps:
            return name
        return name[: len(name) - len(str(parts[1]))] + str(parts[1] + layers * self.steps[parts[0]])


def rename(proto, table):
    for field in (proto.input, proto.output):
        for i, name in enumerate(field):
            field[i] = table.get(name, name)


def build(template, layers):
    """The graph with `layers` layers, all sizes set, and the shapes of its weights."""
    model = copy.deepcopy(template)
    graph = model.graph
    nodes = list(graph.node)
    of_layer = [[n for n in nodes if layer_of(n) == k] for k in range(TEMPLATE_LAYERS)]
    last = max(i for i, n in enumerate(nodes) if layer_of(n) == TEMPLATE_LAYERS - 1)
    tail = nodes[last + 1 :]
    renamer = Renamer(of_layer[6], of_layer[7])
    initializers = {t.name: t for t in graph.initializer}
    values = {v.name: v for v in graph.value_info}
    interface = {v.name: v for v in [*graph.input, *graph.output]}
    made_before = [n for n in nodes if layer_of(n) is None and n not in tail]

    # Values of the whole model that the exporter numbered after the last layer.
    step = layers - TEMPLATE_LAYERS
    late = {name: renamer.shift(name, step) for name in [*initializers, *(n for m in made_before for n in m.output)]
            if (parts := renamer.split(name)) and parts[1] > LAST_NUMBER.get(parts[0], 1 << 60)}
    for node in nodes:
        rename(node, late)
    for old, new in late.items():
        for named in (values, initializers):
            if old in named:
                named[new] = named.pop(old)
                named[new].name = new

    # Name in layer 7 -> name in layer k, for all that belongs to layer 7 and for what it reads of layer 6.
    def table(k):
        own = {name for n in of_layer[7] for name in n.output}
        weights = {name for n in of_layer[7] for name in n.input
                   if name in initializers and numpy_helper.to_array(initializers[name]).size >= 256}
        previous = {name for n in of_layer[6] for name in n.output} & {name for n in of_layer[7] for name in n.input}
        result = {}
        for name in own | weights | previous | {n for n in interface if re.search(r"\.7\.(key|value)$", n)}:
            step = k - 7
            numbered = re.sub(r"\.7\.", f".{k}.", name)
            result[name] = numbered if numbered != name else renamer.shift(name, step)
        return result

    def metadata(entries, k):
        for entry in entries:
            entry.value = entry.value.replace("layers.7", f"layers.{k}").replace("layers_7", f"layers_{k}")

    kept = [n for n in nodes if layer_of(n) is not None and layer_of(n) < min(layers, TEMPLATE_LAYERS)]
    new_nodes = made_before + kept
    new_values, new_initializers = {}, {}
    for k in range(TEMPLATE_LAYERS, layers):
        names = table(k)
        for node in of_layer[7]:
            clone = copy.deepcopy(node)
            rename(clone, names)
            clone.name = "node_" + names[node.output[0]] if node.name == "node_" + node.output[0] else renamer.shift(node.name, k - 7)
            metadata(clone.metadata_props, k)
            new_nodes.append(clone)
        for old, new in names.items():
            for source, target in ((values, new_values), (initializers, new_initializers), (interface, interface)):
                if old in source and new not in source:
                    target[new] = copy.deepcopy(source[old])
                    target[new].name = new
                    if hasattr(target[new], "metadata_props"):
                        metadata(target[new].metadata_props, k)

    # What comes after the last layer reads its result and is numbered on from it.
    moved = {name: renamer.shift(name, step) for n in tail for name in n.output if name not in interface}
    result = of_layer[7][-1].output[0]
    moved[result] = renamer.shift(result, step)
    for node in tail:
        rename(node, moved)
    for node in tail:
        node.name = renamer.shift(node.name, step)
    for old, new in moved.items():
        if old in values:
            new_values[new] = copy.deepcopy(values[old])
            new_values[new].name = new
    initializers.update(new_initializers)
    values.update(new_values)

    del graph.node[:]
    graph.node.extend([*new_nodes, *tail])
    used = {name for n in graph.node for name in [*n.input, *n.output]}
    assert len({name for n in graph.node for name in n.output}) == sum(len(n.output) for n in graph.node)
    names = set()  # nodes that are not numbered by their layer may have got the same name: ONNX Runtime refuses that
    for node in graph.node:
        if node.name in names:
            node.name = f"{node.name}_of_{node.output[0]}"
        names.add(node.name)
    assert len(names) == len(graph.node)
    set_constants(graph, initializers)
    used |= {name for n in graph.node for name in n.input}
    replace(graph.initializer, [t for t in initializers.values() if t.name in used])
    replace(graph.value_info, [v for v in values.values() if v.name in used])
    order = lambda v: [int(p) if p.isdigit() else p for p in v.name.split(".")][1:2]
    for field, start in ((graph.input, "past_key_values."), (graph.output, "present.")):
        plain = [v for v in field if not v.name.startswith(start)]
        kv = sorted((v for v in interface.values() if v.name.startswith(start) and v.name in used), key=order)
        replace(field, plain + kv)
    for value in [*graph.value_info, *graph.input, *graph.output]:
        resize_value(value)
    return model


def replace(field, items):
    items = [copy.deepcopy(item) for item in items]
    del field[:]
    field.extend(items)


def set_constants(graph, initializers):
    """Constants that are sizes: the number of heads, of key/value heads and of queries for each of them."""
    expand = next(n for n in graph.node if n.op_type == "Concat" and list(n.input).count("val_59") == 2)
    for i, (name, value) in enumerate((("val_193", KV_HEADS), ("val_194", HEADS // KV_HEADS))):
        initializers[name] = numpy_helper.from_array(np.array([value], np.int64), name)
        expand.input[1 + i] = name
    initializers["val_199"].CopyFrom(numpy_helper.from_array(np.array([HEADS], np.int64), "val_199"))
    frequencies = (1.0 / THETA ** (np.arange(0, HEAD, 2) / HEAD)).astype(np.float32)
    name = "m.model.rotary_emb.inv_freq"
    initializers[name].CopyFrom(numpy_helper.from_array(frequencies, name))


def write_weights(graph, path, seed):
    """Fills every float tensor of rank 2 and every norm; returns the number of bytes written."""
    random = np.random.Generator(np.random.SFC64(seed))
    offset = 0
    with open(path, "wb", buffering=0) as file:
        for tensor in graph.initializer:
            if tensor.data_type != TensorProto.FLOAT or not (len(tensor.dims) == 2 or "norm" in tensor.name):
                continue
            dims = [SIZES[d] for d in tensor.dims]
            offset = -(-offset // ALIGNMENT) * ALIGNMENT
            file.seek(offset)
            rows = 1 + (1 << 24) // dims[-1]
            for begin in range(0, dims[0], rows if len(dims) == 2 else dims[0]):
                count = min(rows, dims[0] - begin) * dims[1] if len(dims) == 2 else dims[0]
                block = random.standard_normal(count, np.float32)
                block *= np.float32(0.02)
                if len(dims) == 1:
                    block += 1
                file.write(block)
            length = 4 * int(np.prod(dims))
            name, data_type = tensor.name, tensor.data_type
            tensor.Clear()
            tensor.name, tensor.data_type, tensor.data_location = name, data_type, TensorProto.EXTERNAL
            tensor.dims.extend(dims)
            for key, value in (("location", path.name), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            offset += length
    return offset


def main():
    cache = os.environ.get("QOPT_CACHE") or os.path.expanduser("~/.cache/qopt")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--template", default=f"{cache}/models/tinystories-7m/dynamo-opset18/model.onnx")
    options = parser.parse_args()
    begin = time.time()
    options.out.mkdir(parents=True, exist_ok=True)
    model = build(onnx.load(options.template), options.layers)
    size = write_weights(model.graph, options.out / "model.onnx.data", options.seed)
    (options.out / "model.onnx").write_bytes(model.SerializeToString())
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": FFN,
        "num_hidden_layers": options.layers, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5, "rope_theta": THETA,
        "max_position_embeddings": 8192, "hidden_act": "silu", "tie_word_embeddings": True,
    }
    (options.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    print(f"{options.out}: {options.layers} layers, {len(model.graph.node)} nodes, {size / 1e9:.2f} GB, {time.time() - begin:.1f} s")


if __name__ == "__main__":
    main()
