"""How often the 95 % intervals of `hyper-cleaning clean` hold the truth, on simulated data.

    python coverage.py --binary .build/release/hyper-cleaning [--checked 40 60 100 150] [--sets 60]

Each data set: classes round points in a space of six features, of which a softmax regression is the right
model; some labels wrong, drawn evenly among the other classes; checked samples drawn like the others. A row
says of how many sets the interval held the true precision and recall of the suspects, and the true number of
samples to look at for 80 and for 99 % of the wrong labels. Needs numpy and h5py; a few minutes a row.
"""

import argparse
import csv
import re
import subprocess
import tempfile

import h5py
import numpy as np

NUMBER = r"([\d.,]+)"
FOUND = re.compile(
    rf"{NUMBER} % \({NUMBER} % to {NUMBER} %\) are expected to be wrong, and they are expected to hold "
    rf"{NUMBER} % \({NUMBER} % to {NUMBER} %\)")
LOOK = re.compile(
    rf"to find (\d+) % of the wrong labels, look at the first {NUMBER} \(95 %: {NUMBER} to {NUMBER}\)")


def number(text):
    return float(text.replace(",", ""))


def write(path, features, labels):
    with h5py.File(path, "w") as file:
        file["features"] = features.astype(np.float32)
        file["labels"] = labels.astype(np.int64)


def samples(count, classes, generator):
    centres = np.random.default_rng(999).normal(size=(classes, 6))
    truth = generator.integers(0, classes, count)
    truth[:2 * classes] = np.arange(2 * classes) % classes
    return centres[truth] + generator.normal(size=(count, 6)), truth


def one(seed, checked, arguments, folder):
    generator = np.random.default_rng(seed)
    features, truth = samples(arguments.train, arguments.classes, generator)
    given = truth.copy()
    wrong = generator.random(len(truth)) < arguments.wrong
    given[wrong] = (truth[wrong] + generator.integers(1, arguments.classes, wrong.sum())) % arguments.classes
    write(f"{folder}/train.h5", features, given)
    write(f"{folder}/checked.h5", *samples(checked, arguments.classes, generator))
    text = subprocess.run(
        [arguments.binary, "clean", "--train", f"{folder}/train.h5", "--checked", f"{folder}/checked.h5",
         "--output", f"{folder}/out", "--threads", "1"],
        capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(open(f"{folder}/out/weights.csv", newline="")))
    suspect = np.array([row["is_label_issue"] == "True" for row in rows])
    order = np.argsort([int(row["rank"]) for row in rows])
    found = np.cumsum(wrong[order])
    result = {}
    if (match := FOUND.search(text)) and suspect.any():
        values = [number(value) / 100 for value in match.groups()]
        for name, value, at in (("precision", wrong[suspect].mean(), 1), ("recall", suspect[wrong].mean(), 4)):
            # What is printed is rounded.
            result[name] = values[at] - 5e-4 <= value <= values[at + 1] + 5e-4
    for share, _, low, high in LOOK.findall(text):
        needed = np.searchsorted(found, int(share) / 100 * wrong.sum() - 1e-9) + 1
        result[f"{share} %"] = number(low) <= needed <= number(high)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--checked", type=int, nargs="+", default=[40, 60, 100, 150])
    parser.add_argument("--sets", type=int, default=60)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--classes", type=int, default=4)
    parser.add_argument("--wrong", type=float, default=0.25)
    arguments = parser.parse_args()
    names = ["precision", "recall", "80 %", "99 %"]
    print("| checked | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    with tempfile.TemporaryDirectory() as folder:
        for checked in arguments.checked:
            results = [one(1000 + seed, checked, arguments, folder) for seed in range(arguments.sets)]
            cells = []
            for name in names:
                held = [result[name] for result in results if name in result]
                cells.append(f"{sum(held)} of {len(held)}")
            print(f"| {checked} | " + " | ".join(cells) + " |", flush=True)


main()
