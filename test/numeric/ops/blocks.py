"""Operators whose elements each come from many: reductions, products, norms, attention."""

import numpy as np
from cases import Const, ints


def reductions(c):
    for op in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"]:
        as_input = c.has(op, 13 if op == "ReduceSum" else 18)
        sums = dict(cancels=op in ("ReduceSum", "ReduceMean"))

        def add(data, axes=None, **more):
            if axes is None:
                c.add(op, data, **sums, **more)
            elif as_input:
                c.add(op, data, ints(*axes), **sums, **more)
            else:
                c.add(op, data, axes=axes, **sums, **more)

        types = ["float32", "float64", "float16"] + (["int32", "int64", "uint64"] if op != "ReduceMean" else [])
        if op in ("ReduceMax", "ReduceMin"):
            types += ["int8", "uint8"] if c.has(op, 12) else []
            types += ["bool"] if c.has(op, 20) else []
        for dtype in types:
            x = c.make((3, 5, 20), dtype)
            ways = [([0, 2], 0), ([2], 1), ([1], 1), (None, 1), (None, 0)]
            for axes, keep in ways if dtype == "float32" else ways[:2]:
                add(x, axes, keepdims=keep)
        if c.has(op, 11):
            add(c.make((4, 33)), [-1], dims={0: [1, 1]})
            add(c.make((4, 33, 2)), [-1, 0], keepdims=0)
        if as_input:
            c.add(op, c.make((3, 4)), ints(), noop_with_empty_axes=1)
            c.add(op, c.make((3, 4)), ints(), keepdims=0, **sums)
        add(c.make(()))
        add(c.make((0, 3)), [1], dims={0: [1, None]})
        if op in ("ReduceSum", "ReduceMean") or c.has(op, 20):
            add(c.make((0, 3)), [0], dims={0: [1, None]})
            add(c.make((2, 0, 17)), [1], keepdims=0)
        special = c.make((4, 20))
        special[0, 3], special[1, 17], special[2, 5] = np.nan, np.inf, -np.inf
        add(special, [1])


def softmax(c):
    for shape, axis in [((3, 17), 1), ((2, 3, 40), 1), ((2, 3, 4), 2), ((5, 130), 1), ((7,), 0), ((0, 5), 1)]:
        c.add("Softmax", c.make(shape, low=-9, high=9), axis=axis, tolerance=1e-6)
    c.add("Softmax", c.make((3, 4, 5)), tolerance=1e-6)
    c.add("Softmax", c.make((4, 33)), axis=1, dims={0: [1, 1]}, tolerance=1e-6)
    c.add("Softmax", c.make((4, 33), low=-1e4, high=1e4), axis=1, tolerance=1e-6)
    c.add("Softmax", c.make((4, 33), "float16"), axis=1)
    hidden = c.make((3, 20))
    hidden[0, 5:], hidden[1, :], hidden[2, 3] = -np.inf, -np.inf, np.nan
    c.add("Softmax", hidden, axis=1, tolerance=1e-6)
    if c.has("Softmax", 11):
        c.add("Softmax", c.make((3, 4, 5)), axis=-1, tolerance=1e-6)
        c.add("Softmax", c.make((3, 4, 5)), axis=-2, tolerance=1e-6)


def products(c):
    for a, b in [((4, 7), (7, 9)), ((2, 3, 4, 5), (2, 3, 5, 33)), ((3, 4, 5), (5, 6)), ((5,), (5, 6)), ((4, 5), (5,)),
                 ((5,), (5,)), ((2, 1, 4, 5), (3, 5, 6)), ((1, 40), (40, 70)), ((6, 64), (64, 64)),
                 ((0, 5), (5, 6)), ((4, 0), (0, 6)), ((2, 4, 5), (2, 5, 0))]:  # fmt: skip
        c.add("MatMul", c.make(a), c.make(b), cancels=True)
    c.add("MatMul", c.make((4, 5), "float64"), c.make((5, 6), "float64"))
    c.add("MatMul", c.make((4, 5), "float16"), c.make((5, 6), "float16"), cancels=True)
    c.add("MatMul", c.make((4, 5)), Const(c.make((5, 60))), cancels=True)
    c.add("MatMul", c.make((2, 4, 5)), c.make((2, 5, 33)), dims={0: [1, 1, 1], 1: [1, 1, 1]}, cancels=True)
    c.add("MatMul", c.make((2, 0, 5)), c.make((2, 5, 33)), dims={0: [1, 1, 1], 1: [1, 1, 1]})
    if c.has("MatMul", 9):
        for dtype in ["int32", "int64", "uint32", "uint64"]:
            c.add("MatMul", c.make((4, 5), dtype), c.make((5, 6), dtype))
    a, b = c.make((4, 7)), c.make((7, 9))
    c.add("Gemm", a, b, c.make((9,)), cancels=True)
    c.add("Gemm", a, b, c.make((4, 1)), alpha=0.5, beta=2.0, cancels=True)
    c.add("Gemm", c.make((7, 4)), c.make((9, 7)), c.make((4, 9)), transA=1, transB=1, cancels=True)
    c.add("Gemm", c.make((4, 7)), c.make((9, 7)), c.make(()), transB=1, dims={0: [1, None]}, cancels=True)
    if c.has("Gemm", 11):
        c.add("Gemm", a, b, alpha=1.5, cancels=True)


def norms(c):
    # Centred, divided by a root, scaled, shifted: five roundings of 6e-8, and
    # those of the two means.
    near = dict(tolerance=1e-6)
    x = c.make((2, 3, 40))
    c.add("LayerNormalization", x, c.make((40,)), c.make((40,)), **near)
    c.add("LayerNormalization", x, c.make((40,)), epsilon=1e-2, **near)
    c.add("LayerNormalization", x, c.make((3, 40)), c.make((3, 40)), axis=1, outputs=3, **near)
    c.add("LayerNormalization", x, c.make((2, 3, 40)), axis=0, **near)
    c.add("LayerNormalization", x, c.make((3, 40)), axis=-2, **near)
    c.add("LayerNormalization", c.make((3, 17)), c.make((17,)), c.make((17,)), dims={0: [1, None]}, **near)
    c.add("LayerNormalization", c.make((0, 17)), c.make((17,)), c.make((17,)), dims={0: [1, None]})
    c.add("LayerNormalization", c.make((3, 17), "float16"), c.make((17,), "float16"), c.make((17,), "float16"))
    # The mean, 100, is large beside the deviation, 0.58: a sum of 12 roundings
    # in a row is off by up to 12 * 2^-24 * 100, results go to 1.7.
    c.add("LayerNormalization", c.make((3, 40), low=99, high=101), c.make((40,)), tolerance=7e-5)
    c.add("RMSNormalization", x, c.make((40,)), **near)
    c.add("RMSNormalization", x, c.make((3, 40)), axis=1, epsilon=1e-3, **near)
    c.add("RMSNormalization", x, c.make((3, 40)), axis=-2, **near)
    c.add("RMSNormalization", c.make((3, 17)), c.make((17,)), dims={0: [1, None]}, **near)
    c.add("RMSNormalization", c.make((0, 17)), c.make((17,)), dims={0: [1, None]})
    c.add("RMSNormalization", c.make((3, 17), "float16"), c.make((17,), "float16"))


def rotary(c):
    angles = c.make((50, 4))
    table = (np.cos(angles), np.sin(angles))
    ids = c.make((2, 5), "int64", 0, 49)
    x3, x4 = c.make((2, 5, 24)), c.make((2, 3, 5, 8))
    part = c.make((2, 5, 30))
    for interleaved in (0, 1):
        c.add("RotaryEmbedding", x4, *table, ids, interleaved=interleaved)
        c.add("RotaryEmbedding", x3, *table, ids, num_heads=3, interleaved=interleaved)
        c.add("RotaryEmbedding", part, *table, ids, num_heads=3, rotary_embedding_dim=8, interleaved=interleaved)
    c.add("RotaryEmbedding", x4, table[0][ids], table[1][ids])
    c.add("RotaryEmbedding", x4.astype("float16"), *[t.astype("float16") for t in table], ids)


def attention(c):
    if "Attention" not in c.since:
        return
    q, k, v = c.make((2, 4, 5, 8)), c.make((2, 2, 7, 8)), c.make((2, 2, 7, 6))
    c.add("Attention", q, c.make((2, 4, 7, 8)), c.make((2, 4, 7, 6)))
    c.add("Attention", q, k, v, is_causal=1)
    c.add("Attention", q, k, v, c.make((5, 7), "bool"))
    c.add("Attention", q, k, v, c.make((2, 1, 5, 7)), scale=0.3, softcap=2.0)
    c.add("Attention", q, k, v, Const(np.array([[False] * 7] + [[True] * 7] * 4)))
    past = [c.make((2, 2, 3, 8)), c.make((2, 2, 3, 6))]
    c.add("Attention", q, k, v, None, *past, is_causal=1, outputs=3)
    none = [c.make((2, 2, 0, 8)), c.make((2, 2, 0, 6))]
    c.add("Attention", q, k, v, None, *none, is_causal=1, outputs=3, dims={4: [1, None, 1, None], 5: [1, None, 1, None]})
    for mode in range(4):
        c.add("Attention", q, k, v, c.make((5, 10)), *past, qk_matmul_output_mode=mode, outputs=4)
    flat = [c.make((2, 5, 32)), c.make((2, 7, 16)), c.make((2, 7, 12))]
    c.add("Attention", *flat, q_num_heads=4, kv_num_heads=2)
    c.add("Attention", *flat, None, *past, q_num_heads=4, kv_num_heads=2, is_causal=1, outputs=3)
    c.add("Attention", *[x.astype("float16") for x in (q, k, v)])
    if c.has("Attention", 24):
        c.add("Attention", q, k, v, None, None, None, np.array([7, 5], np.int64), is_causal=1)
    if c.has("Attention", 25):
        c.add("Attention", q, k, v, left_window_size=2, right_window_size=1)


BLOCKS = [reductions, softmax, products, norms, rotary, attention]
