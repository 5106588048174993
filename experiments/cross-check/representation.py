#!/usr/bin/env python3
"""Hypergradients of the linear representation problem, recomputed by JAX in float64.

    representation.py PATH/TO/hyper-representation

Writes a seeded problem into a temporary folder, runs `hyper-representation hypergradient` in double
and single precision for every method that has a hypergradient with respect to H alone, and compares
hypergradient, F, f and w with loops that are unrolled and differentiated as written, linear systems
with the materialised Hessian, and the closed form.

Exit codes: 0 equal, 2 outside the tolerance, 64 usage.
"""

import os
import subprocess
import sys
import tempfile

import h5py
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

# Relative to 1 + the largest entry. CG is compared with a truncated Krylov solution, which another
# order of sums changes more.
TOLERANCE = {"double": 1e-10, "float": 2e-5}
SAMPLES, HELD_OUT, INPUTS, FEATURES = 17, 13, 6, 9
RIDGE, STEPS, RATE, UPPER_RATE, ALPHA, MOMENTUM, SOLVER_STEPS = 0.2, 12, 0.05, 0.03, 0.4, 0.9, 7
RADIUS = 0.01


def problem():
    rng = np.random.default_rng(5)
    return {
        "train/inputs": rng.normal(size=(SAMPLES, INPUTS)),
        "train/targets": rng.normal(size=SAMPLES),
        "validation/inputs": rng.normal(size=(HELD_OUT, INPUTS)),
        "validation/targets": rng.normal(size=HELD_OUT),
        "H": rng.normal(size=(INPUTS, FEATURES)),
        "w0": rng.normal(size=FEATURES),
    }


DATA = problem()


def lower(h, w):
    gap = DATA["train/inputs"] @ h @ w - DATA["train/targets"]
    return (gap**2).sum() / (2 * SAMPLES) + RIDGE / 2 * (w**2).sum()


def upper(h, w):
    gap = DATA["validation/inputs"] @ h @ w - DATA["validation/targets"]
    return (gap**2).sum() / (2 * HELD_OUT)


def loop(h, aggregates, momentum=0.0, last=STEPS):
    w = before = jnp.asarray(DATA["w0"])
    for k in range(1, STEPS + 1):
        if k == STEPS - last + 1:
            w = before = jax.lax.stop_gradient(w)
        a = ALPHA / k if aggregates else 0.0
        direction = a * UPPER_RATE * jax.grad(upper, 1)(h, w)
        direction += (1 - a) * RATE * jax.grad(lower, 1)(h, w)
        w, before = w - direction + momentum * (w - before), w
    return w


def unrolled(aggregates, momentum=0.0, last=STEPS):
    h = jnp.asarray(DATA["H"])
    return jax.grad(lambda h: upper(h, loop(h, aggregates, momentum, last)))(h), loop(
        h, aggregates, momentum
    )


def single_step(aggregates):
    """What one step with the weights of k = 1 for ever descends, in units of the lower rate."""
    if not aggregates:
        return lower
    return lambda h, w: ALPHA * UPPER_RATE / RATE * upper(h, w) + (1 - ALPHA) * lower(h, w)


def implicit(aggregates, krylov):
    h = jnp.asarray(DATA["H"])
    w = loop(h, aggregates)
    objective = single_step(aggregates)
    matrix, b = jax.hessian(objective, 1)(h, w), jax.grad(upper, 1)(h, w)
    if krylov:
        # The energy-norm minimiser over span{b, A b, ...}, from an orthonormal basis.
        columns = [b / jnp.linalg.norm(b)]
        for _ in range(SOLVER_STEPS - 1):
            v = matrix @ columns[-1]
            for _ in range(2):
                for c in columns:
                    v = v - (c @ v) * c
            columns.append(v / jnp.linalg.norm(v))
        basis = jnp.stack(columns, 1)
        q = basis @ jnp.linalg.solve(basis.T @ matrix @ basis, basis.T @ b)
    else:
        power = jnp.eye(FEATURES) - RATE * matrix
        q = RATE * sum(jnp.linalg.matrix_power(power, j) @ b for j in range(SOLVER_STEPS))
    mixed = jax.grad(lambda h: jax.grad(objective, 1)(h, w) @ q)(h)
    return jax.grad(upper)(h, w) - mixed, w


def one_stage(aggregates):
    h = jnp.asarray(DATA["H"])
    w = loop(h, aggregates)
    delta = jax.grad(upper, 1)(h, w)
    epsilon = RADIUS / jnp.linalg.norm(delta)
    slope = lambda y: RATE * jax.grad(single_step(aggregates))(h, y)
    difference = (slope(w + epsilon * delta) - slope(w - epsilon * delta)) / (2 * epsilon)
    return jax.grad(upper)(h, w) - difference, w


METHODS = {
    "rhg": lambda: unrolled(False),
    "t-rhg": lambda: unrolled(False, last=STEPS // 2),
    "fhg": lambda: unrolled(False),
    "cg": lambda: implicit(False, True),
    "neumann": lambda: implicit(False, False),
    "fixed-point": lambda: implicit(False, False),
    "one-stage": lambda: one_stage(False),
    "heavy-ball-rhg": lambda: unrolled(False, MOMENTUM),
    "bda": lambda: unrolled(True),
    "t-bda": lambda: unrolled(True, last=STEPS // 2),
    "f-bda": lambda: unrolled(True),
    "one-stage-bda": lambda: one_stage(True),
    "bda-cg": lambda: implicit(True, True),
    "bda-neumann": lambda: implicit(True, False),
}


def exact():
    def solution(h):
        features = DATA["train/inputs"] @ h
        matrix = features.T @ features / SAMPLES + RIDGE * jnp.eye(FEATURES)
        return jnp.linalg.solve(matrix, features.T @ DATA["train/targets"] / SAMPLES)

    h = jnp.asarray(DATA["H"])
    value, gradient = jax.value_and_grad(lambda h: upper(h, solution(h)))(h)
    return {"exact/hypergradient": gradient, "exact/upperValue": value, "exact/w": solution(h)}


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    worst, closed = 0.0, exact()
    with tempfile.TemporaryDirectory() as folder:
        inputs = os.path.join(folder, "inputs.h5")
        with h5py.File(inputs, "w") as file:
            for name, values in DATA.items():
                file[name] = values
        for method, compute in METHODS.items():
            gradient, w = compute()
            h = jnp.asarray(DATA["H"])
            wanted = {"hypergradient": gradient, "w": w, "upperValue": upper(h, w)}
            wanted["lowerValue"] = lower(h, w)
            for scalar, tolerance in TOLERANCE.items():
                output = os.path.join(folder, f"{method}-{scalar}.h5")
                options = {
                    "inputs": inputs, "output": output, "method": method, "scalar": scalar,
                    "ridge": RIDGE, "inner-steps": STEPS, "inner-step-size": RATE,
                    "upper-step-size": UPPER_RATE, "alpha": ALPHA, "solver-steps": SOLVER_STEPS,
                }
                command = [sys.argv[1], "hypergradient"]
                for name, value in options.items():
                    command += [f"--{name}", str(value)]
                subprocess.run(command, check=True)
                with h5py.File(output) as file:
                    for name, expected in (wanted | closed).items():
                        # The closed form is in double precision in either case.
                        allowed = TOLERANCE["double"] if name in closed else tolerance
                        gap = float(np.max(np.abs(file[name][()] - expected)))
                        gap /= 1 + float(np.max(np.abs(expected)))
                        worst = float(np.maximum(worst, gap / allowed))
                        if not gap <= allowed:
                            print(f"{method} {scalar}: {name} differs by {gap:.1e}")
    print(f"{len(METHODS)} methods, largest deviation {worst:.2g} of the tolerance")
    return 0 if worst <= 1 else 2


if __name__ == "__main__":
    sys.exit(main())
