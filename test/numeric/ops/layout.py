"""Operators that move elements or make them from nothing."""

import numpy as np
import onnx.helper
import onnx.numpy_helper
from cases import FIRST, Const, ints

FAR = 2**63 - 1


def tensor(values, dtype):
    return onnx.numpy_helper.from_array(np.array(values, dtype))


def movement(c):
    # The versions in between add types that are not here.
    some = ["int64", "bool", "float16"]
    every = some + ["float64", "int32", "int16", "int8", "uint8", "uint16", "uint64"]
    for dtype in ["float32"] + (every if c.opset in (FIRST, 25) else some):
        x = c.make((2, 3, 4), dtype)
        c.add("Transpose", x, perm=[1, 0, 2])
        c.add("Concat", x, c.make((2, 1, 4), dtype), axis=1)
        c.add("Expand", c.make((3, 1), dtype), ints(2, 3, 4))
        c.add("Gather", x, Const(np.array([[0, 2], [1, 1]], np.int64)), axis=1)
        if dtype in ("float32", "bool"):
            c.add("Identity", x)
            c.add("Reshape", x, ints(4, -1))
            c.add("Transpose", x)
        if dtype == "float32" or (dtype == "bool" and c.has("Flatten", 9)):
            c.add("Flatten", x, axis=1)


def shapes(c):
    x = c.make((2, 3, 4))
    c.add("Flatten", x, axis=0)
    c.add("Flatten", x, axis=3)
    c.add("Flatten", c.make((0, 3, 4)), axis=1, dims={0: [1, None, None]})
    c.add("Flatten", c.make((0, 3, 4)), axis=2)
    if c.has("Flatten", 11):
        c.add("Flatten", x, axis=-1)
        c.add("Flatten", x, axis=-3)
    c.add("Reshape", x, ints(0, 12))
    c.add("Reshape", c.make((5, 6)), ints(0, 2, 3), dims={0: [1, None]})
    c.add("Reshape", c.make((5, 6)), ints(-1, 2, 3), dims={0: [1, None]})
    c.add("Reshape", c.make((1, 1)), ints())
    c.add("Reshape", c.make(()), ints(1, -1))
    c.add("Reshape", c.make((0, 6)), ints(0, 2, 3), dims={0: [1, None]})
    if c.has("Reshape", 14):
        c.add("Reshape", c.make((0, 3)), ints(3, 0), allowzero=1)
    for op in ["Squeeze", "Unsqueeze"]:
        data = c.make((1, 3, 1, 4))
        for axes in [[0], [0, 2]] + ([[-2]] if c.has(op, 11) else []):
            if c.has(op, 13):
                c.add(op, data, ints(*axes))
            else:
                c.add(op, data, axes=axes)
    c.add("Squeeze", c.make((1, 3, 1)))
    c.add("Squeeze", c.make((1, 1)))
    if c.has("Unsqueeze", 13):
        c.add("Unsqueeze", c.make(()), ints(0, 1))
        c.add("Unsqueeze", c.make((5, 3)), ints(-1, 0), dims={0: [1, 1]})
    else:
        c.add("Unsqueeze", c.make(()), axes=[0, 1])
    c.add("Shape", c.make((2, 3)))
    c.add("Shape", c.make((5, 3)), dims={0: [1, None]})
    c.add("Shape", c.make((0, 3)), dims={0: [1, None]})
    c.add("Shape", c.make(()))
    if c.has("Shape", 15):
        c.add("Shape", c.make((2, 3, 4)), start=1, end=-1)
        c.add("Shape", c.make((2, 3, 4)), start=-2)
        c.add("Shape", c.make((2, 3, 4)), start=2, end=1)
        c.add("Shape", c.make((2, 3, 4)), start=-9, end=9)


def placement(c):
    c.add("Transpose", c.make((5, 33)), dims={0: [1, 1]})
    c.add("Transpose", c.make((2, 5, 3, 8)), perm=[0, 2, 1, 3], dims={0: [1, 1, None, None]})
    c.add("Transpose", c.make((2, 0, 3)), dims={0: [1, 1, 1]})
    c.add("Transpose", c.make(()))
    c.add("Concat", c.make((3, 5)), c.make((3, 40)), c.make((3, 1)), axis=1)
    c.add("Concat", c.make((3, 5)), c.make((2, 5)), axis=0, dims={0: [1, 1], 1: [1, 1]})
    c.add("Concat", c.make((2, 0, 4)), c.make((2, 3, 4)), axis=1, dims={0: [1, 1, None], 1: [1, 1, None]})
    c.add("Concat", c.make((2, 0)), c.make((2, 3)), c.make((2, 0)), axis=1)
    c.add("Concat", c.make((0, 2)), c.make((0, 2)), axis=0)
    c.add("Concat", c.make((3,)), axis=0)
    if c.has("Concat", 11):
        c.add("Concat", c.make((3, 5)), c.make((3, 2)), axis=-1)
        c.add("Concat", c.make((3, 5)), c.make((3, 5)), axis=-2)
    c.add("Expand", c.make((5, 1)), ints(1, 7), dims={0: [1, None]})
    c.add("Expand", c.make((3,)), ints(2, 1))
    c.add("Expand", c.make(()), ints(2, 3))
    c.add("Expand", c.make((3, 4)), ints())
    c.add("Expand", c.make((3, 1)), ints(3, 0))
    c.add("Expand", c.make((0, 1)), ints(1, 4), dims={0: [1, None]})


def makers(c):
    c.add("ConstantOfShape", ints(2, 3))
    c.add("ConstantOfShape", ints())
    c.add("ConstantOfShape", ints(0, 3))
    for dtype in ["int64", "int32", "bool", "float32", "float64", "float16", "uint8"]:
        c.add("ConstantOfShape", ints(4), value=tensor([1], dtype))
    more = ["int64", "bool", "uint8"] if c.has("Constant", 9) else []
    for dtype in ["float32", "float64", "float16"] + more:
        c.add("Constant", value=tensor([[1, 0, 1]], dtype))
    c.add("Constant", value=tensor(2.5, "float32"))
    c.add("Constant", value=tensor(c.make((9, 9)), "float32"))
    c.add("Constant", value=tensor(np.zeros((0, 2)), "float32"))
    if c.has("Constant", 12):
        c.add("Constant", value_int=-3)
        c.add("Constant", value_ints=[1, -2])
        c.add("Constant", value_float=0.5)
        c.add("Constant", value_floats=[0.5, -np.inf])
    for dtype in ["int64", "int32", "int16", "float32", "float64"]:
        for bounds in [(1, 10, 3), (10, 0, -2), (3, 3, 1), (5, 1, 1)]:
            c.add("Range", *[Const(np.array(v, dtype)) for v in bounds])
    for bounds in [(0.5, 3, 0.4), (1, -1, -0.3)]:
        c.add("Range", *[Const(np.array(v, np.float32)) for v in bounds])


def slices(c):
    x = c.make((6, 9, 5))
    if c.has("Slice", 10):
        for starts, ends, axes, steps in [
            ([1, 2], [4, 100], [0, 1], None),
            ([-3], [-1], [1], None),
            ([0, 7], [6, 1], [0, 1], [2, -2]),
            ([-1], [-100], [2], [-1]),
            ([FAR], [-FAR - 1], [0], [-2]),
            ([0, -4], [FAR, FAR], [-1, -2], None),
            ([8], [2], [1], None),
            ([6], [FAR], [0], None),
            ([1, 2, 0], [5, 8, 3], None, None),
            ([-100, 1], [3, 9], [0, 1], [1, 100]),
        ]:
            inputs = [ints(*starts), ints(*ends)]
            if axes is not None or steps is not None:
                inputs.append(ints(*axes))
            if steps is not None:
                inputs.append(ints(*steps))
            c.add("Slice", x, *inputs)
        c.add("Slice", x, *[Const(np.array([v], np.int32)) for v in (1, 4, -2)])
        for dtype in ["float32", "bool", "int64", "float16"]:
            c.add("Slice", c.make((5, 33), dtype), ints(1), ints(4), ints(1), dims={0: [1, None]})
        # Sizes that are known when it runs; starts beyond them are at their end.
        c.add("Slice", c.make((5, 7)), ints(-3), ints(FAR), ints(0), dims={0: [1, None]})
        c.add("Slice", c.make((0, 5)), ints(0), ints(FAR), ints(0), dims={0: [1, None]})
        c.add("Slice", c.make((2, 5)), ints(1), ints(-1), ints(0), dims={0: [1, None]})
        c.add("Slice", c.make((5, 7)), ints(FAR), ints(-FAR - 1), ints(0), ints(-1), dims={0: [1, None]})
    else:
        c.add("Slice", x, starts=[1, 2], ends=[4, 100], axes=[0, 1])
        c.add("Slice", x, starts=[-3], ends=[-1], axes=[1])
        c.add("Slice", x, starts=[0, 1, 2], ends=[2, 3, 4])
        c.add("Slice", x, starts=[8], ends=[2], axes=[1])
        c.add("Slice", c.make((5, 7)), starts=[-3], ends=[FAR], axes=[0], dims={0: [1, None]})
    for dtype in ["float32", "int64", "bool"]:
        y = c.make((4, 9), dtype)
        if c.has("Split", 13):
            c.add("Split", y, ints(2, 7), axis=1, outputs=2)
            c.add("Split", y, ints(2, 0, 7), axis=-1, outputs=3)
        else:
            c.add("Split", y, split=[2, 7], axis=1, outputs=2)
    if c.has("Split", 18):
        c.add("Split", c.make((4, 9)), axis=1, num_outputs=2, outputs=2)
    else:
        c.add("Split", c.make((4, 9)), axis=0, outputs=2)


def gathers(c):
    c.add("Gather", c.make((6, 9)), c.make((4,), "int64", 0, 5))
    c.add("Gather", c.make((6, 9)), c.make((4, 2), "int32", 0, 5), dims={1: [1, 1]})
    c.add("Gather", c.make((6, 9)), np.array(3, np.int64), axis=0)
    c.add("Gather", c.make((6,)), np.array(3, np.int64))
    c.add("Gather", c.make((6, 90)), c.make((33,), "int64", 0, 89), axis=1)
    c.add("Gather", c.make((6, 9)), c.make((0, 2), "int64"), axis=1, dims={1: [1, None]})
    c.add("Gather", c.make((0, 9)), c.make((0,), "int64"), axis=0)
    if c.has("Gather", 11):
        c.add("Gather", c.make((6, 9)), c.make((4,), "int64", -9, 8), axis=-1)
        c.add("Gather", c.make((6, 9)), c.make((4,), "int32", -6, 5), axis=-2)
        c.add("Gather", c.make((5, 3)), Const(np.array(-1, np.int64)), axis=1, dims={0: [1, 1]})
    data = c.make((3, 4, 5))
    c.add("GatherND", data, np.array([[0, 1], [2, 3]], np.int64))
    c.add("GatherND", data, np.array([[[0, 1, 4]], [[-1, -2, -3]]], np.int64))
    c.add("GatherND", data, np.array([1, 2], np.int64))
    c.add("GatherND", c.make((3, 4, 5), "bool"), c.make((5, 1), "int64", 0, 2), dims={1: [1, None]})
    c.add("GatherND", data, c.make((0, 2), "int64"), dims={1: [1, None]})
    if c.has("GatherND", 12):
        c.add("GatherND", data, c.make((3, 2, 1), "int64", 0, 3), batch_dims=1)
        c.add("GatherND", c.make((3, 4, 5), "float16"), c.make((3, 4, 1), "int64", -5, 4), batch_dims=2)


LAYOUT = [movement, shapes, placement, makers, slices, gathers]
