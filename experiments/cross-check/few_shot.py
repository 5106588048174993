#!/usr/bin/env python3
"""Few-shot hypergradients of the built `few-shot` command, recomputed by JAX in float64.

    few_shot.py PATH/TO/few-shot

Writes seeded inputs into a temporary folder, runs `few-shot hypergradient --scalar double` for each
method and form of network, and compares value and every gradient with JAX's own differentiation of
the whole inner loop written out (images with channels first, `lax.conv`), so nothing here follows the
library's algorithms.

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

TOLERANCE = 1e-9  # relative to 1 + the largest gradient: rounding of sums in another order
WAYS, TASKS, STEPS, RATE, ALPHA, EPSILON = 5, 2, 3, 0.1, 0.6, 1e-5


def features(x, images, halving, padding):
    z = images[:, None]
    stride = 2 if halving == "stride" else 1
    pad = "SAME" if padding == "same" else [(1, 1), (1, 1)]
    for block in range(4):
        z = jax.lax.conv_general_dilated(z, x[f"conv{block}"], (stride, stride), pad)
        mean = z.mean((0, 2, 3), keepdims=True)
        variance = ((z - mean) ** 2).mean((0, 2, 3), keepdims=True)
        z = (z - mean) / jnp.sqrt(variance + EPSILON)
        z = z * x[f"gamma{block}"][None, :, None, None] + x[f"beta{block}"][None, :, None, None]
        z = jnp.where(z > 0, z, 0.0)
        if halving == "max-pool":
            z = jax.lax.reduce_window(
                z, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return z.transpose(0, 2, 3, 1).reshape(images.shape[0], -1)


def loss(logits, labels):
    rows = jnp.arange(labels.shape[0])
    return (jax.nn.logsumexp(logits, axis=1) - logits[rows, labels]).mean()


def task_value(method, x, task, form):
    """F(x, y_T) of one task, as a function of x alone."""
    support, support_labels, query, query_labels = task
    if method in ("rhg", "bda"):
        zs, zq = features(x, support, *form), features(x, query, *form)
        lower = lambda y: loss(zs @ y[0] + y[1], support_labels)
        upper = lambda y: loss(zq @ y[0] + y[1], query_labels)
        y = (jnp.zeros((zs.shape[1], WAYS)), jnp.zeros(WAYS))
        for k in range(1, STEPS + 1):
            weight = ALPHA / k if method == "bda" else 0.0
            down, up = jax.grad(lower)(y), jax.grad(upper)(y)
            y = tuple(
                v - RATE * (weight * a + (1 - weight) * b) for v, a, b in zip(y, up, down))
        return upper(y)
    logits = lambda y, images: features(y, images, *form) @ y["head/weights"] + y["head/bias"]
    y = {name: value for name, value in x.items()}
    for _ in range(STEPS):
        slope = jax.grad(lambda y: loss(logits(y, support), support_labels))(y)
        if method == "fomaml":
            slope = jax.lax.stop_gradient(slope)
        y = {name: y[name] - RATE * slope[name] for name in y}
    return loss(logits(y, query), query_labels)


def check(command, folder, method, halving, padding):
    rng = np.random.default_rng(7)
    filters, side = 6, 28
    x = {}
    for block in range(4):
        channels = 1 if block == 0 else filters
        x[f"conv{block}"] = rng.uniform(-0.4, 0.4, (filters, channels, 3, 3))
        x[f"gamma{block}"] = rng.uniform(0.5, 1.5, filters)
        x[f"beta{block}"] = rng.uniform(-0.3, 0.3, filters)
    pixels = 4 if halving == "stride" else 1
    head = {
        "head/weights": rng.uniform(-0.5, 0.5, (filters * pixels, WAYS)),
        "head/bias": rng.uniform(-0.5, 0.5, WAYS),
    }
    data = {
        "support/images": rng.uniform(0, 1, (TASKS, WAYS, side, side)),
        "support/labels": np.stack([rng.permutation(WAYS) for _ in range(TASKS)]),
        "query/images": rng.uniform(0, 1, (TASKS, 3 * WAYS, side, side)),
        "query/labels": rng.integers(0, WAYS, (TASKS, 3 * WAYS)),
    }
    inputs, output = os.path.join(folder, "in.h5"), os.path.join(folder, "out.h5")
    with h5py.File(inputs, "w") as file:
        for name, value in {**x, **head}.items():
            file[f"x/{name}"] = value
        for name, value in data.items():
            file[name] = value
    subprocess.run(
        [command, "hypergradient", "--inputs", inputs, "--output", output, "--method", method,
         "--inner-steps", str(STEPS), "--inner-step-size", str(RATE), "--alpha", str(ALPHA),
         "--halving", halving, "--padding", padding, "--epsilon", str(EPSILON),
         "--scalar", "double"], check=True)
    point = {name: jnp.asarray(value) for name, value in x.items()}
    if method in ("maml", "fomaml"):
        point.update({name: jnp.asarray(value) for name, value in head.items()})
    tasks = [tuple(jnp.asarray(value[t]) for value in data.values()) for t in range(TASKS)]
    mean = lambda p: sum(task_value(method, p, t, (halving, padding)) for t in tasks) / TASKS
    value, slope = jax.value_and_grad(mean)(point)
    scale = 1 + max(float(jnp.abs(part).max()) for part in slope.values())
    with h5py.File(output) as file:
        worst = abs(float(file["upperValue"][()]) - float(value))
        for name, part in slope.items():
            found = file[f"hypergradient/{name}"][()]
            assert found.shape == part.shape, (name, found.shape, part.shape)
            worst = max(worst, float(np.abs(found - np.asarray(part)).max()) / scale)
    print(f"{method:8} {halving:9} {padding:5} largest deviation {worst:.1e}")
    return worst <= TOLERANCE


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for method in ("rhg", "bda", "maml", "fomaml"):
            for halving, padding in (("stride", "one"), ("stride", "same"), ("max-pool", "one")):
                right &= check(os.path.abspath(sys.argv[1]), folder, method, halving, padding)
    return 0 if right else 2


if __name__ == "__main__":
    sys.exit(main())
