"""eval.py inputs TOKENS FOLDER: writes what eval.test feeds; eval.py check FOLDER: compares with plain numpy.

Windows overlap as in the perplexity guide of Hugging Face's transformers: a window begins every STRIDE tokens, and only
the tokens that no window before had count.
"""

import json
import pathlib
import sys

import numpy as np

TOKENS, WINDOW, STRIDE = 100, 40, 16  # the last of five windows is shorter
folder = pathlib.Path(sys.argv[-1])
if sys.argv[1] == "inputs":
    ids = np.load(sys.argv[2])[:TOKENS].astype(np.int64)
    np.save(folder / "tokens.npy", ids)
    full = np.stack([ids[begin : begin + WINDOW] for begin in range(0, TOKENS - WINDOW + 1, STRIDE)])
    for name, rows in [("full", full), ("last", ids[None, len(full) * STRIDE :])]:
        np.savez(folder / f"{name}.npz", input_ids=rows, attention_mask=np.ones_like(rows),
                 position_ids=np.tile(np.arange(rows.shape[1]), (len(rows), 1)))
    sys.exit()


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def windows(name):
    """Logarithms of the probabilities that a model gives in each window."""
    rows = [*np.load(folder / f"{name}-full.npz")["logits"], *np.load(folder / f"{name}-last.npz")["logits"]]
    return [log_softmax(row.astype(np.float64)) for row in rows]


ids = np.load(folder / "tokens.npy")
expected, previous_end = [], 0
for index, (model, reference) in enumerate(zip(windows("w3"), windows("f32"))):
    begin = index * STRIDE
    end = min(begin + WINDOW, TOKENS)
    targets = np.arange(max(previous_end, begin + 1), end)
    rows = targets - begin - 1
    p, q = model[rows], reference[rows]
    expected.append({"start": begin, "tokens": end - begin, "likelihoods": -p[np.arange(len(rows)), ids[targets]],
                     "divergences": (np.exp(q) * (q - p)).sum(axis=-1)})
    previous_end = end
assert previous_end == TOKENS

figures = json.loads((folder / "eval.json").read_text())
assert (figures["tokens"], figures["window"], figures["stride"]) == (TOKENS - 1, WINDOW, STRIDE), figures
likelihoods = np.concatenate([window["likelihoods"] for window in expected])
divergences = np.concatenate([window["divergences"] for window in expected])
assert len(likelihoods) == TOKENS - 1
# The file's logits are float16, those of eval are not: half a unit in the last of 11 bits of logits up to about 20,
# which is 0.008, and less in the mean.
assert abs(np.log(figures["perplexity"]) - likelihoods.mean()) < 2e-3, (figures, likelihoods.mean())
assert abs(figures["kl"] - divergences.mean()) < 1e-3 + 0.01 * divergences.mean(), (figures, divergences.mean())

# Every window, by KL.
worst = figures["worst_windows"]
assert sorted(window["start"] for window in worst) == [0, 16, 32, 48, 64], worst
assert [window["kl"] for window in worst] == sorted((window["kl"] for window in worst), reverse=True), worst
for window in worst:
    [other] = [one for one in expected if one["start"] == window["start"]]
    assert window["tokens"] == other["tokens"]
    assert abs(window["negative_log_likelihood"] - other["likelihoods"].mean()) < 5e-3, (window, other)
    assert abs(window["kl"] - other["divergences"].mean()) < 2e-3 + 0.02 * other["divergences"].mean(), (window, other)
    assert 0 <= window["top1"] <= 1 and window["text"], window

# Side by side, tokens have less before them: another figure, or the check above would show nothing.
beside = json.loads((folder / "beside.json").read_text())
assert beside["tokens"] == TOKENS - 3 and beside["stride"] == WINDOW, beside
assert abs(np.log(beside["perplexity"]) - likelihoods.mean()) > 2e-2, (beside, likelihoods.mean())
assert len(beside["worst_windows"]) == 1, beside

# A text is its ids; the driver says which those are when it generates, with the token that begins a text in front.
text, tokens = (json.loads((folder / name).read_text()) for name in ("text.json", "text-tokens.json"))
assert text["tokens"] == tokens["tokens"] > 20, (text, tokens)
assert text["perplexity"] == tokens["perplexity"], (text, tokens)
assert text["worst_windows"][0]["text"].startswith("Once upon a time"), text
