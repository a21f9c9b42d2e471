"""Writes a decoder of the size of Llama 3.2 1B with random weights in float16 as a GGUF file (version 3)."""

import struct

import numpy as np

from make_llama_1b import FFN, HEAD, HEADS, HIDDEN, KV_HEADS, THETA, VOCABULARY

ALIGNMENT = 32
F32, F16 = 0, 1  # of ggml_type
METADATA = {
    "general.architecture": "llama", "general.name": "random weights", "general.file_type": 1, "llama.context_length": 8192,
    "llama.embedding_length": HIDDEN, "llama.feed_forward_length": FFN, "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS, "llama.attention.key_length": HEAD, "llama.attention.value_length": HEAD,
    "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": HEAD, "llama.rope.freq_base": THETA,
    "llama.vocab_size": VOCABULARY, "tokenizer.ggml.model": "no_vocab",
}


def shapes(layers):
    """{name: dims}, rows first; no output.weight: the embedding is the head too."""
    result = {"token_embd.weight": (VOCABULARY, HIDDEN), "output_norm.weight": (HIDDEN,)}
    queries, keys = (HEADS * HEAD, HIDDEN), (KV_HEADS * HEAD, HIDDEN)
    sizes = {"attn_norm": (HIDDEN,), "attn_q": queries, "attn_k": keys, "attn_v": keys, "attn_output": (HIDDEN, HEADS * HEAD),
             "ffn_norm": (HIDDEN,), "ffn_gate": (FFN, HIDDEN), "ffn_up": (FFN, HIDDEN), "ffn_down": (HIDDEN, FFN)}
    for layer in range(layers):
        result.update({f"blk.{layer}.{name}.weight": dims for name, dims in sizes.items()})
    return result


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def entry(key, value):
    kind, data = {str: (8, text), int: (4, lambda v: struct.pack("<I", v)), float: (6, lambda v: struct.pack("<f", v))}[type(value)]
    return text(key) + struct.pack("<I", kind) + data(value)


def header(tensors, metadata):
    """All that comes before the data, and the offset of each tensor in it. Norms are f32, matrices f16."""
    parts, offsets, offset = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))], {}, 0
    parts.extend(entry(key, value) for key, value in metadata.items())
    for name, dims in tensors.items():
        kind, width = (F32, 4) if len(dims) == 1 else (F16, 2)
        parts.append(text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *reversed(dims), kind, offset))
        offsets[name] = offset
        offset += -(-width * int(np.prod(dims)) // ALIGNMENT) * ALIGNMENT
    result = b"".join(parts)
    return result + bytes(-len(result) % ALIGNMENT), offsets


def write(path, layers=16, seed=0):
    """Matrices are N(0, 0.02), norms 1."""
    random = np.random.Generator(np.random.SFC64(seed))
    tensors = shapes(layers)
    begin, offsets = header(tensors, {**METADATA, "llama.block_count": layers})
    partial = path.with_suffix(".partial")
    with open(partial, "wb") as file:
        file.write(begin)
        for name, dims in tensors.items():
            file.seek(len(begin) + offsets[name])
            if len(dims) == 1:
                file.write(np.ones(dims, np.float32))
                continue
            for first in range(0, dims[0], 4096):
                rows = min(4096, dims[0] - first)
                file.write((random.standard_normal((rows, dims[1]), np.float32) * np.float32(0.02)).astype(np.float16))
    partial.rename(path)
