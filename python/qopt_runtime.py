"""A thin binding of include/qopt/runtime.h, for tests and benchmarks.

    model = Model("m.qopt")
    session = model.session(batch=3, context=512, threads=2)
    outputs = session.run({"input_ids": ids, ...}, ["logits", "present.0.key"])

The library is found in $QOPT_RUNTIME, or in the lib folder beside the `qopt` on PATH.
"""

import ctypes
import os
import pathlib
import shutil
import sys

import numpy as np

MAX_RANK = 8
DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
          10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 16: np.uint16}
CODES = {np.dtype(dtype): code for code, dtype in reversed(DTYPES.items())}
LOGITS_NONE, LOGITS_LAST, LOGITS_ALL = 0, 1, 2


class Spec(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("role", ctypes.c_int32),
                ("cache", ctypes.c_int32), ("dims", ctypes.c_int64 * MAX_RANK), ("dim_texts", ctypes.c_char_p * MAX_RANK)]


class Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("compiler_version", ctypes.c_char_p),
                ("num_inputs", ctypes.c_int32), ("num_outputs", ctypes.c_int32),
                ("inputs", ctypes.POINTER(Spec)), ("outputs", ctypes.POINTER(Spec)),
                ("is_decoder", ctypes.c_int32), ("num_caches", ctypes.c_int32), ("cache_bytes", ctypes.c_int64),
                ("max_context", ctypes.c_int64), ("vocabulary", ctypes.c_int64), ("max_candidates", ctypes.c_int64),
                ("isa", ctypes.c_char_p),
                ("num_isas", ctypes.c_int32), ("isas", ctypes.POINTER(ctypes.c_char_p)),
                ("weights", ctypes.POINTER(ctypes.c_uint8)), ("weights_bytes", ctypes.c_int64)]


CANCEL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Options(ctypes.Structure):
    _fields_ = [("batch", ctypes.c_int64), ("context", ctypes.c_int64), ("threads", ctypes.c_int32), ("cancel", CANCEL),
                ("cancel_user", ctypes.c_void_p), ("chunk", ctypes.c_int64)]


class Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("dims", ctypes.c_int64 * MAX_RANK), ("data", ctypes.c_void_p), ("bytes", ctypes.c_size_t)]

    @staticmethod
    def of(name, array):
        dims = (ctypes.c_int64 * MAX_RANK)(*array.shape)
        return Tensor(name.encode(), CODES[array.dtype], array.ndim, dims, array.ctypes.data, array.nbytes)

    def array(self):
        """A copy, or of a bfloat16 its bits."""
        raw = ctypes.string_at(self.data, self.bytes)
        return np.frombuffer(raw, DTYPES[self.dtype]).reshape(self.dims[: self.rank])


class Prompt(ctypes.Structure):
    _fields_ = [("tokens", ctypes.c_void_p), ("batch", ctypes.c_int64), ("length", ctypes.c_int64),
                ("mask", ctypes.c_void_p), ("positions", ctypes.c_void_p)]


class Candidates(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int64), ("logits", ctypes.c_void_p), ("tokens", ctypes.c_void_p)]


class Error(RuntimeError):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def preload_sanitizer():
    """A library built with a sanitizer needs its run-time part, named by $QOPT_PRELOAD, loaded before all else."""
    library = os.environ.get("QOPT_PRELOAD")
    if library and os.path.basename(library) not in pathlib.Path("/proc/self/maps").read_text():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "LD_PRELOAD": library})
    if library:
        os.environ.pop("LD_PRELOAD", None)  # child processes decide for themselves


def find_library():
    if "QOPT_RUNTIME" in os.environ:
        return os.environ["QOPT_RUNTIME"]
    build = pathlib.Path(shutil.which("qopt") or "qopt").resolve().parent.parent
    for folder in ("lib", "runtime", "lib64"):
        if (build / folder / "libqopt_runtime.so").exists():
            return str(build / folder / "libqopt_runtime.so")
    raise FileNotFoundError(f"libqopt_runtime.so in {build}: build qopt, or set QOPT_RUNTIME")


def load_library():
    library = ctypes.CDLL(find_library())
    library.qopt_last_error.restype = ctypes.c_char_p
    library.qopt_version.restype = ctypes.c_char_p
    library.qopt_model_load.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
    library.qopt_model_free.argtypes = [ctypes.c_void_p]
    library.qopt_model_get_info.argtypes = [ctypes.c_void_p]
    library.qopt_model_get_info.restype = ctypes.POINTER(Info)
    library.qopt_session_create.argtypes = [ctypes.c_void_p, ctypes.POINTER(Options), ctypes.POINTER(ctypes.c_void_p)]
    library.qopt_session_free.argtypes = [ctypes.c_void_p]
    library.qopt_session_run.argtypes = [ctypes.c_void_p, ctypes.POINTER(Tensor), ctypes.c_size_t,
                                         ctypes.POINTER(Tensor), ctypes.c_size_t]
    library.qopt_session_prefill.argtypes = [ctypes.c_void_p, ctypes.POINTER(Prompt), ctypes.c_int, ctypes.c_void_p]
    library.qopt_session_decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p]
    library.qopt_session_prefill_candidates.argtypes = [ctypes.c_void_p, ctypes.POINTER(Prompt), ctypes.POINTER(Candidates)]
    library.qopt_session_truncate.argtypes = [ctypes.c_void_p, ctypes.c_int64]
    library.qopt_session_reset.argtypes = [ctypes.c_void_p]
    library.qopt_session_reset.restype = None
    for name in ("length", "batch", "max_batch", "max_context"):
        function = getattr(library, "qopt_session_" + name)
        function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int64
    return library


class Model:
    """An opened artifact. `isa`, when given, is chosen as by QOPT_ISA."""

    library = None

    def __init__(self, path, isa=None):
        Model.library = Model.library or load_library()
        before = os.environ.get("QOPT_ISA")
        if isa:
            os.environ["QOPT_ISA"] = isa
        self.handle = ctypes.c_void_p()
        try:
            self.check(self.library.qopt_model_load(os.fsencode(path), ctypes.byref(self.handle)))
        finally:
            if isa and before is None:
                del os.environ["QOPT_ISA"]
            elif isa:
                os.environ["QOPT_ISA"] = before
        self.info = self.library.qopt_model_get_info(self.handle).contents
        self.inputs = {spec.name.decode(): spec for spec in self.info.inputs[: self.info.num_inputs]}
        self.outputs = {spec.name.decode(): spec for spec in self.info.outputs[: self.info.num_outputs]}
        self.isa = self.info.isa.decode()

    def __del__(self):
        if self.library and self.handle:
            self.library.qopt_model_free(self.handle)

    def check(self, status):
        if status:
            raise Error(status, self.library.qopt_last_error().decode())

    def session(self, **options):
        return Session(self, **options)


class Session:
    def __init__(self, model, batch=0, context=0, threads=0, chunk=0):
        self.model, self.library = model, model.library
        self.handle = ctypes.c_void_p()
        options = Options(batch=batch, context=context, threads=threads, chunk=chunk)
        self.check(self.library.qopt_session_create(model.handle, ctypes.byref(options), ctypes.byref(self.handle)))

    def __del__(self):
        if self.handle:
            self.library.qopt_session_free(self.handle)

    def check(self, status):
        self.model.check(status)

    def run(self, inputs, names, copy=True):
        """The named outputs; with copy=False nothing is read back."""
        arrays = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        ins = (Tensor * len(arrays))(*(Tensor.of(name, array) for name, array in arrays.items()))
        outs = (Tensor * len(names))(*(Tensor(name=name.encode()) for name in names))
        self.check(self.library.qopt_session_run(self.handle, ins, len(ins), outs, len(outs)))
        return {name: out.array() for name, out in zip(names, outs)} if copy else None

    def prompt(self, tokens, mask, positions):
        """The arrays that it points to, too: they must live as long."""
        arrays = [None if array is None else np.ascontiguousarray(array, dtype)
                  for array, dtype in ((tokens, np.int64), (mask, np.uint8), (positions, np.int64))]
        pointers = [None if array is None else array.ctypes.data for array in arrays]
        return Prompt(pointers[0], *arrays[0].shape, *pointers[1:]), arrays

    def prefill(self, tokens, mask=None, positions=None, which=LOGITS_ALL, logits=None):
        prompt, arrays = self.prompt(tokens, mask, positions)
        vocabulary = self.model.info.vocabulary
        if logits is None and which != LOGITS_NONE:
            logits = np.empty((*arrays[0].shape, vocabulary)[: 3 if which == LOGITS_ALL else 1] + (vocabulary,) * (which == LOGITS_LAST),
                              np.float32)
        self.check(self.library.qopt_session_prefill(self.handle, ctypes.byref(prompt), which,
                                                     logits.ctypes.data if logits is not None else None))
        return logits

    def candidates(self, tokens, count, mask=None, positions=None):
        """Appends tokens [batch, length]: the `count` largest logits of each row's last token, and whose they are."""
        prompt, arrays = self.prompt(tokens, mask, positions)
        shape = len(arrays[0]), max(count, 0)
        logits, best = np.empty(shape, np.float32), np.empty(shape, np.int64)
        wanted = Candidates(count, logits.ctypes.data, best.ctypes.data)
        self.check(self.library.qopt_session_prefill_candidates(self.handle, ctypes.byref(prompt), ctypes.byref(wanted)))
        return logits, best

    def decode(self, tokens, logits=None):
        tokens = np.ascontiguousarray(tokens, np.int64)
        if logits is None:
            logits = np.empty((len(tokens), self.model.info.vocabulary), np.float32)
        self.check(self.library.qopt_session_decode(self.handle, tokens.ctypes.data, len(tokens), None, logits.ctypes.data))
        return logits

    def length(self):
        return self.library.qopt_session_length(self.handle)

    def truncate(self, length):
        self.check(self.library.qopt_session_truncate(self.handle, length))

    def reset(self):
        self.library.qopt_session_reset(self.handle)


preload_sanitizer()
