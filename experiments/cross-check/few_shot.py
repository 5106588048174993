#!/usr/bin/env python3
"""Few-shot hypergradients of the built `few-shot` command, recomputed by JAX in float64.

    few_shot.py PATH/TO/few-shot [METHOD ...]
    few_shot.py --write fixtures/few-shot.h5

The first writes seeded inputs into a temporary folder, runs `few-shot hypergradient` in double and in single
precision for each method and form of network, and compares value and every gradient with JAX's own
differentiation of the inner loop written out (images with channels first, `lax.conv`), so nothing
here follows the library's algorithms. Truncation is a stopped gradient, the one-stage estimate its
formula (facts in `Sources/Bilevel/Hypergradient/OneStageHypergradient.swift`), implicit MAML a solved
by conjugate gradients on JAX's Hessian-vector products. The second stores the inputs of one form with
JAX's results, which a test of the command reads.

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

# Relative to 1 + the largest gradient: rounding of sums in another order; one-stage differences
# divide the rounding by their step of 0.01 / |delta|, and lose three digits in single precision.
TOLERANCE = {"double": 1e-9, "float": 1e-4}
TASKS, STEPS, RATE, ALPHA, EPSILON = 2, 3, 0.1, 0.6, 1e-5
SOLVER_STEPS, PROXIMITY = 5, 2.0

# alpha_k of every schedule, and what multiplies the lower direction.
SCHEDULES = {
    "none": lambda k: (0.0, 1.0),
    "harmonic": lambda k: (ALPHA / k, 1 - ALPHA / k),
    "shifted-harmonic": lambda k: (ALPHA / (k + 1), 1 - ALPHA / (k + 1)),
    "constant": lambda k: (ALPHA, 1 - ALPHA),
    "journal": lambda k: (ALPHA / (k + 1), 1 - ALPHA),
    "official-code": lambda k: (ALPHA * 0.9 ** (k - 1), 1 - ALPHA),
    "geometric": lambda k: (ALPHA * 0.9 ** (k - 1), 1 - ALPHA * 0.9 ** (k - 1)),
}

# Name, then side, channels, filters of the blocks, ways, halving, padding, learned scale, layout.
FORMS = {
    "stride": (28, 1, (6, 6, 6, 6), 5, "stride", "one", True, "no channel axis"),
    "same": (28, 1, (6, 6, 6, 6), 5, "stride", "same", False, "channel axis"),
    "pooled": (28, 1, (6, 6, 6, 6), 5, "max-pool", "one", True, "bytes"),
    "odd": (13, 3, (4, 5), 3, "stride", "one", True, "channel axis"),
    "odd pooled": (11, 3, (5, 3), 3, "max-pool", "one", False, "channel axis"),
}

# Method of the command, schedule, and the way in which JAX is to differentiate.
METHODS = {
    "rhg": ("none", "unrolled"),
    "t-rhg": ("none", "truncated"),
    "bda": ("harmonic", "unrolled"),
    "bda shifted-harmonic": ("shifted-harmonic", "unrolled"),
    "bda constant": ("constant", "unrolled"),
    "bda journal": ("journal", "unrolled"),
    "bda official-code": ("official-code", "unrolled"),
    "bda geometric": ("geometric", "unrolled"),
    "one-stage": ("none", "one-stage"),
    "one-stage-bda": ("harmonic", "one-stage"),
    "maml": (None, "unrolled"),
    "fomaml": (None, "first-order"),
    "meta-sgd": (None, "rates"),
    "meta-sgd-scalar": (None, "rate"),
    "reptile": (None, "reptile"),
    "imaml": (None, "implicit"),
}


def features(x, images, form):
    _, _, filters, _, halving, padding, _, _ = form
    z, stride = images, 2 if halving == "stride" else 1
    pad = "SAME" if padding == "same" else [(1, 1), (1, 1)]
    for block in range(len(filters)):
        z = jax.lax.conv_general_dilated(z, x[f"conv{block}"], (stride, stride), pad)
        mean = z.mean((0, 2, 3), keepdims=True)
        variance = ((z - mean) ** 2).mean((0, 2, 3), keepdims=True)
        z = (z - mean) / jnp.sqrt(variance + EPSILON)
        if f"gamma{block}" in x:
            z = z * x[f"gamma{block}"][None, :, None, None]
        z = z + x[f"beta{block}"][None, :, None, None]
        z = jnp.where(z > 0, z, 0.0)
        if halving == "max-pool":
            z = jax.lax.reduce_window(
                z, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return z.transpose(0, 2, 3, 1).reshape(images.shape[0], -1)


def loss(logits, labels):
    rows = jnp.arange(labels.shape[0])
    return (jax.nn.logsumexp(logits, axis=1) - logits[rows, labels]).mean()


def tree(function, *trees):
    return jax.tree_util.tree_map(function, *trees)


def dot(a, b):
    return sum(jnp.vdot(u, v) for u, v in zip(jax.tree_util.tree_leaves(a),
                                              jax.tree_util.tree_leaves(b)))


def representation(kind, weights, x, task, form):
    """Value and gradient of one task for a head that starts at zero."""
    support, support_labels, query, query_labels = task
    lower = lambda x, y: loss(features(x, support, form) @ y[0] + y[1], support_labels)
    upper = lambda x, y: loss(features(x, query, form) @ y[0] + y[1], query_labels)
    width = features(x, support, form).shape[1]
    start = (jnp.zeros((width, form[3])), jnp.zeros(form[3]))

    def step(x, y, k):
        up, down = weights(k)
        return tree(lambda v, a, b: v - RATE * (up * a + down * b), y,
                    jax.grad(upper, 1)(x, y), jax.grad(lower, 1)(x, y))

    def run(x, history=STEPS):
        y = start
        for k in range(1, STEPS + 1):
            y = step(x, y, k)
            if k == STEPS - history:
                y = jax.lax.stop_gradient(y)
        return y

    if kind == "one-stage":
        y = run(x)
        delta = jax.grad(upper, 1)(x, y)
        radius = 0.01 / jnp.sqrt(dot(delta, delta))
        # The schedule is switched off: alpha itself weighs both levels (facts.md 1.4).
        mixed = lambda x, y: (
            lower(x, y) if weights is SCHEDULES["none"]
            else (1 - ALPHA) * lower(x, y) + ALPHA * upper(x, y))
        plus, minus = (tree(lambda v, d: v + s * radius * d, y, delta) for s in (1, -1))
        change = tree(lambda a, b: (a - b) / (2 * radius),
                      jax.grad(mixed)(x, plus), jax.grad(mixed)(x, minus))
        return upper(x, y), tree(lambda a, b: a - RATE * b, jax.grad(upper)(x, y), change)
    if kind == "truncated":
        history = (STEPS + 1) // 2
        return jax.value_and_grad(lambda x: upper(x, run(x, history)))(x)
    return jax.value_and_grad(lambda x: upper(x, run(x)))(x)


def initialisation(kind, x, task, form):
    """Value and gradient of one task for an initialisation of all parameters."""
    support, support_labels, query, query_labels = task
    names = [name for name in x if not name.startswith("rate")]
    logits = lambda y, images: features(y, images, form) @ y["head/weights"] + y["head/bias"]
    lower = lambda y: loss(logits(y, support), support_labels)
    upper = lambda y: loss(logits(y, query), query_labels)

    def proximal(y, x):
        return lower(y) + PROXIMITY / 2 * sum(((y[n] - x[n]) ** 2).sum() for n in names)

    def adapted(x):
        y = {name: x[name] for name in names}
        for _ in range(STEPS):
            if kind == "implicit":
                slope = jax.grad(proximal)(y, x)
            else:
                slope = jax.grad(lower)(y)
            if kind == "first-order":
                slope = jax.lax.stop_gradient(slope)
            rate = lambda n: x["rate"] if kind == "rate" else x.get(f"rate/{n}", RATE)
            y = {name: y[name] - rate(name) * slope[name] for name in names}
        return y

    if kind == "reptile":
        y = adapted(x)
        return upper(y), {name: x[name] - y[name] for name in names}
    if kind == "implicit":
        y = adapted(x)
        slope = jax.grad(upper)(y)
        product = lambda v: jax.jvp(lambda y: jax.grad(proximal)(y, x), (y,), (v,))[1]
        q, r = tree(jnp.zeros_like, slope), slope
        p, old = r, dot(r, r)
        for _ in range(SOLVER_STEPS):
            a = product(p)
            length = old / dot(p, a)
            q = tree(lambda u, v: u + length * v, q, p)
            r = tree(lambda u, v: u - length * v, r, a)
            new = dot(r, r)
            p = tree(lambda u, v: u + new / old * v, r, p)
            old = new
        # F does not depend on x, and f_yx = -PROXIMITY I.
        return upper(y), tree(lambda v: PROXIMITY * v, q)
    return jax.value_and_grad(lambda x: upper(adapted(x)))(x)


def inputs(form, seed):
    side, channels, filters, ways, halving, _, scaled, layout = form
    rng = np.random.default_rng(seed)
    x, before, extent = {}, channels, side
    for block, count in enumerate(filters):
        x[f"conv{block}"] = rng.uniform(-0.4, 0.4, (count, before, 3, 3))
        if scaled:
            x[f"gamma{block}"] = rng.uniform(0.5, 1.5, count)
        x[f"beta{block}"] = rng.uniform(-0.3, 0.3, count)
        before, extent = count, (extent + 1) // 2 if halving == "stride" else extent // 2
    head = {
        "head/weights": rng.uniform(-0.5, 0.5, (before * extent * extent, ways)),
        "head/bias": rng.uniform(-0.5, 0.5, ways),
    }
    images = lambda count: rng.uniform(0, 1, (TASKS, count, channels, side, side))
    data = {
        "support/images": images(ways),
        "support/labels": np.stack([rng.permutation(ways) for _ in range(TASKS)]),
        "query/images": images(3 * ways),
        "query/labels": rng.integers(0, ways, (TASKS, 3 * ways)),
    }
    if layout == "bytes":
        for name in ("support/images", "query/images"):
            data[name] = np.round(255 * data[name]).astype(np.uint8)
    return x, head, data


def stored(path, x, head, data, layout):
    with h5py.File(path, "w") as file:
        for name, value in {**x, **head}.items():
            file[f"x/{name}"] = value
        for name, value in data.items():
            squeezed = value.ndim == 5 and layout != "channel axis" and value.shape[2] == 1
            file[name] = value[:, :, 0] if squeezed else value


def expected(name, form, x, head, data):
    """The mean query loss and its mean gradient by name, in float64."""
    schedule, kind = METHODS[name]
    tasks = [tuple(jnp.asarray(v[t], dtype=None if v.ndim == 2 else jnp.float64)
                   for v in data.values()) for t in range(TASKS)]
    point = tree(jnp.asarray, x)
    if schedule is None:
        point.update(tree(jnp.asarray, head))
        if kind == "rates":
            point.update({f"rate/{n}": jnp.full(v.shape, RATE) for n, v in list(point.items())})
        if kind == "rate":
            point["rate"] = jnp.asarray(RATE)
        evaluate = jax.jit(lambda x, task: initialisation(kind, x, task, form))
    else:
        weights = SCHEDULES[schedule]
        evaluate = jax.jit(lambda x, task: representation(kind, weights, x, task, form))
    found = [evaluate(point, task) for task in tasks]
    value = sum(float(v) for v, _ in found) / TASKS
    return value, tree(lambda *parts: np.asarray(sum(parts)) / TASKS, *(s for _, s in found))


def check(command, folder, name, form_name, seed=7):
    form = FORMS[form_name]
    method = name.split()[0]
    schedule, kind = METHODS[name]
    x, head, data = inputs(form, seed)
    source, output = os.path.join(folder, "in.h5"), os.path.join(folder, "out.h5")
    stored(source, x, head, data, form[7])
    value, slope = expected(name, form, x, head, data)
    scale = 1 + max(float(np.abs(part).max()) for part in slope.values())
    right = True
    for scalar in ("double", "float"):
        arguments = ["--schedule", schedule] if method in ("bda", "one-stage-bda") else []
        subprocess.run(
            [command, "hypergradient", "--inputs", source, "--output", output, "--method", method,
             "--inner-steps", str(STEPS), "--inner-step-size", str(RATE), "--alpha", str(ALPHA),
             "--halving", form[4], "--padding", form[5], "--epsilon", str(EPSILON),
             "--solver-steps", str(SOLVER_STEPS), "--proximity", str(PROXIMITY),
             "--scalar", scalar] + arguments, check=True)
        with h5py.File(output) as file:
            worst = abs(float(file["upperValue"][()]) - value)
            for key, part in slope.items():
                result = file[f"hypergradient/{key}"][()]
                assert result.shape == part.shape, (key, result.shape, part.shape)
                worst = float(np.maximum(worst, np.abs(result - part).max() / scale))
        print(f"{name:22} {form_name:11} {scalar:7} largest deviation {worst:.1e}", flush=True)
        tolerance = TOLERANCE[scalar] * (30 if kind == "one-stage" else 1)
        right &= worst <= tolerance
    return right


def write(path):
    form = FORMS["odd"]
    x, head, data = inputs(form, 7)
    stored(path, x, head, data, form[7])
    with h5py.File(path, "a") as file:
        for name in METHODS:
            value, slope = expected(name, form, x, head, data)
            file[f"expected/{name}/upperValue"] = value
            for key, part in slope.items():
                file[f"expected/{name}/{key}"] = part


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        write(sys.argv[2])
        return 0
    if len(sys.argv) < 2 or any(name not in METHODS for name in sys.argv[2:]):
        print(__doc__ + "\nMethods: " + ", ".join(METHODS), file=sys.stderr)
        return 64
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[2:] or METHODS:
            for form in FORMS:
                right &= check(os.path.abspath(sys.argv[1]), folder, name, form)
    return 0 if right else 2


if __name__ == "__main__":
    sys.exit(main())
