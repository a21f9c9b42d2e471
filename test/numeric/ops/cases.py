"""The cases of run_ops.py: for each operator and opset the nodes that are tried.

A case is one node. Its inputs are arrays; `Const` ones are initializers. `dims`
marks sizes that the model leaves open: {input: [1 or None, ...]}; equal sizes
share a symbol there.
"""

from dataclasses import dataclass, field

import numpy as np

FLOATS = ["float32", "float64"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64"]


@dataclass
class Const:
    value: np.ndarray


@dataclass
class Case:
    op: str
    inputs: list
    attributes: dict = field(default_factory=dict)
    outputs: int = 1
    dims: dict = field(default_factory=dict)
    tolerance: float = 2e-6  # relative to the largest expected value
    note: str = ""


class Cases:
    """Collects the cases of one opset; `since` tells the schema's version."""

    def __init__(self, opset, since):
        self.opset = opset
        self.since = since
        self.random = np.random.default_rng(opset)
        self.all = []

    def has(self, op, version):
        return self.since.get(op, 99) >= version

    def make(self, shape, dtype="float32", low=-3, high=3):
        if dtype == "bool":
            return self.random.random(shape) < 0.5
        if dtype.startswith("float"):
            return np.asarray(self.random.uniform(low, high, shape), dtype=dtype)
        low = max(low, 0) if dtype.startswith("u") else low
        return np.asarray(self.random.integers(low, high + 1, shape), dtype=dtype)

    def add(self, op, *inputs, outputs=1, dims=None, tolerance=2e-6, **attributes):
        if op in self.since:
            self.all.append(Case(op, list(inputs), attributes, outputs, dims or {}, tolerance))


def ints(*values):
    return Const(np.array(values, dtype=np.int64))


def elementwise(c):
    new_types = ["float32", "float64", "int32", "int64", "uint32", "uint64"]
    wide_types = new_types + ["int8", "uint8", "int16", "uint16"]
    for op in ["Add", "Sub", "Mul", "Div"]:
        types = wide_types if c.has(op, 14) else new_types
        for dtype in types:
            b = c.make((3, 1, 5), dtype, 1, 4)
            if op == "Sub" and dtype.startswith("u"):
                c.add(op, c.make((2, 1, 4, 5), dtype, 5, 9), b)
            else:
                c.add(op, c.make((2, 1, 4, 5), dtype), b)
        c.add(op, c.make(()), c.make((7,), low=1))
        c.add(op, c.make((0, 3)), c.make((3,), low=1))
        c.add(op, c.make((4, 33)), c.make((33,), low=1), dims={0: [1, 1], 1: [1]})
    c.add("Div", np.array([-7, 7, -8, 5], dtype=np.int32), np.array([2, -2, 3, -1], dtype=np.int32))
    x = c.make((3, 17), low=0.1)
    c.add("Pow", x, c.make((17,)))
    c.add("Pow", c.make((3, 17)), Const(np.float32(2)))
    c.add("Pow", x, Const(np.float32(0.5)))
    c.add("Pow", c.make((5,)), np.array([2, 3, -1, 0, 1], dtype=np.float32))
    if c.has("Pow", 12):
        c.add("Pow", x, np.array(3, dtype=np.int64))
        c.add("Pow", c.make((9,), "int32", 1, 5), c.make((9,), "int32", 0, 6))
        c.add("Pow", np.array([1, 2, 3], dtype=np.int64), np.array([4, 5, 6], dtype=np.float32))
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-30, 88, -88, 104], dtype=np.float32)
    for op in ["Exp", "Erf", "Sigmoid", "Tanh", "Abs", "Neg", "Floor", "Ceil"]:
        c.add(op, c.make((2, 33), low=-6, high=6))
        c.add(op, special, tolerance=1e-6)
    c.add("Exp", c.make((5, 17)), dims={0: [1, 1]})
    for op in ["Sin", "Cos"]:
        c.add(op, c.make((40,), low=-100, high=100))
        c.add(op, c.make((3,), low=-90000, high=90000))
    for op in ["Sqrt", "Reciprocal"]:
        for dtype in FLOATS:
            c.add(op, c.make((41,), dtype, 0.01, 9))
    for dtype in ["int32", "int64", "int8"]:
        c.add("Abs", c.make((13,), dtype, -9, 9))
        c.add("Neg", c.make((13,), dtype, -9, 9))
    c.add("Abs", c.make((13,), "uint8", 0, 200))
    for op in ["Max", "Min"]:
        c.add(op, c.make((3, 5)), c.make((3, 5)), c.make((3, 5)))
        c.add(op, c.make((3, 5), "float64"))
        if c.has(op, 8):
            c.add(op, c.make((3, 5)), c.make((5,)))
        if c.has(op, 12):
            for dtype in ["int32", "int64", "int8", "uint8"]:
                c.add(op, c.make((17,), dtype), c.make((17,), dtype))
            c.add(op, special, special[::-1].copy())


def logic(c):
    a, b = c.make((3, 17), "bool"), c.make((17,), "bool")
    for op in ["And", "Or", "Xor"]:
        c.add(op, a, b)
        c.add(op, a, b, dims={0: [1, 1], 1: [1]})
    c.add("Not", a)
    c.add("Equal", a, b)
    for dtype in ["int32", "int64"]:
        c.add("Equal", c.make((40,), dtype), c.make((40,), dtype))
    if c.has("Equal", 11):
        c.add("Equal", np.array([1, 2, np.nan], np.float32), np.array([1, 3, np.nan], np.float32))
        c.add("Equal", c.make((20,), "uint8"), c.make((20,), "uint8"))
    for op in ["Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        for dtype in FLOATS + (["int32", "int64", "uint8", "int8"] if c.has(op, 9) else []):
            c.add(op, c.make((3, 17), dtype), c.make((17,), dtype))
        c.add(op, np.array([1, 2, np.nan], np.float32), np.array([1, 3, np.nan], np.float32))
    for dtype in FLOATS + ["int64", "int32", "uint8", "bool"]:
        c.add("Where", c.make((3, 1), "bool"), c.make((1, 17), dtype), c.make((3, 17), dtype))
    c.add("Where", c.make((3, 7), "bool"), c.make((3, 7)), Const(np.float32(-np.inf)), dims={0: [1, 1], 1: [1, 1]})
    for dtype in FLOATS:
        c.add("IsNaN", np.array([0, np.nan, np.inf, -np.inf, 1], dtype))


def casts(c):
    numbers = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9,
               "float16": 10, "float64": 11, "uint32": 12, "uint64": 13}
    few = ["float32", "float16", "int64", "uint8", "bool"]
    kinds = list(numbers) if c.opset in (9, 28) else few
    for source in kinds:
        for target in kinds:
            low = 0 if target.startswith("u") or source.startswith("u") else -100
            data = c.make((19,), source, low, 100) if source != "bool" else c.make((19,), "bool")
            c.add("Cast", data, to=numbers[target], tolerance=1e-3 if target == "float16" else 1e-7)
    c.add("Cast", np.array([0, 0.4, -0.3, np.nan, 2.9, -2.9], np.float32), to=9)
    c.add("Cast", np.array([0, 0.4, -0.3, 2.9, -2.9], np.float32), to=7)
    c.add("Cast", c.make((5, 7), "int64"), to=1, dims={0: [1, 1]})


def movement(c):
    for dtype in ["float32", "float64", "int64", "int32", "int8", "uint8", "bool"]:
        x = c.make((2, 3, 4), dtype)
        c.add("Identity", x)
        c.add("Flatten", x, axis=1) if dtype in FLOATS or c.has("Flatten", 9) else None
        c.add("Reshape", x, ints(4, -1))
        c.add("Transpose", x)
        c.add("Transpose", x, perm=[1, 0, 2])
        c.add("Concat", x, c.make((2, 1, 4), dtype), axis=1)
        if c.has("Expand", 1):
            c.add("Expand", c.make((3, 1), dtype), ints(2, 3, 4))
        c.add("Gather", x, Const(np.array([[0, 2], [1, 1]], np.int64)), axis=1)
    x = c.make((2, 3, 4))
    c.add("Flatten", x, axis=0)
    c.add("Flatten", x, axis=3)
    if c.has("Flatten", 11):
        c.add("Flatten", x, axis=-1)
    c.add("Reshape", x, ints(0, 12))
    c.add("Reshape", c.make((5, 6)), ints(0, 2, 3), dims={0: [1, None]})
    if c.has("Reshape", 14):
        c.add("Reshape", c.make((0, 3)), ints(3, 0), allowzero=1)
    c.add("Transpose", c.make((5, 33)), dims={0: [1, 1]})
    c.add("Transpose", c.make((2, 5, 3, 8)), perm=[0, 2, 1, 3], dims={0: [1, 1, None, None]})
    c.add("Concat", c.make((3, 5)), c.make((3, 40)), c.make((3, 1)), axis=1)
    c.add("Concat", c.make((3, 5)), c.make((2, 5)), axis=0, dims={0: [1, 1], 1: [1, 1]})
    if c.has("Concat", 11):
        c.add("Concat", c.make((3, 5)), c.make((3, 2)), axis=-1)
    for op in ["Squeeze", "Unsqueeze"]:
        data = c.make((1, 3, 1, 4))
        for axes in [[0], [0, 2]]:
            if c.has(op, 13):
                c.add(op, data, ints(*axes))
            else:
                c.add(op, data, axes=axes)
    c.add("Squeeze", c.make((1, 3, 1)))
    if c.has("Expand", 1):
        c.add("Expand", c.make((5, 1)), ints(1, 7), dims={0: [1, None]})
        c.add("Expand", c.make((3,)), ints(2, 1))
    if c.has("ConstantOfShape", 1):
        import onnx

        c.add("ConstantOfShape", ints(2, 3))
        for dtype in ["int64", "bool", "float32", "uint8"]:
            value = onnx.numpy_helper.from_array(np.array([1], dtype))
            c.add("ConstantOfShape", ints(4), value=value)
    for dtype in ["int64", "int32", "float32", "float64"]:
        values = [np.array(v, dtype) for v in (1, 10, 3)]
        c.add("Range", *[Const(v) for v in values])
    c.add("Range", *[Const(np.array(v, np.int64)) for v in (10, 0, -2)])
    c.add("Shape", c.make((2, 3)))
    c.add("Shape", c.make((5, 3)), dims={0: [1, None]})
    if c.has("Shape", 15):
        c.add("Shape", c.make((2, 3, 4)), start=1, end=-1)


def slices(c):
    x = c.make((6, 9, 5))
    if c.has("Slice", 10):
        for starts, ends, axes, steps in [
            ([1, 2], [4, 100], [0, 1], None),
            ([-3], [-1], [1], None),
            ([0, 7], [6, 1], [0, 1], [2, -2]),
            ([-1], [-100], [2], [-1]),
            ([8], [2], [1], None),
            ([1, 2, 0], [5, 8, 3], None, None),
        ]:
            inputs = [ints(*starts), ints(*ends)]
            if axes is not None or steps is not None:
                inputs.append(ints(*axes))
            if steps is not None:
                inputs.append(ints(*steps))
            c.add("Slice", x, *inputs)
        c.add("Slice", c.make((7, 33)), ints(1), ints(4), ints(1), dims={0: [1, None]})
        c.add("Slice", c.make((7, 33), "bool"), ints(1), ints(4), ints(1))
    else:
        c.add("Slice", x, starts=[1, 2], ends=[4, 100], axes=[0, 1])
        c.add("Slice", x, starts=[-3], ends=[-1], axes=[1])
        c.add("Slice", x, starts=[0, 1, 2], ends=[2, 3, 4])
    for dtype in ["float32", "int64", "bool"]:
        y = c.make((4, 9), dtype)
        if c.has("Split", 13):
            c.add("Split", y, ints(2, 7), axis=1, outputs=2)
        else:
            c.add("Split", y, split=[2, 7], axis=1, outputs=2)
    if c.has("Split", 18):
        c.add("Split", c.make((4, 9)), axis=1, num_outputs=2, outputs=2)
    else:
        c.add("Split", c.make((4, 9)), axis=0, outputs=2)
    c.add("Gather", c.make((6, 9)), c.make((4,), "int64", 0, 5))
    c.add("Gather", c.make((6, 9)), c.make((4, 2), "int32", 0, 5), dims={1: [1, 1]})
    c.add("Gather", c.make((6, 9)), np.array(3, np.int64), axis=0)
    c.add("Gather", c.make((6, 90)), c.make((33,), "int64", 0, 89), axis=1)
    if c.has("Gather", 11):
        c.add("Gather", c.make((6, 9)), c.make((4,), "int64", -9, 8), axis=-1)
    data = c.make((3, 4, 5))
    c.add("GatherND", data, np.array([[0, 1], [2, 3]], np.int64))
    c.add("GatherND", data, np.array([[[0, 1, 4]], [[-1, -2, -3]]], np.int64))
    c.add("GatherND", c.make((3, 4, 5), "bool"), c.make((7, 1), "int64", 0, 2), dims={1: [1, None]})
    if c.has("GatherND", 12):
        c.add("GatherND", data, c.make((3, 2, 1), "int64", 0, 3), batch_dims=1)


def reductions(c):
    for op in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"]:
        as_input = c.has(op, 13 if op == "ReduceSum" else 18)
        types = ["float32", "float64", "int32", "int64"] if op != "ReduceMean" else FLOATS
        if op in ("ReduceMax", "ReduceMin"):
            types += ["int8", "uint8"] if c.has(op, 12) else []
            types += ["bool"] if c.has(op, 20) else []
        for dtype in types:
            x = c.make((3, 5, 20), dtype)
            for axes, keep in [([1], 1), ([0, 2], 0), ([2], 1), (None, 1), (None, 0)]:
                if axes is None:
                    c.add(op, x, keepdims=keep)
                elif as_input:
                    c.add(op, x, ints(*axes), keepdims=keep)
                else:
                    c.add(op, x, axes=axes, keepdims=keep)
        if c.has(op, 11):
            axes = {"axes": [-1]} if not as_input else {}
            c.add(op, c.make((4, 33)), *([ints(-1)] if as_input else []), dims={0: [1, 1]}, **axes)
        if as_input:
            c.add(op, c.make((3, 4)), ints(), noop_with_empty_axes=1)
    for shape, axis in [((3, 17), 1), ((2, 3, 40), 1), ((2, 3, 4), 2), ((5, 130), 1)]:
        c.add("Softmax", c.make(shape, low=-9, high=9), axis=axis, tolerance=1e-6)
    c.add("Softmax", c.make((3, 4, 5)), tolerance=1e-6)
    c.add("Softmax", c.make((4, 33)), axis=1, dims={0: [1, 1]}, tolerance=1e-6)
    if c.has("Softmax", 11):
        c.add("Softmax", c.make((3, 4, 5)), axis=-1, tolerance=1e-6)


def products(c):
    for a, b in [((4, 7), (7, 9)), ((2, 3, 4, 5), (2, 3, 5, 33)), ((3, 4, 5), (5, 6)), ((5,), (5, 6)), ((4, 5), (5,)),
                 ((5,), (5,)), ((2, 1, 4, 5), (3, 5, 6)), ((1, 40), (40, 70)), ((6, 64), (64, 64))]:
        c.add("MatMul", c.make(a), c.make(b), tolerance=3e-6)
    c.add("MatMul", c.make((4, 5), "float64"), c.make((5, 6), "float64"))
    c.add("MatMul", c.make((2, 7, 5)), c.make((2, 5, 17)), dims={0: [1, 1, 1], 1: [1, 1, 1]}, tolerance=3e-6)
    if c.has("MatMul", 9):
        for dtype in ["int32", "int64", "uint32"]:
            c.add("MatMul", c.make((4, 5), dtype), c.make((5, 6), dtype))
    a, b = c.make((4, 7)), c.make((7, 9))
    c.add("Gemm", a, b, c.make((9,)), tolerance=3e-6)
    c.add("Gemm", a, b, c.make((4, 1)), alpha=0.5, beta=2.0, tolerance=3e-6)
    c.add("Gemm", c.make((7, 4)), c.make((9, 7)), c.make((4, 9)), transA=1, transB=1, tolerance=3e-6)
    c.add("Gemm", c.make((4, 7)), c.make((9, 7)), c.make(()), transB=1, dims={0: [1, None]}, tolerance=3e-6)
    if c.has("Gemm", 11):
        c.add("Gemm", a, b, alpha=1.5, tolerance=3e-6)


def normalization(c):
    x = c.make((2, 3, 40))
    c.add("LayerNormalization", x, c.make((40,)), c.make((40,)), tolerance=5e-6)
    c.add("LayerNormalization", x, c.make((40,)), epsilon=1e-2, tolerance=5e-6)
    c.add("LayerNormalization", x, c.make((3, 40)), c.make((3, 40)), axis=1, outputs=3, tolerance=5e-6)
    c.add("LayerNormalization", c.make((3, 17)), c.make((17,)), c.make((17,)), dims={0: [1, None]}, tolerance=5e-6)
    c.add("RMSNormalization", x, c.make((40,)), tolerance=5e-6)
    c.add("RMSNormalization", x, c.make((3, 40)), axis=1, epsilon=1e-3, tolerance=5e-6)
    angles = c.make((50, 4))
    table = (np.cos(angles), np.sin(angles))
    ids = c.make((2, 5), "int64", 0, 49)
    x3, x4 = c.make((2, 5, 24)), c.make((2, 3, 5, 8))
    for interleaved in (0, 1):
        c.add("RotaryEmbedding", x4, *table, ids, interleaved=interleaved)
        c.add("RotaryEmbedding", x3, *table, ids, num_heads=3, interleaved=interleaved)
        c.add("RotaryEmbedding", c.make((2, 5, 30)), *table, ids, num_heads=3, rotary_embedding_dim=8, interleaved=interleaved)
    c.add("RotaryEmbedding", x4, table[0][ids], table[1][ids])


def attention(c):
    if "Attention" not in c.since:
        return
    q, k, v = c.make((2, 4, 5, 8)), c.make((2, 2, 7, 8)), c.make((2, 2, 7, 6))
    near = dict(tolerance=5e-6)
    c.add("Attention", q, c.make((2, 4, 7, 8)), c.make((2, 4, 7, 6)), **near)
    c.add("Attention", q, k, v, is_causal=1, **near)
    c.add("Attention", q, k, v, c.make((5, 7), "bool"), **near)
    c.add("Attention", q, k, v, c.make((2, 1, 5, 7)), scale=0.3, softcap=2.0, **near)
    c.add("Attention", q, k, v, Const(np.array([[False] * 7] + [[True] * 7] * 4)), **near)
    past = [c.make((2, 2, 3, 8)), c.make((2, 2, 3, 6))]
    c.add("Attention", q, k, v, None, *past, is_causal=1, outputs=3, **near)
    for mode in range(4):
        c.add("Attention", q, k, v, c.make((5, 10)), *past, qk_matmul_output_mode=mode, outputs=4, **near)
    flat = [c.make((2, 5, 32)), c.make((2, 7, 16)), c.make((2, 7, 12))]
    c.add("Attention", *flat, q_num_heads=4, kv_num_heads=2, **near)
    if c.has("Attention", 24):
        c.add("Attention", q, k, v, None, None, None, np.array([7, 5], np.int64), is_causal=1, **near)
    if c.has("Attention", 25):
        c.add("Attention", q, k, v, left_window_size=2, right_window_size=1, **near)


GROUPS = [elementwise, logic, casts, movement, slices, reductions, products, normalization, attention]
