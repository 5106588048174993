"""What bounds each row: arithmetic and traffic counted from its sizes, beside the machine's own rates.

    limits.py [RECORD.json]     the rows of a record of bench.py (default: the newest)

Measures, in this process and on as many threads as the record, the rate of a square single-precision
matrix product and of a sum of two long vectors (PyTorch's), then prints for every row of the record:
floating-point operations, bytes that must come from beyond the second-level cache, the time that either
would take at the measured rate, our time, and the larger of the two bounds as a share of it.
"""

import glob
import json
import statistics
import sys
import time

from rows import CLASSES, SAMPLES, SIDE, WIDTHS

FEATURES = SIDE * SIDE
DENSITY = {"sparse": 0.19, "dense": 1.0}


def best(function, repeats=9):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def machine(threads):
    """(floating-point operations, bytes) a second."""
    import torch

    torch.set_num_threads(threads)
    size = 2048
    a, b = torch.rand(size, size), torch.rand(size, size)
    product = best(lambda: a @ b)
    x, y, z = (torch.rand(1 << 25) for _ in range(3))
    total = best(lambda: torch.add(x, y, out=z))
    return 2 * size**3 / product, 3 * 4 * x.numel() / total


def softmax(row):
    """A gradient and a second-order product are 4 operations per entry and class, and one pass over
    dense features each; sparse features are passed over twice, 6 bytes per entry."""
    kind = row["data"]
    entries = SAMPLES * FEATURES * DENSITY[kind]
    steps, method = row["innerSteps"], row["method"]
    if method in ("cg", "neumann"):
        back = row["solverSteps"] + 1  # the last product is the mixed one, with the solution
    else:
        back = row.get("history", steps)
    products = steps + back
    if method == "bda":
        products *= 2
    size = 4 if kind == "dense" else 2 * 6
    return 4 * entries * CLASSES * products, size * entries * products


def network(row):
    """The first layer alone; its units are written and read once forward and once back."""
    density = DENSITY[row["data"].split("-")[1]]
    products = 2 * row["innerSteps"] * (2 if row["method"] == "bda" else 1)
    entries = SAMPLES * FEATURES * density
    return 4 * entries * WIDTHS[1] * products, 4 * (entries + 2 * SAMPLES * WIDTHS[1]) * products


def convolutions(images, filters=64):
    """One forward pass: (operations, bytes of the layers' outputs)."""
    operations, size, before, side = 0, 0, 1, SIDE
    for _ in range(4):
        operations += 2 * side * side * 9 * before * filters * images
        size += 4 * side * side * filters * images
        before, side = filters, side // 2
    return operations, size


def few_shot(row):
    """Forward and both derivatives of all images once; outputs written once and read twice."""
    images = row["tasks"] * row["ways"] * 16
    operations, size = convolutions(images)
    return 3 * operations, 9 * size


def maml(row):
    """Support images: gradient (3) and its own derivative (6) in every step; queries: a gradient."""
    support = convolutions(row["tasks"] * row["ways"])
    queries = convolutions(row["tasks"] * row["ways"] * 15)
    steps = row["innerSteps"]
    return 9 * steps * support[0] + 3 * queries[0], 27 * steps * support[1] + 9 * queries[1]


def counter_example(row):
    """Two operations per factor: four factors a step there and back (six with both objectives); x, y and
    the cotangents are read and written once."""
    n = int(row["data"].split("-")[1])
    factors = 8 if row["method"] == "bda" else 4
    return 2 * factors * n * row["innerSteps"], 4 * 20 * n


COUNTS = {
    "softmax": softmax, "network": network, "representation": few_shot, "maml": maml,
    "counter-example": counter_example,
}  # fmt: skip


def main():
    records = sys.argv[1:] or sorted(glob.glob("results/runs/performance/performance-*.json"))
    if not records:
        print("No record of bench.py is there: run `make bench` first.", file=sys.stderr)
        return 66
    with open(records[-1]) as file:
        record = json.load(file)
    rate, bandwidth = machine(record["threads"])
    print(f"{record['processor']}, {record['threads']} threads: matrix product "
          f"{rate / 1e9:.0f} GFLOP/s, sum of vectors {bandwidth / 1e9:.1f} GB/s.\n")
    print("| row | GFLOP | GB | s at the product's rate | s at the vectors' | ours s | bound / ours |")
    print("|---|---|---|---|---|---|---|")
    for result in record["results"]:
        if not result.get("seconds"):
            continue
        row = result["parameters"]
        operations, size = COUNTS[row["family"]](row)
        ours = statistics.median(result["seconds"]["ours"])
        bounds = operations / rate, size / bandwidth
        print(f"| {result['row']} | {operations / 1e9:.3g} | {size / 1e9:.3g} | {bounds[0]:.2g} | "
              f"{bounds[1]:.2g} | {ours:.3g} | {100 * max(bounds) / ours:.0f} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
