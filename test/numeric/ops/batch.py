"""The cases of one opset as one model, and what ONNX says that it gives."""

import dataclasses
import warnings

import numpy as np
import onnxruntime
from cases import Const
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

IR_VERSION = 10


def value_of(given):
    return np.asarray(given.value if isinstance(given, Const) else given)


def with_values(case, change):
    """The case with other inputs."""

    def changed(given):
        if given is None:
            return None
        value = change(value_of(given))
        return Const(value) if isinstance(given, Const) else value

    return dataclasses.replace(case, inputs=[changed(given) for given in case.inputs])


def widened(value):
    return value.astype(np.float32) if value.dtype == np.float16 else value


class Batch:
    """Cases of one opset as one model of disconnected nodes."""

    def __init__(self, opset, cases):
        self.opset, self.cases = opset, list(cases)
        self.nodes, self.inputs, self.constants, self.feeds, self.names = [], [], [], {}, []
        for number, case in enumerate(self.cases):
            self.add(number, case)

    def add(self, number, case):
        names = []
        for i, given in enumerate(case.inputs):
            name = f"{case.op}_{number}_in{i}"
            names.append("" if given is None else name)
            if isinstance(given, Const):
                self.constants.append(numpy_helper.from_array(value_of(given), name))
            elif given is not None:
                self.add_input(name, value_of(given), case.dims.get(i, []))
        outputs = [f"{case.op}_{number}_out{i}" for i in range(case.outputs)]
        self.names.append(outputs)
        self.nodes.append(helper.make_node(case.op, names, outputs, name=f"{case.op}_{number}", **case.attributes))

    def add_input(self, name, value, dims):
        shape = list(value.shape)
        for d, is_open in enumerate(dims):
            shape[d] = f"n{shape[d]}" if is_open else shape[d]
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        self.feeds[name] = value

    def make(self, nodes, inputs, outputs, constants):
        graph = helper.make_graph(nodes, "ops", inputs, outputs, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)

    def model(self, expected):
        outputs = []
        for case, names in zip(self.cases, self.names):
            open_sizes = any(any(sizes) for sizes in case.dims.values())
            for name in names:
                value = expected[name]
                kind = helper.np_dtype_to_tensor_dtype(value.dtype)
                shape = [None] * value.ndim if open_sizes else value.shape
                outputs.append(helper.make_tensor_value_info(name, kind, shape))
        return self.make(self.nodes, self.inputs, outputs, self.constants)

    def evaluate(self):
        """The values of all outputs by name, node by node."""
        results = {}
        for case, node, names in zip(self.cases, self.nodes, self.names):
            inputs = [v for v in self.inputs if v.name in node.input]
            constants = [v for v in self.constants if v.name in node.input]
            feeds = {v.name: self.feeds[v.name] for v in inputs}
            # The evaluator has Softmax with its meaning of opset 13 only, and cannot flatten what is empty.
            is_empty = any(value.size == 0 for value in feeds.values())
            by_runtime = case.op == "Softmax" and self.opset < 13 or case.op == "Flatten" and is_empty
            kind = TensorProto.FLOAT if by_runtime else TensorProto.UNDEFINED
            outputs = [helper.make_tensor_value_info(name, kind, None) for name in names]
            model = self.make([node], inputs, outputs, constants)
            values = run_onnxruntime(model, feeds) if by_runtime else run_evaluator(model, feeds)
            results.update(zip(names, map(np.asarray, values)))
        return results

    def expected(self):
        """What the model has to give. Half precision is computed in f32 and rounded once, as qopt does it."""
        results = Batch(self.opset, [c if c.op == "Cast" else with_values(c, widened) for c in self.cases]).evaluate()
        for case, names in zip(self.cases, self.names):
            kinds = {value_of(given).dtype for given in case.inputs if given is not None}
            for name in names if case.op != "Cast" and np.dtype(np.float16) in kinds else []:
                if results[name].dtype == np.float32:
                    with np.errstate(all="ignore"):
                        results[name] = results[name].astype(np.float16)
        return results

    def scales(self, expected):
        """What the differences of each output are measured by."""
        magnitudes = Batch(self.opset, [with_values(widened_case, np.abs) for widened_case in
                                        (with_values(c, widened) for c in self.cases if c.cancels)])  # fmt: skip
        sums = iter(magnitudes.evaluate().values())
        scales = {}
        for case, names in zip(self.cases, self.names):
            for name in names:
                scales[name] = next(sums) if case.cancels else expected[name]
        return scales


def run_onnxruntime(model, feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def run_evaluator(model, feeds):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ReferenceEvaluator(model).run(None, feeds)
