#!/usr/bin/env python3
"""Hypergradients of every method, recomputed by JAX in float64.

An oracle for the Swift library: problems are read from an HDF5 file, every derivative comes from
JAX's own differentiation of the loop written out, and linear systems are materialised and solved
densely, so nothing here follows the library's algorithms.

    cross_check.py inputs   INPUTS            write seeded problems
    cross_check.py compute  INPUTS EXPECTED   write the values that the Swift tests read
    cross_check.py compare  INPUTS EXPECTED   recompute and compare with what is stored

Exit codes: 0 equal, 2 outside the tolerance, 64 usage, 65 a file that does not fit, 66 file missing.
"""

import argparse
import os
import sys
import tempfile

import h5py
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

jax.config.update("jax_enable_x64", True)

# Recomputation differs only by the order in which sums are rounded.
TOLERANCE = 1e-12


# --------------------------------------------------------------------------- problems


def cross_entropies(scores, labels):
    return jax.nn.logsumexp(scores, axis=1) - scores[jnp.arange(labels.shape[0]), labels]


class Softmax:
    """f = mean of sigmoid(x_i) CE_i over training rows, F = mean CE over validation rows."""

    name = "softmax"

    def __init__(self, group):
        read = lambda key: np.asarray(group[key])
        self.train = (read("train/features"), read("train/labels").astype(int))
        self.validation = (read("validation/features"), read("validation/labels").astype(int))
        self.x = [jnp.asarray(read("x"))]
        self.start = [jnp.asarray(read("y0/weights")), jnp.asarray(read("y0/bias"))]

    def lower(self, x, y):
        features, labels = self.train
        return jnp.mean(
            jax.nn.sigmoid(x[0]) * cross_entropies(features @ y[0] + y[1], labels)
        )

    def upper(self, x, y):
        features, labels = self.validation
        return jnp.mean(cross_entropies(features @ y[0] + y[1], labels))

    @staticmethod
    def write(group, random):
        rows, validation, width, classes = 12, 9, 5, 3
        group["train/features"] = random.normal(size=(rows, width))
        group["train/labels"] = random.integers(classes, size=rows).astype(np.uint8)
        group["validation/features"] = random.normal(size=(validation, width))
        group["validation/labels"] = random.integers(classes, size=validation).astype(np.uint8)
        group["x"] = random.normal(size=rows)
        group["y0/weights"] = 0.3 * random.normal(size=(width, classes))
        group["y0/bias"] = 0.3 * random.normal(size=classes)


class Network:
    """Two layers, tanh between them; x holds sample weights and the logarithm of a ridge penalty."""

    name = "network"

    def __init__(self, group):
        read = lambda key: np.asarray(group[key])
        self.train = (read("train/features"), read("train/labels").astype(int))
        self.validation = (read("validation/features"), read("validation/labels").astype(int))
        self.x = [jnp.asarray(read("x/weights")), jnp.asarray(read("x/penalty"))]
        self.start = [
            jnp.asarray(read(f"y0/{key}")) for key in ("weights1", "bias1", "weights2", "bias2")
        ]

    @staticmethod
    def scores(y, features):
        return jnp.tanh(features @ y[0] + y[1]) @ y[2] + y[3]

    def lower(self, x, y):
        features, labels = self.train
        loss = jnp.mean(jax.nn.sigmoid(x[0]) * cross_entropies(self.scores(y, features), labels))
        return loss + 0.5 * jnp.exp(x[1]) * (jnp.sum(y[0] ** 2) + jnp.sum(y[2] ** 2))

    def upper(self, x, y):
        features, labels = self.validation
        loss = jnp.mean(cross_entropies(self.scores(y, features), labels))
        return loss + 0.01 * jnp.sum(x[0] ** 2)

    @staticmethod
    def write(group, random):
        rows, validation, width, hidden, classes = 10, 8, 4, 3, 3
        group["train/features"] = random.normal(size=(rows, width))
        group["train/labels"] = random.integers(classes, size=rows).astype(np.uint8)
        group["validation/features"] = random.normal(size=(validation, width))
        group["validation/labels"] = random.integers(classes, size=validation).astype(np.uint8)
        group["x/weights"] = random.normal(size=rows)
        group["x/penalty"] = -2.0
        group["y0/weights1"] = 0.5 * random.normal(size=(width, hidden))
        group["y0/bias1"] = 0.1 * random.normal(size=hidden)
        group["y0/weights2"] = 0.5 * random.normal(size=(hidden, classes))
        group["y0/bias2"] = 0.1 * random.normal(size=classes)


class CounterExample:
    """F = 1/2 |x - y2|^2 + 1/2 |y1 - 1|^2, f = 1/2 |y1|^2 - x'y1: S(x) is not a single point."""

    name = "counter-example"

    def __init__(self, group):
        self.x = [jnp.asarray(np.asarray(group["x"]))]
        self.start = [jnp.asarray(np.asarray(group[f"y0/{key}"])) for key in ("y1", "y2")]

    def lower(self, x, y):
        return 0.5 * jnp.sum(y[0] ** 2) - jnp.sum(x[0] * y[0])

    def upper(self, x, y):
        return 0.5 * jnp.sum((x[0] - y[1]) ** 2) + 0.5 * jnp.sum((y[0] - 1) ** 2)

    @staticmethod
    def write(group, random):
        group["x"] = random.normal(size=4)
        group["y0/y1"] = random.normal(size=4)
        group["y0/y2"] = random.normal(size=4)


PROBLEMS = (Softmax, Network, CounterExample)


# --------------------------------------------------------------------------- inner loops


def weights(case, k):
    """(a_k, b_k) by the published formulas, k = 1, 2, ..."""
    alpha = case["alpha"]
    return {
        "harmonic": (alpha / k, 1 - alpha / k),
        "shifted-harmonic": (alpha / (k + 1), 1 - alpha / (k + 1)),
        "constant": (alpha, 1 - alpha),
        "journal": (alpha / (k + 1), 1 - alpha),
        "official-code": (alpha * 0.9 ** (k - 1), 1 - alpha),
        "geometric": (alpha * 0.9 ** (k - 1), 1 - alpha * 0.9 ** (k - 1)),
    }[case["schedule"]]


def aggregates(case):
    return "bda" in case["preset"]


def combine(scale, tree, other_scale, other):
    return jax.tree.map(lambda a, b: scale * a + other_scale * b, tree, other)


def descend(problem, case, k, x, y):
    s_u, s_l = case["upperStepSize"], case["innerStepSize"]
    if not aggregates(case):
        return combine(1.0, y, -s_l, jax.grad(problem.lower, 1)(x, y))
    a, b = weights(case, k)
    mixed = lambda y: a * s_u * problem.upper(x, y) + b * s_l * problem.lower(x, y)
    return combine(1.0, y, -1.0, jax.grad(mixed)(y))


def trajectory(problem, case, x, start, first=1, last=None):
    """y after steps first ... last, all of them."""
    states, y, previous = [start], start, start
    for k in range(first, (last or case["innerSteps"]) + 1):
        following = descend(problem, case, k, x, y)
        if case["preset"] == "heavy-ball-rhg":
            momentum = case["innerMomentum"]
            following = jax.tree.map(
                lambda n, c, p: n + momentum * (c - p), following, y, previous
            )
        previous, y = y, following
        states.append(y)
    return states


# --------------------------------------------------------------------------- hypergradients


def through_loop(problem, case, x):
    outer = lambda x: problem.upper(x, trajectory(problem, case, x, problem.start)[-1])
    derivative = jax.jacfwd if case["preset"] in ("fhg", "f-bda") else jax.grad
    return derivative(outer)(x)


def truncated(problem, case, x):
    steps, history = case["innerSteps"], case["history"]
    before = problem.start
    if history < steps:
        before = trajectory(problem, case, x, problem.start, 1, steps - history)[-1]
    before = jax.lax.stop_gradient(before)

    def outer(x):
        end = trajectory(problem, case, x, before, steps - history + 1, steps)[-1]
        return problem.upper(x, end)

    return jax.grad(outer)(x)


def implicit(problem, case, x):
    """Everything flat and dense: the Hessian, the mixed block, and the solve."""
    y = trajectory(problem, case, x, problem.start)[-1]
    flat_x, unravel_x = ravel_pytree(x)
    flat_y, unravel_y = ravel_pytree(y)
    share = case["alpha"] if aggregates(case) else 0.0
    ratio = case["upperStepSize"] / case["innerStepSize"]

    def objective(x, y):
        x, y = unravel_x(x), unravel_y(y)
        return share * ratio * problem.upper(x, y) + (1 - share) * problem.lower(x, y)

    hessian = jax.hessian(objective, 1)(flat_x, flat_y)
    mixed = jax.jacfwd(jax.grad(objective, 0), 1)(flat_x, flat_y)
    top_x, top_y = jax.grad(
        lambda x, y: problem.upper(unravel_x(x), unravel_y(y)), (0, 1)
    )(flat_x, flat_y)
    system = hessian + case["damping"] * jnp.eye(hessian.shape[0])
    if case["preset"] in ("neumann", "bda-neumann", "fixed-point"):
        contraction = jnp.eye(system.shape[0]) - case["innerStepSize"] * system
        powers = [jnp.linalg.matrix_power(contraction, j) for j in range(case["solverSteps"])]
        adjoint = case["innerStepSize"] * sum(powers) @ top_y
    else:
        adjoint = jnp.linalg.solve(system, top_y)
    return unravel_x(top_x - mixed @ adjoint)


def one_stage(problem, case, x):
    y = trajectory(problem, case, x, problem.start)[-1]
    delta = jax.grad(problem.upper, 1)(x, y)
    epsilon = case["oneStageRadius"] / jnp.sqrt(sum(jnp.sum(d**2) for d in delta))
    share = case["alpha"] if aggregates(case) else 0.0

    def step_objective(x, y):
        return share * case["upperStepSize"] * problem.upper(x, y) + (1 - share) * case[
            "innerStepSize"
        ] * problem.lower(x, y)

    slope = lambda side: jax.grad(step_objective)(x, combine(1.0, y, side * epsilon, delta))
    difference = combine(1 / (2 * epsilon), slope(1.0), -1 / (2 * epsilon), slope(-1.0))
    return combine(1.0, jax.grad(problem.upper)(x, y), -1.0, difference)


def pessimistic(problem, case, joint):
    """The upper variable is (x, y0); the largest F along the trajectory is differentiated."""

    def worst(joint):
        x, start = joint[: len(problem.x)], joint[len(problem.x) :]
        states = trajectory(problem, case, x, start)[1:]
        return jnp.max(jnp.stack([problem.upper(x, y) for y in states]))

    return jax.grad(worst)(joint)


def value_function(problem, case, joint):
    """The upper variable is (x, y); w is where the inner loop ends, and is held constant."""
    x = joint[: len(problem.x)]
    w = trajectory(problem, case, x, joint[len(problem.x) :])[-1]
    upper = lambda joint: problem.upper(joint[: len(problem.x)], joint[len(problem.x) :])
    gap = lambda joint: problem.lower(
        joint[: len(problem.x)], joint[len(problem.x) :]
    ) - problem.lower(joint[: len(problem.x)], w)
    descent, slope = jax.grad(upper)(joint), jax.grad(gap)(joint)
    multiplier = case["penaltyWeight"]
    if case["preset"] == "bome":
        inner = sum(jnp.sum(a * b) for a, b in zip(descent, slope))
        squared = sum(jnp.sum(b**2) for b in slope)
        multiplier = jnp.maximum(0.0, (case["barrierRatio"] * squared - inner) / squared)
    return combine(1.0, descent, multiplier, slope)


def evaluate(problem, case):
    """(hypergradient, F, y) of one case."""
    preset = case["preset"]
    end = trajectory(problem, case, problem.x, problem.start)[-1]
    joint = problem.x + problem.start
    if preset in ("rhg", "fhg", "bda", "f-bda", "heavy-ball-rhg"):
        hypergradient = through_loop(problem, case, problem.x)
    elif preset in ("t-rhg", "t-bda"):
        hypergradient = truncated(problem, case, problem.x)
    elif preset in ("cg", "neumann", "fixed-point", "bda-cg", "bda-neumann"):
        hypergradient = implicit(problem, case, problem.x)
    elif preset in ("one-stage", "one-stage-bda"):
        hypergradient = one_stage(problem, case, problem.x)
    elif preset == "iaptt":
        hypergradient = pessimistic(problem, case, joint)
    else:
        hypergradient, end = value_function(problem, case, joint), problem.start
    return hypergradient, problem.upper(problem.x, end), end


# Parameters of every case; a case stores those that it changes.
COMMON = {
    "innerSteps": 6, "innerStepSize": 0.3, "upperStepSize": 0.4, "schedule": "harmonic",
    "alpha": 0.6, "history": 3, "innerMomentum": 0.5, "solverSteps": 10, "damping": 0.0,
    "oneStageRadius": 0.01, "penaltyWeight": 1.5, "barrierRatio": 0.5,
}  # fmt: skip


def cases():
    """What every case changes, by the case's name."""
    result = {
        preset: {"preset": preset}
        for preset in (
            "rhg", "t-rhg", "fhg", "neumann", "fixed-point", "one-stage", "heavy-ball-rhg", "t-bda",
            "f-bda", "one-stage-bda", "bda-neumann", "iaptt", "v-pbgd", "bome",
        )
    }  # fmt: skip
    # Damped, because neither the network nor the counter-example has a definite Hessian.
    for preset in ("cg", "bda-cg"):
        result[preset] = {"preset": preset, "damping": 0.5, "solverSteps": 200}
    for schedule in (
        "harmonic", "shifted-harmonic", "constant", "journal", "official-code", "geometric"
    ):  # fmt: skip
        result[f"bda-{schedule}"] = {"preset": "bda", "schedule": schedule}
    return result


# --------------------------------------------------------------------------- files


def write_atomically(path, fill):
    """Fills a temporary file in the same folder and renames it."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    os.close(handle)
    try:
        with h5py.File(temporary, "w") as file:
            fill(file)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_inputs(path):
    def fill(file):
        for index, problem in enumerate(PROBLEMS):
            problem.write(file.create_group(problem.name), np.random.default_rng(100 + index))

    write_atomically(path, fill)


def results(inputs):
    """Yields (problem/case, what the case changes, one row of hypergradient, F and y)."""
    with h5py.File(inputs, "r") as file:
        problems = [problem(file[problem.name]) for problem in PROBLEMS]
    for problem in problems:
        # Compiled once; run step by step they would be dispatched operation by operation.
        problem.lower, problem.upper = jax.jit(problem.lower), jax.jit(problem.upper)
        for name, changes in cases().items():
            hypergradient, value, lower = evaluate(problem, COMMON | changes)
            row = ravel_pytree((hypergradient, value, lower))[0]
            yield f"{problem.name}/{name}", changes, np.asarray(row)


def compute(inputs, expected):
    def fill(file):
        file.attrs["source"] = f"cross_check.py with JAX {jax.__version__}"
        for key, value in COMMON.items():
            file.attrs[key] = value
        for name, changes, row in results(inputs):
            file[name] = row
            for key, value in changes.items():
                file[name].attrs[key] = value

    write_atomically(expected, fill)


def compare(inputs, expected):
    """Whether all stored values are reproduced; prints one line per problem."""
    worst = {}
    with h5py.File(expected, "r") as file:
        for name, changes, row in results(inputs):
            for key, value in (COMMON | changes).items():
                stored = file[name].attrs.get(key, file.attrs.get(key))
                if stored != value:
                    raise KeyError(f"{name} was stored with {key} = {stored}, not {value}")
            stored = np.asarray(file[name])
            if stored.shape != row.shape:
                raise KeyError(f"{name} holds {stored.shape} values, not {row.shape}")
            size = 1 + np.maximum(np.abs(stored), np.abs(row))
            deviation = float(np.max(np.abs(stored - row) / size))
            problem = name.split("/")[0]
            # Written so that a NaN counts as the worst.
            if not deviation <= worst.get(problem, (-1.0, ""))[0]:
                worst[problem] = (deviation, name)
    for problem, (deviation, place) in worst.items():
        print(f"{problem}: largest relative deviation {deviation:.1e} at {place}")
    return all(deviation <= TOLERANCE for deviation, _ in worst.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("inputs").add_argument("inputs")
    for command in ("compute", "compare"):
        sub = commands.add_parser(command)
        sub.add_argument("inputs")
        sub.add_argument("expected")
    try:
        options = parser.parse_args()
    except SystemExit as error:
        return 64 if error.code else 0
    try:
        if options.command == "inputs":
            write_inputs(options.inputs)
        elif options.command == "compute":
            compute(options.inputs, options.expected)
        elif not compare(options.inputs, options.expected):
            print(f"Values differ from those in {options.expected} by more than {TOLERANCE}: find")
            print("out which side changed before you store new ones with `compute`.")
            return 2
    except FileNotFoundError as error:
        print(f"{error}: write it with `cross_check.py inputs` or `compute`.", file=sys.stderr)
        return 66
    except (KeyError, OSError) as error:
        print(f"The file does not fit this script: {error}.", file=sys.stderr)
        return 65
    return 0


if __name__ == "__main__":
    sys.exit(main())
