"""How our commands scale: seconds of one hypergradient over K, n and threads.

    scaling.py --binaries DIR [--rounds 3] [LINE ...]

Every line varies one of the three; its cells are asked for in turn, round after round, and the medians
are printed with their ratios to the first cell, least to largest. The last line sets one-stage methods
beside those they stand for. With names, only lines that begin so are measured. Dense softmax regression (K, n, threads) and the
counter-example (n). Inputs are made from a seed, as those of bench.py.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy as np

from rows import ROWS, SAMPLES, command, write_inputs


def shortened(source, target, samples):
    """The first so many samples of a file of softmax regression, repeated where there are too few."""
    with h5py.File(source) as given, h5py.File(target, "w") as file:
        rows = np.arange(samples) % SAMPLES
        for group in ("train", "validation"):
            file[f"{group}/features"] = given[f"{group}/features"][()][rows]
            file[f"{group}/labels"] = given[f"{group}/labels"][()][rows]
        file["x"] = given["x"][()][rows]
        for name in ("y0/weights", "y0/bias"):
            file[name] = given[name][()]


def seconds(row, binaries, inputs, output, threads, repeats=5):
    done = subprocess.run(
        command(row, binaries, inputs, output, threads, repeats), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    with h5py.File(output) as file:
        return float(file.attrs["secondsMedian"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("lines", nargs="*", metavar="LINE")
    options = parser.parse_args()
    most = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, f"{name}.h5")
        write_inputs("dense", path("dense"))
        write_inputs("sparse", path("sparse"))
        for samples in (500, 1_000, 20_000):
            shortened(path("dense"), path(f"dense-{samples}"), samples)
        for n in (1, 100, 10_000, 1_000_000):
            write_inputs(f"counter-{n}", path(f"counter-{n}"))
        dense, small = ROWS["A dense RHG 100"], ROWS["E n = 1 RHG"]
        sparse = ROWS["A sparse RHG 100"]
        lines = {
            "A dense RHG over K, n = 5,000": [
                (f"{k}", {**dense, "innerSteps": k}, "dense", most) for k in (25, 50, 100, 200)],
            "A dense RHG over n, K = 100": [
                (f"{n:,}", dense, name, most)
                for n, name in ((500, "dense-500"), (1_000, "dense-1000"), (5_000, "dense"),
                                (20_000, "dense-20000"))],
            "A dense RHG over threads": [
                (f"{t}", dense, "dense", t) for t in range(1, most + 1)],
            "E RHG over n, K = 100": [
                (f"{n:,}", small, f"counter-{n}", most) for n in (1, 100, 10_000, 1_000_000)],
            "E RHG over K, n = 10,000": [
                (f"{k:,}", {**small, "innerSteps": k}, "counter-10000", most)
                for k in (10, 100, 1_000)],
            "E n = 1,000,000 over threads": [
                (f"{t}", small, "counter-1000000", t) for t in range(1, most + 1)],
            "One-stage methods, A sparse, K = 100, one thread": [
                (method, {**sparse, "method": method}, "sparse", 1)
                for method in ("rhg", "one-stage", "bda", "one-stage-bda")],
        }  # fmt: skip
        for title, cells in lines.items():
            if options.lines and not title.startswith(tuple(options.lines)):
                continue
            measured = {name: [] for name, *_ in cells}
            for _ in range(options.rounds):
                for name, row, inputs, threads in cells:
                    measured[name].append(
                        seconds(row, options.binaries, path(inputs), path("result"), threads))
            print(f"\n{title}\n\n| | s | to the first |\n|---|---|---|")
            first = measured[cells[0][0]]
            for name, values in measured.items():
                ratios = [b / a for a, b in zip(first, values)]
                spread = f" ({min(ratios):.3g} to {max(ratios):.3g})" if values is not first else ""
                print(f"| {name} | {statistics.median(values):.3g} "
                      f"| {statistics.median(ratios):.3g}{spread} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
