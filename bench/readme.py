"""readme.py FIGURES.json [README.md]: writes the README's table of recipes, between its two markers, from the figures that
demo.py --json FIGURES.json wrote."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- Made by bench/readme.py: -->\n", "<!-- to here. -->\n"
COLUMNS = ("recipe", "MB", "bits per weight", "of linears", "perplexity", "KL to f32", "top-1", "prefill tok/s", "decode tok/s",
           "first token")


def divergence(value):
    """Four digits behind the point, or five where these would show nothing; f32 has none to itself."""
    if value == 0:
        return "0"
    return f"{value:.4f}" if value >= 0.0005 else f"{value:.5f}"


def line(row):
    recipe = f"`{row['recipe']}`" + (": int8 activations" if row["recipe"].endswith("a8") else "")
    cells = [recipe, f"{row['megabytes']:.1f}", f"{row['bits_per_weight']:.2f}", f"{row['bits_per_weight_linears']:.2f}",
             f"{row['perplexity']:.3f}", divergence(row["kl"]), "1" if row["top1"] == 1 else f"{row['top1']:.3f}",
             f"{row['prefill_tokens_per_second']:.0f}", f"{row['decode_tokens_per_second']:.0f}",
             f"{1e3 * row['first_token_seconds']:.1f} ms"]
    return f"| {' | '.join(cells)} |\n"


def made_on(machine):
    features = ", ".join(feature for feature in machine["features"] if not feature.startswith("amx"))
    return f"Speeds: {machine['cpu']}, {machine['cpus']} CPUs, {features}.\n"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text())
    if figures.get("benchmark") != "demo":
        sys.exit(f"{sys.argv[1]}: expects figures of demo.py, but got those of {figures.get('benchmark')}")
    readme = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "README.md"
    text = readme.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        sys.exit(f"{readme}: expects one line '{BEGIN.strip()}' and one '{END.strip()}' after it")
    before, rest = text.split(BEGIN)
    header = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    table = header + "".join(map(line, figures["rows"])) + "\n" + made_on(figures["machine"])
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}")


main()
