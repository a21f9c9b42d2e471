"""Weights of codes in an artifact, unpacked by numpy alone, as lib/Formats/PanelLayout.h and Format.h say.

    for weight in coded_weights("model.onnx", "w4", "m.qopt"):
        weight.name, weight.format, weight.values()  # [N, K]
"""

import dataclasses
import json
import re

import numpy as np

import common

COLUMNS, STEP = 32, 32  # of a panel; elements of K
FLOATS = {"f32": np.dtype("<f4"), "f16": np.dtype("<f2"), "bf16": np.dtype("<u2")}
WEIGHT = re.compile(r'qopt\.weight @("(?:[^"\\]|\\.)*"|[\w$.-]+) : tensor<(\w+)x(\w+)x(b?f\d+)> \{(.*)\}')
PACKED = re.compile(r"packed = !qopt\.qtensor<(\d+)x(\d+), #qopt\.format<(.*?)>, #qopt\.layout<panels>>")


def round_up(value, multiple):
    return -(-value // multiple) * multiple


def to_f32(data, name):
    """Floats of a type from their bytes."""
    raw = np.frombuffer(data, FLOATS[name])
    return (raw.astype(np.uint32) << 16).view(np.float32) if name == "bf16" else raw.astype(np.float32)


@dataclasses.dataclass
class Format:
    bits: int
    signed: bool
    block: int  # elements of a group, 0 for the row, -1 for the matrix
    scale: str
    zero: str  # "none", "midpoint", an integer such as "u4" or a float such as "f16"

    @staticmethod
    def parse(text):
        parts = dict(part.split(" = ") for part in text.split(", "))
        block = {"channel": 0, "tensor": -1}.get(parts["block"]) if parts["block"].isalpha() else int(parts["block"])
        return Format(int(parts["codes"][1:]), parts["codes"][0] == "s", block, parts["scale"], parts.get("zero", "none"))

    def group(self, K):
        return self.block if self.block > 0 else K

    @property
    def least(self):
        return -(1 << self.bits - 1) if self.signed else 0


class CodedWeight:
    """A matrix [N, K] from its panels."""

    def __init__(self, name, format, N, K, data):
        self.name, self.format, self.N, self.K = name, format, N, K
        group = format.group(K)
        segment = max(group, STEP)
        groups, float_bytes = -(-K // group), FLOATS[format.scale].itemsize
        zero_bytes = self.zero_bytes()
        steps = [(begin, min(begin + segment, K)) for begin in range(0, K, segment)]
        line = COLUMNS * float_bytes
        sizes = [(round_up(end - begin, STEP) // STEP * COLUMNS * 4 * format.bits, -(-(end - begin) // group)) for begin, end in steps]
        front = round_up(groups * zero_bytes, 64)
        panel_bytes = front + sum(codes + count * line for codes, count in sizes)
        panels = -(-N // COLUMNS)
        assert len(data) == panels * panel_bytes, f"{name}: expected {panels * panel_bytes} bytes, but got {len(data)}"
        data = np.frombuffer(data, np.uint8).reshape(panels, panel_bytes)
        self.zeros = self.unpack_zeros(data[:, :front], groups)
        indices, scales, at = [], [], front
        for codes, count in sizes:
            indices.append(self.unpack_steps(data[:, at : at + codes]))
            at += codes
            scales.append(to_f32(data[:, at : at + count * line].tobytes(), format.scale).reshape(panels, count, COLUMNS))
            at += count * line
        # A segment has whole steps, and only the last one may be cut.
        everything = np.concatenate(indices, axis=2).reshape(panels * COLUMNS, -1)
        self.codes = everything[:N, :K].astype(np.int32) + format.least
        self.scales = np.concatenate(scales, axis=1).swapaxes(1, 2).reshape(panels * COLUMNS, groups)
        self.padding_is_zero = not (everything[N:].any() or everything[:, K:].any() or self.scales[N:].any())
        self.scales = self.scales[:N]

    def zero_bytes(self):
        zero = self.format.zero
        if zero in ("none", "midpoint"):
            return 0
        if zero in FLOATS:
            return COLUMNS * FLOATS[zero].itemsize
        return COLUMNS if int(zero[1:]) > 4 else COLUMNS // 2

    def unpack_zeros(self, front, groups):
        """[N, groups]"""
        zero, panels = self.format.zero, len(front)
        if zero in ("none", "midpoint"):
            return np.full((self.N, groups), 1 << self.format.bits - 1 if zero == "midpoint" else 0, np.float32)
        lines = front[:, : groups * self.zero_bytes()].reshape(panels, groups, -1)
        if zero in FLOATS:
            zeros = to_f32(lines.tobytes(), zero).reshape(panels, groups, COLUMNS)
        else:
            indices = lines if int(zero[1:]) > 4 else np.concatenate([lines & 15, lines >> 4], axis=2)
            zeros = indices.astype(np.float32) + (-(1 << int(zero[1:]) - 1) if zero[0] == "s" else 0)
        return zeros.swapaxes(1, 2).reshape(panels * COLUMNS, groups)[: self.N]

    def unpack_steps(self, data):
        """[panels, columns, elements] from [panels, bytes of steps]"""
        step_bytes = COLUMNS * 4 * self.format.bits
        steps = data.reshape(len(data), -1, step_bytes)
        indices = np.zeros((*steps.shape[:2], COLUMNS, STEP), np.uint8)
        left, at = self.format.bits, 0
        for width in (8, 4, 2, 1):
            if left < width:
                continue
            left -= width
            plane = steps[:, :, at : at + width * COLUMNS * 4].reshape(*steps.shape[:2], width, COLUMNS, 4)
            at += width * COLUMNS * 4
            parts = 8 // width
            for dword in range(width):
                for part in range(parts):
                    k = (dword * parts + part) * 4
                    indices[..., k : k + 4] |= (plane[:, :, dword] >> part * width & (1 << width) - 1) << left
        return indices.swapaxes(1, 2).reshape(len(data), COLUMNS, -1)

    def values(self):
        """[N, K], in double."""
        scales, zeros = self.parameters()
        return scales * (self.codes - zeros)

    def magnitudes(self):
        """[N, K]: what a value amounts to where the parts of its index, which starts at 0, and of its zero are summed
        apart."""
        scales, zeros = self.parameters()
        return np.abs(scales) * (self.codes - self.format.least + np.abs(zeros - self.format.least))

    def parameters(self):
        """Scales and zeros of all elements."""
        group = np.arange(self.K) // self.format.group(self.K)
        return self.scales[:, group].astype(np.float64), self.zeros[:, group].astype(np.float64)


def read_safetensors(path):
    """Bytes by name."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return {name: data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]]
            for name, entry in header.items() if not name.startswith("__")}


def coded_weights(model, recipe, artifact):
    """The weights of codes of an artifact that was compiled from `model` with `recipe`.

    Each also has `source`: the values as their file has them, [N, K]."""
    text = common.qopt("compile", model, "--recipe", recipe, "--emit=linalg", "--target", "x86-64").stdout
    tensors, weights = read_safetensors(artifact / "weights.safetensors"), []
    for name, first, second, element, attributes in WEIGHT.findall(text):
        packed = PACKED.search(attributes)
        if not packed:
            continue
        N, K = int(packed[1]), int(packed[2])
        assert (int(first), int(second)) == (N, K), f"{name}: tensor of {first}x{second}, packed as {N}x{K}"
        weight = CodedWeight(name.strip('"'), Format.parse(packed[3]), N, K, tensors[name.strip('"')])
        file, offset = re.search(r'file = "([^"]*)"', attributes)[1], int(re.search(r"\boffset = (\d+)", attributes)[1])
        length = int(re.search(r"\blength = (\d+)", attributes)[1])
        with open(file, "rb") as source:
            source.seek(offset)
            values = to_f32(source.read(length), element)
        weight.source = values.reshape(K, N).T if re.search(r"\btransposed\b", attributes) else values.reshape(N, K)
        weights.append(weight)
    return weights
