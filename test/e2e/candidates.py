"""Candidates are the largest of the logits that a call without them gives, bit for bit, for each ISA version, any number of
threads and rows, padded or not, in one chunk or several; and texts are the same with them."""

import pathlib
import tempfile

import numpy as np

import common
from low_bit import artifact_isas, compile_model
from qopt_runtime import LOGITS_LAST, Error, Model

report = common.Report()
random = np.random.default_rng(7)


def best(logits, count):
    """As the sampler orders them: the larger, then the lower token."""
    order = np.argsort(-logits, axis=-1, kind="stable")[:, :count]
    return np.take_along_axis(logits, order, axis=-1), order


def same(got, logits, count, what):
    values, tokens = best(logits, count)
    report.check(np.array_equal(got[0].view(np.uint32), values.view(np.uint32)) and np.array_equal(got[1], tokens),
                 f"{what}: other candidates than the largest logits")


def check(model, batch, threads, padding, what):
    length = 21
    tokens = random.integers(0, model.info.vocabulary, (batch, length))
    mask = common.padded_mask(batch, 0, length, padding).astype(np.uint8)
    for chunk in (8, 512):
        session = model.session(batch=batch, context=64, threads=threads, chunk=chunk)
        for count in (1, 5, 64):
            where = f"{what}, batch {batch}, {threads} threads, {padding}, chunk {chunk}, {count} candidates"
            session.reset()
            logits = session.prefill(tokens, mask, which=LOGITS_LAST)
            session.reset()
            same(session.candidates(tokens, count, mask), logits, count, where)
            if padding == "right":
                continue
            session.truncate(length)
            logits = session.decode(tokens[:, 0])
            session.truncate(length)
            same(session.candidates(tokens[:, :1], count), logits, count, where + ", decode")


def check_errors(model):
    session = model.session(context=8)
    for count in (0, -1, 65):
        try:
            session.candidates([[1, 2]], count)
            report.check(False, f"{count} candidates are not refused")
        except Error as error:
            report.check(str(error) == f"expects 1 to 64 candidates of a row, but got {count}", f"{count} candidates: {error}")


def check_generate(artifact, what):
    """The sampler of a repetition penalty reads all logits; one that changes nothing but that gives the same texts."""
    texts = [common.qopt("generate", artifact, "--tokens", "--prompt", "1 403 407", "--prompt", "1", "--max-tokens", "24", *options).stdout
             for options in (["--repetition-penalty", penalty, *more] for penalty in ("1", "1.0000000000000002")
                             for more in ([], ["--temperature", "0.8", "--top-k", "20", "--top-p", "0.9"]))]
    report.check(texts[:2] == texts[2:] and texts[0] != texts[1], f"{what}: texts differ with candidates")


with tempfile.TemporaryDirectory() as folder:
    # The head is a product of floats and of codes; the last one's logits are rounded to half precision behind it.
    for name, recipes in [("optimum-opset17", ["f32", "w4a16", "w4a8"]), ("dynamo-f16", ["w4"])]:
        (made := pathlib.Path(folder, name)).mkdir()
        for recipe in recipes if common.find_onnx(name) else []:
            artifact = compile_model(common.onnx_path(name), recipe, made)
            for isa in artifact_isas(artifact):
                model = Model(artifact, isa)
                for batch, threads, padding in [(1, 2, "none"), (3, 3, "left"), (2, 1, "right"), (17, 2, "left")]:
                    check(model, batch, threads, padding, f"{name} {recipe} {isa}")
            check_errors(model)
            check_generate(artifact, f"{name} {recipe}")
report.finish()
