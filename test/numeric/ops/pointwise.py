"""Operators that compute each element on its own."""

import numpy as np
from cases import Const

FLOATS = ["float32", "float64", "float16"]
SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-30, 88, -88, 104], dtype=np.float32)


def arithmetic(c):
    new_types = ["float32", "float64", "float16", "int32", "int64", "uint32", "uint64"]
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
        c.add(op, c.make(()), c.make((), low=1))
        c.add(op, c.make((0, 3)), c.make((3,), low=1))
        c.add(op, c.make((2, 0, 3)), c.make((1, 1)), dims={0: [None, 1, None]})
        c.add(op, c.make((4, 33)), c.make((33,), low=1), dims={0: [1, 1], 1: [1]})
        c.add(op, SPECIAL, SPECIAL[::-1].copy())
        # Beyond 32 bits, where vectors have no instruction to multiply.
        a = c.make((37,), "int64", -(2**40), 2**40)
        c.add(op, a, c.make((37,), "int64", 1, 2**20))
        c.add(op, a, -c.make((37,), "int64", 1, 2**20))
        c.add(op, c.make((37,), "uint64", 2**62, 2**63), c.make((37,), "uint64", 1, 3))
    c.add("Div", np.array([-7, 7, -8, 5], dtype=np.int32), np.array([2, -2, 3, -1], dtype=np.int32))
    c.add("Div", np.array([-7, 7, -8, 5], dtype=np.int64), Const(np.array(2)))


def powers(c):
    x = c.make((3, 17), low=0.1)
    c.add("Pow", x, c.make((17,)))
    c.add("Pow", c.make((3, 17)), Const(np.float32(2)))
    for known in (0.5, -0.5, 3, -1, 0, 2.5):
        c.add("Pow", x, Const(np.float32(known)))
    c.add("Pow", c.make((5,)), np.array([2, 3, -1, 0, 1], dtype=np.float32))
    c.add("Pow", c.make((3, 17), "float16", 0.1), Const(np.float16(2)))
    c.add("Pow", c.make((3, 17), "float64"), Const(np.float64(2)))
    c.add("Pow", c.make(()), c.make((), low=2))
    c.add("Pow", c.make((0, 3)), c.make((3,)))
    if c.has("Pow", 12):
        c.add("Pow", x, np.array(3, dtype=np.int64))
        c.add("Pow", c.make((9,), "int32", 1, 5), c.make((9,), "int32", 0, 6))
        c.add("Pow", c.make((9,), "int64", -9, 9), c.make((9,), "int64", 0, 18))
        c.add("Pow", np.array([1, 2, 3], dtype=np.int64), np.array([4, 5, 6], dtype=np.float32))


def functions(c):
    for op in ["Exp", "Erf", "Sigmoid", "Tanh", "Abs", "Neg", "Floor", "Ceil", "Sqrt", "Reciprocal", "Sin", "Cos"]:
        c.add(op, c.make((2, 33), low=0.1 if op == "Sqrt" else -6, high=6))
        c.add(op, SPECIAL, tolerance=1e-6)
        c.add(op, c.make((), low=0.1))
        c.add(op, c.make((2, 0)), dims={0: [1, 1]})
        c.add(op, c.make((2, 33), "float16", low=0.1))
    c.add("Exp", c.make((5, 33)), dims={0: [1, 1]})
    for op in ["Sin", "Cos"]:
        c.add(op, c.make((40,), low=-100, high=100))
        c.add(op, c.make((3,), low=-90000, high=90000))
    for op in ["Sqrt", "Reciprocal"]:
        c.add(op, c.make((41,), "float64", 0.01, 9))
    for op in ["Abs", "Neg"]:
        for dtype in ["int32", "int64", "int8", "int16"]:
            c.add(op, np.append(c.make((13,), dtype, -9, 9), np.iinfo(dtype).min))
    c.add("Abs", c.make((13,), "uint8", 0, 200))


def extrema(c):
    for op in ["Max", "Min"]:
        c.add(op, c.make((3, 5)), c.make((3, 5)), c.make((3, 5)))
        c.add(op, c.make((3, 5), "float64"))
        c.add(op, c.make((3, 5), "float16"), c.make((3, 5), "float16"))
        c.add(op, SPECIAL, SPECIAL[::-1].copy())
        c.add(op, SPECIAL.astype("float64"), SPECIAL[::-1].astype("float64"))
        c.add(op, c.make(()), c.make(()))
        c.add(op, c.make((0, 5)), c.make((0, 5)))
        if c.has(op, 8):
            c.add(op, c.make((3, 5)), c.make((5,)))
            c.add(op, c.make((3, 5)), c.make(()), c.make((3, 1)))
        if c.has(op, 12):
            for dtype in ["int32", "int64", "int8", "uint8", "int16", "uint16", "uint32", "uint64"]:
                c.add(op, c.make((17,), dtype), c.make((17,), dtype))
            c.add(op, c.make((37,), "uint64", 2**62, 2**63), c.make((37,), "uint64", 1, 2**63))


def logic(c):
    a, b = c.make((3, 33), "bool"), c.make((33,), "bool")
    for op in ["And", "Or", "Xor"]:
        c.add(op, a, b)
        c.add(op, a, b, dims={0: [1, 1], 1: [1]})
        c.add(op, c.make((), "bool"), c.make((), "bool"))
        c.add(op, c.make((0, 33), "bool"), b, dims={0: [1, 1], 1: [1]})
    c.add("Not", a)
    c.add("Equal", a, b)
    for dtype in ["int32", "int64"]:
        c.add("Equal", c.make((40,), dtype), c.make((40,), dtype))
    if c.has("Equal", 11):
        c.add("Equal", np.array([1, 2, np.nan, 0], np.float32), np.array([1, 3, np.nan, -0.0], np.float32))
        for dtype in ["uint8", "int8", "uint64", "float64", "float16"]:
            c.add("Equal", c.make((20,), dtype), c.make((20,), dtype))
    for op in ["Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        for dtype in FLOATS + (["int32", "int64", "uint8", "int8", "uint64"] if c.has(op, 9) else []):
            c.add(op, c.make((3, 17), dtype), c.make((17,), dtype))
        c.add(op, np.array([1, 2, np.nan], np.float32), np.array([1, 3, np.nan], np.float32))
        c.add(op, SPECIAL, SPECIAL[::-1].copy())
        c.add(op, c.make(()), c.make(()))
        if c.has(op, 9):
            c.add(op, np.array([1, 2**63], np.uint64), np.array([2**63, 1], np.uint64))


def selection(c):
    for dtype in FLOATS + ["int64", "int32", "uint8", "bool"]:
        c.add("Where", c.make((3, 1), "bool"), c.make((1, 17), dtype), c.make((3, 17), dtype))
    c.add("Where", c.make((3, 5), "bool"), c.make((3, 5)), Const(np.float32(-np.inf)), dims={0: [1, 1], 1: [1, 1]})
    c.add("Where", c.make((11,), "bool"), SPECIAL, SPECIAL[::-1].copy())
    c.add("Where", c.make((), "bool"), c.make(()), c.make(()))
    c.add("Where", c.make((), "bool"), c.make((3, 1)), c.make((5,)))
    c.add("Where", c.make((0, 1), "bool"), c.make((1, 4)), c.make(()), dims={0: [1, None]})
    for dtype in FLOATS:
        c.add("IsNaN", np.array([0, np.nan, np.inf, -np.inf, 1], dtype))
    c.add("IsNaN", np.array(np.nan, np.float32))
    c.add("IsNaN", c.make((0, 2)))


def casts(c):
    numbers = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9,
               "float16": 10, "float64": 11, "uint32": 12, "uint64": 13}  # fmt: skip
    few = ["float32", "float16", "int64", "uint8", "bool"]
    # The versions differ in the types that they add, none of which is here.
    kinds = list(numbers) if c.opset == 28 else few
    for source in kinds:
        for target in kinds:
            low = 0 if target.startswith("u") or source.startswith("u") else -100
            data = c.make((19,), source, low, 100)
            c.add("Cast", data, to=numbers[target], tolerance=1e-3 if target == "float16" else 1e-7)
    for dtype in FLOATS:
        c.add("Cast", np.array([0, -0.0, 0.4, -0.3, np.nan, np.inf, 2.9, -2.9], dtype), to=9)
        c.add("Cast", np.array([0, -0.0, 0.4, -0.3, 2.9, -2.9], dtype), to=7)
    c.add("Cast", np.array([1e-45, -1e-45, 1e-40], np.float32), to=9)  # denormals are not 0
    c.add("Cast", np.array([0.9, -0.9, 127.9, -128], np.float32), to=3)
    c.add("Cast", np.array([2**31 - 128, -(2**31)], np.float32), to=6)
    c.add("Cast", np.array([2.0**62, -(2.0**63), 2**31 + 0.5, 1e15 + 0.5], np.float64), to=7)
    c.add("Cast", np.array([2.0**63, 2.0**64 - 2048, 0.5], np.float64), to=13)
    c.add("Cast", np.array([2.0**32 - 256, 0.5], np.float32), to=12)
    c.add("Cast", np.array([2**63, 2**64 - 1, 2**63 + 1025], np.uint64), to=1, tolerance=1e-7)
    c.add("Cast", np.array([2**53 + 1, -(2**63), 2**24 + 1], np.int64), to=1, tolerance=1e-7)
    # Integers keep their low bits.
    c.add("Cast", np.array([2**40 + 5, -(2**40) - 5, -1, 255, 256], np.int64), to=6)
    c.add("Cast", np.array([-1, 255, 256, 128, -129], np.int32), to=2)
    c.add("Cast", np.array([-1, -(2**31), 5], np.int32), to=13)
    c.add("Cast", np.array([256, -256, 0, 2**40], np.int64), to=9)
    # Overflow, ties, denormals, infinity, NaN.
    halves = [65519, 65520, -1e6, 1 + 2**-11, 1 + 3 * 2**-11, 6e-8, 2.9e-8, -np.inf, np.nan]
    c.add("Cast", np.array(halves, np.float32), to=10, tolerance=0)
    c.add("Cast", np.array(halves, np.float16), to=1, tolerance=0)
    c.add("Cast", np.array([1e300, -1e300, 1 + 2**-24, 1 + 2**-23 + 2**-24, np.nan], np.float64), to=1, tolerance=0)
    c.add("Cast", c.make((5, 3), "int64"), to=1, dims={0: [1, 1]})
    c.add("Cast", c.make((0, 7), "int64"), to=1, dims={0: [1, None]})
    c.add("Cast", c.make((), "int64", 2, 3), to=1)


POINTWISE = [arithmetic, powers, functions, extrema, logic, selection, casts]
