"""Reads the text of a module far enough to compare it with another: operations, what they use, weights."""

import hashlib
import pathlib
import re

import numpy as np

VALUE = re.compile(r"%[\w$.-]+(?:#\d+)?")
WEIGHT = re.compile(r"qopt\.weight @(\"[^\"]*\"|[\w$.-]+) : tensor<([^>]*)> *(\{.*\})?")
ELEMENTS = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i64": np.int64, "i32": np.int32, "i1": np.bool_}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def depth(line):
    """How many brackets of a line stay open."""
    line = STRING.sub("", line)
    return sum(line.count(c) for c in "({[") - sum(line.count(c) for c in ")}]")


def statements(lines):
    """Joins the lines of every operation, regions included."""
    result, current, balance = [], [], 0
    for line in lines:
        if not line.strip():
            continue
        current.append(line.strip())
        balance += depth(line)
        if balance <= 0:
            result.append("\n".join(current))
            current, balance = [], 0
    return result


def weight_values(match, folder):
    """The values of a weight as its logical matrix, in float32 where they are floats."""
    attributes = match.group(3) or ""
    *sizes, element = match.group(2).split(",")[0].split("x")
    shape, dtype = [int(size) for size in sizes], ELEMENTS[element]
    number = lambda name: int((re.search(rf"\b{name} = (\d+)", attributes) or [0, 0])[1])
    file = re.search(r'\bfile = "([^"]*)"', attributes)
    if file:
        path = folder / file.group(1)
        data = np.fromfile(path, dtype, count=int(np.prod(shape, dtype=np.int64)), offset=number("offset"))
        if re.search(r"\btransposed\b", attributes):
            data = data.reshape(*shape[:-2], shape[-1], shape[-2]).swapaxes(-1, -2)
    else:
        dense = re.search(r"\bvalue = dense(?:_resource)?<(.*?)> : ", attributes).group(1)
        if dense.startswith('"0x'):
            data = np.frombuffer(bytes.fromhex(dense[3:-1]), dtype)
        else:
            data = np.array([float(x) for x in re.findall(r"[-+.\w]+", dense)], dtype)
            data = np.broadcast_to(data, [int(np.prod(shape))]) if data.size == 1 else data
    data = data.reshape(shape)
    return np.ascontiguousarray(data, np.float32) if np.issubdtype(dtype, np.floating) else np.ascontiguousarray(data)


class Module:
    """What a module computes, free of the names and the order of its text.

    functions: name -> multiset of canonical operations, and the canonical results
    weights:   symbol -> digest of its values
    attributes: (attribute, digest of the op it stands on) for those in `held`, which do not enter the digests
    """

    def __init__(self, text, folder, held=("scale", "empty_row"), widen=False):
        self.held, self.folder = held, pathlib.Path(folder)
        self.weights, self.functions, self.attributes, self.paths = {}, {}, {}, set()
        if widen:
            text = self.widened(text)
        lines = text.splitlines()
        starts = [i for i, line in enumerate(lines) if re.match(r"\s*func\.func ", line)]
        body = lines[: starts[0]] if starts else lines
        for match in (WEIGHT.search(statement) for statement in statements(self.inside(body))):
            if match:
                self.weights[match.group(1)] = self.digest(match)
        for begin in starts:
            self.function(lines, begin)

    @staticmethod
    def widened(text):
        """Floats of fewer bits become f32 everywhere but where a weight says how its file holds it."""
        keep = lambda line: line if "qopt.weight @" in line else re.sub(r"(?<![a-wyzA-Z_])b?f16\b", "f32", line)
        return "\n".join(keep(line) for line in text.splitlines())

    @staticmethod
    def inside(lines):
        return [line for line in lines if not re.match(r"\s*(module\b.*\{|#|\})\s*$", line) and not line.lstrip().startswith("#")]

    def digest(self, match):
        values = weight_values(match, self.folder)
        return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()[:16]

    def function(self, lines, begin):
        end = next(i for i in range(begin + 1, len(lines)) if lines[i].startswith(lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())] + "}"))
        header = lines[begin]
        name = re.search(r"@([\w$.-]+|\"[^\"]*\")", header).group(1)
        known = {}
        for i, argument in enumerate(re.findall(r"(%[\w$.-]+): ", header)):
            known[argument] = f"argument{i}"
        operations = [self.operation(statement, known) for statement in statements(lines[begin + 1 : end])]
        operations = [operation for operation in operations if operation]
        signature = re.sub(r"%[\w$.-]+", "%", header)
        self.functions[name] = (signature, sorted(operations))

    def operation(self, statement, known):
        left, right = re.match(r"(?:(%[^=]*?) = )?(.*)", statement, re.DOTALL).groups()
        # How the file spells a node: its opset and the exporter's name of the module.
        right = re.sub(r'\bopset = \d+ : i64(, )?|\bscope = "[^"]*"(, )?', "", right).replace(", }", "}").replace(" {}", "")
        cast = re.match(r'onnx.node "Cast"\((%[\w$.-]+)\).* : \((tensor<.*>)\) -> (tensor<.*>)$', right)
        if cast and cast.group(2) == cast.group(3):  # between floats that are one when widened
            known[left.strip()] = known[cast.group(1)]
            return None
        path = re.search(r'\bpath = "([^"]*)"', right)
        if path:
            self.paths.add(path.group(1))
        values = {}
        for key in self.held:
            found = re.search(rf"\b{key} = (#qopt<[^>]*>|[^,}}\s]+)(?: : f64)?", right) if "qopt.attention" in right else None
            if found:
                values[key] = found.group(1)
                right = right.replace(found.group(0), f"{key} = held", 1)
        local = {}
        for inner in re.findall(r"(%[\w$.-]+)(?:: | = |:\d+ = )", right):  # of regions
            local[inner] = f"inner{len(local)}"
        right = VALUE.sub(lambda m: local.get(m.group(0)) or self.value(m.group(0), known), right)
        right = re.sub(r"@(\"[^\"]*\"|[\w$.-]+)", lambda m: "@" + self.weights.get(m.group(1), m.group(1)), right)
        result = hashlib.sha256(right.encode()).hexdigest()[:16]
        for key, value in values.items():
            self.attributes[key, path.group(1) if path else result] = value
        for group in (left or "").split(","):
            if group.strip():
                base, _, count = group.strip().partition(":")
                known[base] = result
        return f"{result} {right}"

    @staticmethod
    def value(name, known):
        base, _, index = name.partition("#")
        return "<" + known[base] + ("#" + index if index else "") + ">"
