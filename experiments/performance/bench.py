"""Our commands beside JAX and PyTorch: the same inputs, values compared first, then alternating rounds.

    bench.py --binaries DIR [--before DIR] [--rounds 3] [--threads 2] [--output DIR] [ROW ...]

A row is named by the beginning of its name (`A`, `B sparse`, `E n = 1 RHG`); all rows without one.
Each row first proves that upper value and hypergradient agree (TOLERANCE, relative to the largest
component; in single precision, or in double for the rows that say so); a row that does not is reported and not timed. Then every round asks
each program in turn for a few evaluations; ratios are taken within a round, and their median over the
rounds is reported: on a busy machine the ratios count, not the seconds. `--before` names a second
folder of our commands, of another commit, to compare with as if it were a peer.

Writes OUTPUT/performance-TIME.json (everything) and OUTPUT/performance.md (the table).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

from rows import ROWS, command, inputs_folder, write_inputs

FOLDER = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 1e-4
# Seconds of one program in one round.
ROUND = 1.0


class Peer:
    """A peer's process, compiled and warm, that answers with seconds."""

    def __init__(self, name, row, inputs, output, threads, double=False):
        arguments = [os.path.join(FOLDER, f"peer_{name}.py"), row, inputs, output, str(threads)]
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=FOLDER,
            env={**os.environ, "BDA_DOUBLE": "1" if double else "0"})  # fmt: skip
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"peer_{name}.py failed: {self.process.stderr.read()[-2000:]}")

    def seconds(self, repeats):
        self.process.stdin.write(f"{repeats}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.peak = answer["peakBytes"]
        return statistics.median(answer["seconds"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """Our command: a process a round; what is read and written is not part of its seconds."""

    def __init__(self, row, binaries, inputs, output, threads):
        self.arguments = lambda repeats: command(
            ROWS[row], binaries, inputs, output, threads, repeats)
        self.output = output
        # The first evaluation also pays for what a process does once.
        self.seconds(2)

    def seconds(self, repeats):
        done = subprocess.run(self.arguments(max(2, repeats)), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(self.arguments(repeats))}: {done.stderr[-2000:]}")
        with h5py.File(self.output) as file:
            self.peak = int(file.attrs["peakResidentBytes"])
            return float(file.attrs["secondsMedian"])

    def close(self):
        pass


def deviation(path, other):
    """The largest difference of upper value and hypergradient, relative to the largest component."""
    worst = 0.0
    with h5py.File(path) as file, h5py.File(other) as expected:
        names = ["upperValue"]
        expected.visititems(
            lambda name, item: names.append(name)
            if isinstance(item, h5py.Dataset) and name.startswith("hypergradient") else None)  # fmt: skip
        scale = max(float(np.abs(expected[n][()]).max()) for n in names[1:])
        for name in names:
            size = abs(float(expected[name][()])) if name == "upperValue" else scale
            difference = float(np.abs(file[name][()] - expected[name][()]).max()) / size
            # Not `max`, for which 0 is larger than a value that is not a number.
            worst = float(np.maximum(worst, difference))
    return worst


def measure(name, options, folder):
    row = ROWS[name]
    inputs = os.path.join(options.inputs, f"{row['data']}.h5")
    write_inputs(row["data"], inputs)
    output = lambda program: os.path.join(folder, f"{program}.h5")
    result = {"row": name, "parameters": row, "deviations": {}, "seconds": {}, "peakBytes": {}}
    programs = {"ours": Ours(name, options.binaries, inputs, output("ours"), options.threads)}
    try:
        if options.before:
            programs["before"] = Ours(name, options.before, inputs, output("before"), options.threads)
        for peer in options.peers:
            programs[peer] = Peer(peer, name, inputs, output(peer), options.threads)
        for program in programs:
            if program != "ours":
                result["deviations"][program] = deviation(output("ours"), output(program))
        if row.get("comparesInDouble"):
            # Single precision cannot: which pixel of a window is the largest, and whether it is
            # positive, turns on the last bit, and five steps with second derivatives amplify that.
            result["singleDeviations"] = dict(result["deviations"])
            subprocess.run(
                [*command(row, options.binaries, inputs, output("double"), options.threads, 1),
                 "--scalar", "double"], check=True, capture_output=True)  # fmt: skip
            if options.before:
                subprocess.run(
                    [*command(row, options.before, inputs, output("before"), options.threads, 1),
                     "--scalar", "double"], check=True, capture_output=True)  # fmt: skip
                result["deviations"]["before"] = deviation(output("double"), output("before"))
            for peer in options.peers:
                Peer(peer, name, inputs, output(peer), options.threads, double=True).close()
                result["deviations"][peer] = deviation(output("double"), output(peer))
        result["agrees"] = all(d <= TOLERANCE for d in result["deviations"].values())
        if not result["agrees"]:
            return result
        counts = {}
        for program, process in programs.items():
            once = process.seconds(2)
            counts[program] = int(min(200, max(1, ROUND / max(once, 1e-9))))
        for _ in range(options.rounds):
            for program, process in programs.items():
                result["seconds"].setdefault(program, []).append(process.seconds(counts[program]))
        for program, process in programs.items():
            result["peakBytes"][program] = process.peak
    finally:
        for process in programs.values():
            process.close()
    ours = result["seconds"]["ours"]
    result["ratios"] = {
        program: [other / mine for other, mine in zip(seconds, ours)]
        for program, seconds in result["seconds"].items() if program != "ours"}  # fmt: skip
    return result


def table(results, options):
    programs = (["before"] if options.before else []) + options.peers
    lines = [
        "| row | ours s | " + " | ".join(f"{p} / ours" for p in programs) + " | peak MB (ours, "
        + ", ".join(programs) + ") | largest deviation |",
        "|---|---|" + "---|" * len(programs) + "---|---|",
    ]
    for result in results:
        if not result.get("agrees"):
            worst = result.get("error") or f"values differ: {result['deviations']}"
            lines.append(f"| {result['row']} | - |" + " - |" * len(programs) + f" - | {worst} |")
            continue
        cells = [f"{statistics.median(result['seconds']['ours']):.4g}"]
        for program in programs:
            ratios = result["ratios"][program]
            cells.append(
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        peaks = [f"{result['peakBytes'][p] / 1e6:.0f}" for p in ["ours", *programs]]
        worst = max(result["deviations"].values(), default=0)
        lines.append(
            f"| {result['row']} | {' | '.join(cells)} | {', '.join(peaks)} | {worst:.0e} |")
    return "\n".join(lines) + "\n"


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--before")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", default="jax,torch", help="jax, torch, or empty for none")
    parser.add_argument("--inputs", default=inputs_folder())
    parser.add_argument("--output", default="results/runs/performance")
    options = parser.parse_args()
    options.peers = [peer for peer in options.peers.split(",") if peer]
    chosen = [n for n in ROWS if not options.rows or any(n.startswith(r) for r in options.rows)]
    if not chosen:
        print(f"No row begins with {options.rows}; rows: {', '.join(ROWS)}", file=sys.stderr)
        return 64
    os.makedirs(options.inputs, exist_ok=True)
    os.makedirs(options.output, exist_ok=True)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            try:
                results.append(measure(name, options, folder))
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as error:
                results.append({"row": name, "agrees": False, "error": str(error)})
            print(table(results[-1:], options).splitlines()[-1], flush=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    record = {
        # What `report` knows it by, and leaves to others.
        "record": "performance",
        "processor": processor(), "threads": options.threads, "rounds": options.rounds,
        "time": stamp, "load": os.getloadavg(), "results": results,
    }  # fmt: skip
    with open(os.path.join(options.output, f"performance-{stamp}.json"), "w") as file:
        json.dump(record, file, indent=2)
    with open(os.path.join(options.output, "performance.md"), "w") as file:
        file.write(f"{record['processor']}, {options.threads} threads, single precision; medians of "
                   f"{options.rounds} rounds (least to largest).\n\n{table(results, options)}")
    return 0 if all(result.get("agrees") for result in results) else 2


if __name__ == "__main__":
    sys.exit(main())
