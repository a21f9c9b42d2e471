"""`qopt eval`: perplexity of the f32 artifacts is 7.5403, the divergence between them is none."""

import json

import common

report = common.Report()


def evaluate(name, recipe, *arguments):
    tokens = common.EXAMPLE / "eval_tokens.npy"
    result = common.qopt("eval", common.artifact(name, recipe), "--tokens", tokens, "--window", 256, "--json", *arguments)
    return json.loads(result.stdout)


reference = common.artifact("dynamo-opset18")
common.onnx_path("dynamo-opset18")
# Perplexity and largest KL divergence from the f32 artifact of dynamo-opset18. The float32 files hold the same values;
# dynamo-f16 has another attention scale; the checkpoint's values are float16, so recipe f16 changes nothing.
for name, recipe, perplexity, tolerance, kl in [
    ("dynamo-opset18", "f32", 7.5403, 5e-4, 1e-9),
    ("optimum-opset17", "f32", 7.5403, 5e-4, 1e-8),
    ("dynamo-opset23", "f32", 7.5403, 5e-4, 1e-8),
    ("dynamo-f16", "f32", 7.5403, 5e-4, 1e-5),
    ("dynamo-opset18", "f16", 7.5403, 5e-4, 1e-5),
    ("dynamo-opset18", "bf16", 7.5403, 2e-2, 1e-3),
]:
    figures = evaluate(name, recipe, "--reference", reference)
    print(name, recipe, figures)
    report.check(abs(figures["perplexity"] - perplexity) <= tolerance, f"{name} {recipe}: perplexity {figures['perplexity']}")
    report.check(-1e-9 <= figures["kl"] <= kl, f"{name} {recipe}: kl {figures['kl']}")
    report.check(figures["top1"] >= (0.98 if recipe == "bf16" else 0.999), f"{name} {recipe}: top1 {figures['top1']}")
    report.check(figures["tokens"] == 81600, f"{name} {recipe}: {figures['tokens']} tokens")
report.finish()
