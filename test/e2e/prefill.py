"""Prefill gives the logits that are asked for, whatever the chunks that it runs in."""

import common
import numpy as np
from qopt_runtime import LOGITS_ALL, LOGITS_LAST, LOGITS_NONE, Model

report = common.Report()
random = np.random.default_rng(4)


def close(left, right, what):
    """Products of a few rows and of many add up in another order: some roundings of sums of some hundred terms. Half
    precision logits may then be rounded to a neighbour."""
    difference = np.abs(left - right).max() / np.abs(right).max()
    bound = 1e-5 + (2**-11 if "f16" in what else 0)
    report.check(difference <= bound, f"{what}: differs by {difference:.1e} of the largest logit")


for name, recipe in [("dynamo-opset18", "f32"), ("optimum-opset17", "f32"), ("dynamo-f16", "f32")]:
    common.onnx_path(name)
    model = Model(common.artifact(name, recipe))
    batch, length = 3, 75
    tokens = random.integers(0, model.info.vocabulary, (batch, length))
    for padding in ("left", "right"):
        mask = np.ones((batch, length), np.uint8)
        for row in range(batch):
            mask[row, : 20 * row] = 0
        if padding == "right":
            mask = np.ascontiguousarray(mask[:, ::-1])
        last = [np.flatnonzero(mask[row])[-1] for row in range(batch)]
        session = model.session(batch=batch, context=128)
        whole = session.prefill(tokens, mask, which=LOGITS_ALL)
        for chunk in (1, 16, 32, 74, 75, 512):
            what = f"{name} {padding} padding, chunks of {chunk}"
            session = model.session(batch=batch, context=128, chunk=chunk)
            all_logits = session.prefill(tokens, mask, which=LOGITS_ALL)
            close(all_logits[mask == 1], whole[mask == 1], what + ", all")
            session.reset()
            close(session.prefill(tokens, mask, which=LOGITS_LAST), whole[np.arange(batch), last], what + ", last")
            session.reset()
            session.prefill(tokens[:, :-1], mask[:, :-1], which=LOGITS_NONE)
            report.check(session.length() == length - 1, what + ": the cache has another length")
            if padding == "left":
                close(session.decode(tokens[:, -1]), whole[:, -1], what + ", none and decode")
            # Prefill goes on after decode, and after a cut.
            session.truncate(length // 2)
            rest = session.prefill(tokens[:, length // 2 :], mask[:, length // 2 :], which=LOGITS_ALL)
            kept = mask[:, length // 2 :] == 1
            close(rest[kept], whole[:, length // 2 :][kept], what + ", after a cut")
report.finish()
