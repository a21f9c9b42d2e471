"""readme.py FIGURES.json [README.md]: writes a table of the README, between its two markers, from what demo.py --json (recipes) or
bench_peers.py --json (peers) wrote."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
END = "<!-- to here. -->\n"
COLUMNS = ("recipe", "MB", "bits per weight", "of linears", "perplexity", "KL to f32", "top-1", "prefill tok/s", "decode tok/s",
           "first token")


def table(columns, rows):
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, *rows)).replace("\n", f"\n|{'---|' * len(columns)}\n", 1)


def divergence(value):
    """Four digits behind the point, or five where these would show nothing; f32 has none to itself."""
    if value == 0:
        return "0"
    return f"{value:.4f}" if value >= 0.0005 else f"{value:.5f}"


def recipe_cells(row):
    recipe = f"`{row['recipe']}`" + (": int8 activations" if row["recipe"].endswith("a8") else "")
    return [recipe, f"{row['megabytes']:.1f}", f"{row['bits_per_weight']:.2f}", f"{row['bits_per_weight_linears']:.2f}",
            f"{row['perplexity']:.3f}", divergence(row["kl"]), "1" if row["top1"] == 1 else f"{row['top1']:.3f}",
            f"{row['prefill_tokens_per_second']:.0f}", f"{row['decode_tokens_per_second']:.0f}",
            f"{1e3 * row['first_token_seconds']:.1f} ms"]


def recipes(rows):
    return table(COLUMNS, map(recipe_cells, rows))


def peers(rows):
    """Our speed over a peer's, for each number of threads."""
    ratios, threads = {}, sorted({row["threads"] for row in rows})
    for row in rows:
        if row.get("against", "").startswith(("llama.cpp", "ONNX Runtime")):
            ratios.setdefault((row["what"], row["against"]), {})[row["threads"]] = "-" if row["value"] is None else f"{row['value']:.2f}x"
    heads = [f"{count} thread{'s' * (count > 1)}" for count in threads]
    return table(("what", "over", *heads), ([*key, *(values.get(count, "") for count in threads)] for key, values in ratios.items()))


TABLES = {"demo": recipes, "peers": peers}


def made_on(machine):
    return f"Speeds: {machine['cpu']}, {machine['cpus']} CPUs, {', '.join(machine['features'])}.\n"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text())
    name = figures.get("benchmark")
    if name not in TABLES:
        sys.exit(f"{sys.argv[1]}: expects figures of {' or '.join(TABLES)}, but got those of {name}")
    readme = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "README.md"
    begin, text = f"<!-- Made by bench/readme.py of {name}: -->\n", readme.read_text()
    before, _, rest = text.partition(begin)
    if text.count(begin) != 1 or END not in rest or "<!-- Made by" in rest.split(END)[0]:
        sys.exit(f"{readme}: expects one line '{begin.strip()}' and a line '{END.strip()}' after it")
    readme.write_text(f"{before}{begin}\n{TABLES[name](figures['rows'])}\n{made_on(figures['machine'])}\n{END}{rest.split(END, 1)[1]}")


main()
