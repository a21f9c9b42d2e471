"""qopt against llama.cpp, ONNX Runtime and the machine: one table of ratios, with the goals and floors that they are measured by.

Builds what it needs in the cache (llama.cpp, once; models and artifacts, 20 GB together) and measures in parts. All that is compared runs in
turn: figures are medians of the runs, shares of what the machine can do medians of shares measured at once. Goals hold for
machines with VNNI and without AMX; with AMX, llama.cpp is built both ways. Where a peer is missing, a line says so and the table has "-".
"""

import argparse
import pathlib

import common
from peers import decoder, graphs, tinystories
from peers.ceilings import MAX_THREADS, Ceilings
from peers.figures import Figures, plot

PARTS = {
    "speed": decoder.measure_speed, "batches": decoder.measure_batches, "context": decoder.measure_context,
    "neighbour": decoder.measure_neighbour, "layer": graphs.measure_layer, "encoder": graphs.measure_encoder,
    "float": graphs.measure_float, "compile": decoder.measure_compile, "tinystories": tinystories.measure,
}


def report(options, ceilings, figures):
    rows = ceilings.rows()
    print("\nceilings, medians (least to most):")
    for row in rows:
        print("{ceiling:24} {threads} thread{0} {median:9.1f} {unit} ({least:.1f} to {most:.1f})".format("s" * (row["threads"] > 1), **row))
    for name, artifact in figures.artifacts.items():
        print("{0:24} runs as {isa}, {huge_pages:.0%} of its mapped weights in huge pages".format(name, **artifact))
    print(f"\n{figures.table()}\n")
    if "amx_int8" in common.cpu_flags():
        print("This CPU has AMX, which llama.cpp and ONNX Runtime's int8 use: goals are for CPUs without it.")
    common.write(options, "peers", [*rows, *figures.rows()], artifacts=figures.artifacts)
    if options.plot:
        options.plot.write_text(plot(figures, f"qopt over its peers: {common.machine()['cpu']}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.use_tools(parser)
    parser.add_argument("--plot", metavar="FILE", type=common.output_file, help="also draws our speed over the peers', as SVG")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts (default: all)")
    parser.add_argument("--threads", type=common.count(MAX_THREADS), nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=common.count(1000), default=5, help="of each measurement (default 5)")
    parser.add_argument("--quick", action="store_true", help="at most three runs, to try it out")
    parser.add_argument("--work", type=pathlib.Path, default=common.WORK / "peers", help="where artifacts go, 10 GB")
    options = common.parse(parser)
    if options.quick:
        options.runs = min(options.runs, 3)
    try:
        options.work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --work: {error}")
    ceilings, figures = Ceilings(), Figures()
    try:
        for name in options.only:
            for threads in options.threads:
                ceilings.measure(threads)
            try:
                PARTS[name](options, ceilings, figures)
            except common.Missing as error:
                print(f"{name} is left out: {error}", flush=True)
    finally:  # whatever ends it, the parts before were measured
        report(options, ceilings, figures)


if __name__ == "__main__":
    main()
