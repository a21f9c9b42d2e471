"""encoder.py inputs TOKENS FOLDER: writes what encoder.test feeds; encoder.py check FOLDER: compares with plain numpy."""

import json
import pathlib
import sys

import numpy as np

TOKENS, WINDOW, STRIDE = 70, 32, 20  # 0 to 32, 20 to 52, 40 to 70
folder = pathlib.Path(sys.argv[-1])
if sys.argv[1] == "inputs":
    ids = np.load(sys.argv[2])[:TOKENS].astype(np.int64)
    np.save(folder / "tokens.npy", ids)
    for name, rows in [("full", np.stack([ids[:32], ids[20:52]])), ("last", ids[None, 40:])]:
        np.savez(folder / f"{name}.npz", input_ids=rows, attention_mask=np.ones_like(rows), token_type_ids=np.zeros_like(rows))
    sys.exit()


def fresh(name):
    """The rows of tokens that no window before had, by window."""
    full, last = (np.load(folder / f"{name}-{part}.npz")["last_hidden_state"].astype(np.float64) for part in ("full", "last"))
    return [full[0], full[1][12:], last[0][12:]]


model, reference = fresh("w4"), fresh("m")
cosines = [(a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1)) for a, b in zip(model, reference)]
every = np.concatenate(cosines)
assert len(every) == TOKENS
figures = json.loads((folder / "eval.json").read_text())
assert (figures["tokens"], figures["window"], figures["stride"]) == (TOKENS, WINDOW, STRIDE), figures
[output] = figures["outputs"]
assert output["name"] == "last_hidden_state" and output["rows"] == TOKENS, output
# Rows of a batch and rows alone may be summed in another order in float32: 1e-5 is far below what w4 does.
assert every.max() < 1 - 1e-4, every.max()
for key, value in [("cosine", every.mean()), ("cosine_median", np.median(every)), ("cosine_p10", np.quantile(every, 0.1)),
                   ("cosine_p1", np.quantile(every, 0.01)), ("cosine_min", every.min())]:
    assert abs(output[key] - value) < 1e-5, (key, output, value)
difference = max(np.abs(a - b).max() for a, b in zip(model, reference))
assert abs(output["largest_difference"] / difference - 1) < 1e-3, (output, difference)

order = sorted(range(3), key=lambda window: cosines[window].mean())[:2]
worst = figures["worst_windows"]
assert [window["start"] for window in worst] == [20 * window for window in order], (worst, cosines)
for window, index in zip(worst, order):
    assert abs(window["cosine"] - cosines[index].mean()) < 1e-5 and window["text"], (window, cosines)
