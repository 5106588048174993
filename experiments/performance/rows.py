"""The rows of the speed table: what is computed, on which inputs, and how our command is called.

A row is a dictionary: family, method, innerSteps, innerStepSize, alpha (BDA: weights alpha / k and
1 - alpha / k, both directions with the inner step size), and what its family needs besides; with
comparesInDouble, values are compared in double precision. Letters
as in the table: A hyper-cleaning, B network, C few-shot representation, D MAML, E counter-example.
"""

import hashlib
import os
import tempfile

import h5py
import numpy as np

SIDE, CLASSES, SAMPLES = 28, 10, 5000
WIDTHS = [784, 300, 10]


def _softmax(method, steps, data, **more):
    return dict(family="softmax", method=method, innerSteps=steps, innerStepSize=0.1, alpha=0.5,
                data=data, **more)


def _few_shot(family, method, ways, **more):
    return dict(family=family, method=method, ways=ways, alpha=0.5, filters=64, side=28, tasks=4,
                data=f"few-shot-{ways}", **more)


ROWS = {
    **{
        f"A {data} {name}": _softmax(method, steps, data, **more)
        for data in ("sparse", "dense")
        for name, method, steps, more in (
            ("RHG 100", "rhg", 100, {}), ("BDA 100", "bda", 100, {}),
            ("T-RHG 25", "t-rhg", 100, {"history": 25}),
            ("CG 20", "cg", 100, {"solverSteps": 20, "damping": 0.01}),
            ("Neumann 20", "neumann", 100, {"solverSteps": 20}),
            ("RHG 800", "rhg", 800, {}),
        )
    },
    **{
        f"B {data} {method.upper()} {activation}": dict(
            family="network", method=method, innerSteps=20, innerStepSize=0.1, alpha=0.5,
            activation=activation, data=f"network-{data}",
            # A unit on either side of the rectifier's kink, by rounding, has another derivative.
            comparesInDouble=activation == "relu")
        for data, activation in (
            ("sparse", "tanh"), ("sparse", "relu"), ("sparse", "sigmoid"), ("dense", "tanh"))
        for method in ("rhg", "bda")
    },
    **{
        f"C {ways}-way {method.upper()}": _few_shot(
            "representation", method, ways, innerSteps=10, innerStepSize=0.1,
            comparesInDouble=True)
        for ways in (5, 20) for method in ("rhg", "bda")
    },
    "D MAML": _few_shot("maml", "maml", 5, innerSteps=5, innerStepSize=0.1, comparesInDouble=True),
    **{
        f"E n = {n} {method.upper()}": dict(
            family="counter-example", method=method, innerSteps=100, innerStepSize=0.1, alpha=0.5,
            data=f"counter-{n}")
        for n in (1, 10_000, 1_000_000) for method in ("rhg", "bda")
    },
}  # fmt: skip


def command(row, binaries, inputs, output, threads, repeats):
    """Our command for a row, as a list of arguments."""
    common = [
        "--inputs", inputs, "--output", output, "--method", row["method"],
        "--inner-steps", str(row["innerSteps"]), "--inner-step-size", str(row["innerStepSize"]),
        "--threads", str(threads), "--repeats", str(repeats),
    ]  # fmt: skip
    weights = ["--alpha", str(row["alpha"])]
    if row["family"] == "softmax":
        extra = [part
                 for key, name in (("history", "history"), ("solverSteps", "solver-steps"),
                                   ("damping", "damping")) if key in row
                 for part in (f"--{name}", str(row[key]))]  # fmt: skip
        return [os.path.join(binaries, "hyper-cleaning"), "hypergradient", *common, *weights,
                "--solver-tolerance", "0" if "solverSteps" in row else "1e-8",
                "--trajectory-megabytes", "256", *extra]  # fmt: skip
    if row["family"] in ("representation", "maml"):
        return [os.path.join(binaries, "few-shot"), "hypergradient", *common, *weights,
                "--halving", "max-pool"]  # fmt: skip
    activation = ["--activation", row["activation"]] if "activation" in row else []
    program = "hyper-cleaning" if row["family"] == "network" else "counter-example"
    return [os.path.join(binaries, program), "hypergradient", *common, *weights,
            "--trajectory-megabytes", "1024", *activation]  # fmt: skip


# ------------------------------------------------------------------------------------- inputs


def _digits(random, count):
    """Smooth blobs of which 19 % are not zero, as clumped as handwritten digits are."""
    pixels = random.normal(size=(count, SIDE, SIDE)).astype(np.float32)
    for axis in (1, 2):
        for _ in range(3):
            pixels = (np.roll(pixels, 1, axis) + pixels + np.roll(pixels, -1, axis)) / 3
    flat = pixels.reshape(count, -1)
    flat = np.maximum(flat - np.quantile(flat, 0.81, axis=1, keepdims=True), 0)
    return (flat / flat.max(axis=1, keepdims=True)).astype(np.float32)


def _samples(file, random, data):
    for group in ("train", "validation"):
        features = (
            random.random((SAMPLES, SIDE * SIDE), dtype=np.float32) - 0.5
            if "dense" in data else _digits(random, SAMPLES)
        )  # fmt: skip
        # Labels that a linear rule explains in part: logits grow, as they do in training.
        scores = features @ random.normal(size=(SIDE * SIDE, CLASSES)).astype(np.float32)
        labels = scores.argmax(axis=1)
        wrong = random.random(SAMPLES) < 0.3
        labels[wrong] = random.integers(0, CLASSES, int(wrong.sum()))
        file[f"{group}/features"] = features
        file[f"{group}/labels"] = labels.astype(np.uint8)
    file["x"] = random.normal(size=SAMPLES).astype(np.float32)


def inputs_folder():
    """Where inputs are kept from one call to the next: another place for every version of this file."""
    with open(__file__, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:12]
    return os.path.join(tempfile.gettempdir(), f"bda-performance-{version}")


def write_inputs(data, path):
    """Writes the inputs of the given name, unless they are there."""
    if os.path.exists(path):
        return
    random = np.random.default_rng(7)
    temporary = f"{path}.{os.getpid()}.partial"
    with h5py.File(temporary, "w") as file:
        if data in ("sparse", "dense"):
            _samples(file, random, data)
            file["y0/weights"] = np.zeros((SIDE * SIDE, CLASSES), np.float32)
            file["y0/bias"] = np.zeros(CLASSES, np.float32)
        elif data.startswith("network"):
            _samples(file, random, data)
            for layer, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:]), 1):
                bound = np.sqrt(6 / (inputs + outputs))
                file[f"y0/weights{layer}"] = random.uniform(
                    -bound, bound, (inputs, outputs)).astype(np.float32)
                file[f"y0/bias{layer}"] = np.zeros(outputs, np.float32)
        elif data.startswith("counter"):
            n = int(data.split("-")[1])
            for name in ("x", "y0/y1", "y0/y2"):
                file[name] = random.normal(size=n).astype(np.float32)
        else:
            _episodes(file, random, int(data.split("-")[-1]))
    os.replace(temporary, path)


def _episodes(file, random, ways, tasks=4, filters=64, shots=1, queries=15):
    before, side = 1, SIDE
    for block in range(4):
        bound = np.sqrt(6 / (9 * (before + filters)))
        file[f"x/conv{block}"] = random.uniform(
            -bound, bound, (filters, before, 3, 3)).astype(np.float32)
        file[f"x/gamma{block}"] = np.ones(filters, np.float32)
        file[f"x/beta{block}"] = np.zeros(filters, np.float32)
        before, side = filters, side // 2
    width = before * side * side
    file["x/head/weights"] = (random.normal(size=(width, ways)) / np.sqrt(width)).astype(np.float32)
    file["x/head/bias"] = np.zeros(ways, np.float32)
    for group, count in (("support", shots * ways), ("query", queries * ways)):
        file[f"{group}/images"] = random.random((tasks, count, SIDE, SIDE), dtype=np.float32)
        file[f"{group}/labels"] = np.stack(
            [np.arange(count) % ways for _ in range(tasks)]).astype(np.uint8)
