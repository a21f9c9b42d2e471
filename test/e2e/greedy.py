"""greedy.py MODEL: a hundred greedy tokens, equal to ONNX Runtime's, for each ISA version of this machine: by the session's
cache, and by computing the whole text again for each token."""

import sys

import common
import numpy as np
from qopt_runtime import LOGITS_LAST, Model

TOKENS, PROMPT = 100, 24


def prompts(batch, padding):
    """Beginnings of texts, row b shorter by 5 b tokens; ids and mask."""
    ids = np.stack([common.eval_tokens()[256 * row : 256 * row + PROMPT] for row in range(batch)])
    return ids, common.padded_mask(batch, 0, PROMPT, padding)


def last(mask):
    """The last unmasked column of each row."""
    return mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1)


def onnxruntime_tokens(name, ids, mask):
    batch = len(ids)
    names = [f"past_key_values.{layer}.{kind}" for layer in range(common.LAYERS) for kind in ("key", "value")]
    past = {key: np.zeros((batch, common.KV_HEADS, 0, common.HEAD), np.float32) for key in names}
    made, place = [], last(mask)
    for _ in range(TOKENS):
        outputs = common.reference(name, {"input_ids": ids, "attention_mask": mask,
                                          "position_ids": common.position_ids(mask, ids.shape[1]), **past})
        made.append(outputs["logits"][np.arange(batch), place].argmax(axis=1))
        past = {key: outputs[key.replace("past_key_values", "present")] for key in names}
        ids, place = made[-1][:, None], np.zeros(batch, int)
        mask = np.concatenate([mask, np.ones((batch, 1), np.int64)], axis=1)
    return np.stack(made, axis=1)


def cached_tokens(session, ids, mask):
    logits = session.prefill(ids, mask, which=LOGITS_LAST)
    made = []
    for _ in range(TOKENS):
        made.append(logits.argmax(axis=1))
        logits = session.decode(made[-1])
    return np.stack(made, axis=1)


def recomputed_tokens(session, ids, mask):
    made = []
    for _ in range(TOKENS):
        session.reset()
        made.append(session.prefill(ids, mask, which=LOGITS_LAST).argmax(axis=1))
        ids = np.concatenate([ids, made[-1][:, None]], axis=1)
        mask = np.concatenate([mask, np.ones((len(ids), 1), np.int64)], axis=1)
    return np.stack(made, axis=1)


name = sys.argv[1]
report = common.Report()
models = {isa: Model(common.artifact(name), isa) for isa in common.machine_isas()}
for batch, padding in [(1, "none"), (3, "left"), (3, "right")]:
    ids, mask = prompts(batch, padding)
    expected = onnxruntime_tokens(name, ids, mask)
    for isa, model in models.items():
        session = model.session(batch=batch, context=PROMPT + TOKENS, threads=2)
        for how in (cached_tokens, recomputed_tokens):
            session.reset()
            got = how(session, ids, mask)
            report.check(np.array_equal(got, expected), f"{name} {isa} batch {batch} padding {padding}: {how.__name__} differ from "
                         f"token {np.argmin((got == expected).all(axis=0))} on")
report.finish()
