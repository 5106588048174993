"""The rows in JAX: one jitted function each, inner steps by `lax.scan`, tasks by `vmap`.

Weights of softmax regression are stored classes x features, labels as one-hot rows (a gather's
derivative is a scatter, which XLA runs on one core), convolutions as products of patches.
"""

import worker  # first: it holds the libraries to the given number of threads

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

tree = jax.tree_util.tree_map
jax.config.update("jax_enable_x64", worker.DOUBLE)


def cross_entropies(logits, targets):
    return jax.nn.logsumexp(logits, axis=-1) - (logits * targets).sum(-1)


def unrolled(row, upper, lower, start, history=None):
    """x -> F(x, y_K), differentiable through the last `history` steps."""
    steps, size, alpha = row["innerSteps"], row["innerStepSize"], row["alpha"]
    mixes = row["method"] == "bda"

    def step(x, y, k):
        if mixes:
            a = alpha / k
            slope = jax.grad(lambda y: a * upper(x, y) + (1 - a) * lower(x, y))(y)
        else:
            slope = jax.grad(lower, 1)(x, y)
        return tree(lambda v, g: v - size * g, y, slope)

    def run(x, y, first, last):
        ks = jnp.arange(first, last + 1, dtype=worker.DTYPE)
        return jax.lax.scan(lambda y, k: (step(x, y, k), None), y, ks)[0]

    def end(x):
        before = steps - (history or steps)
        y = start
        if before:
            y = jax.lax.stop_gradient(run(jax.lax.stop_gradient(x), y, 1, before))
        return run(x, y, before + 1, steps)

    return end, lambda x: upper(x, end(x))


def implicit(row, upper, lower, end):
    """x -> (F, F_x - f_xy q) with q from conjugate gradients or a Neumann series at y_K."""
    def evaluate(x):
        y = end(x)
        value, (direct, right) = jax.value_and_grad(upper, (0, 1))(x, y)
        _, product = jax.linearize(lambda y: jax.grad(lower, 1)(x, y), y)
        dot = lambda a, b: sum(jnp.vdot(u, v) for u, v in zip(jax.tree.leaves(a), jax.tree.leaves(b)))
        if row["method"] == "neumann":
            size = row["innerStepSize"]

            def term(state, _):
                term, total = state
                term = tree(lambda t, h: t - size * h, term, product(term))
                return (term, tree(jnp.add, total, term)), None

            (_, total), _ = jax.lax.scan(term, (right, right), None, length=row["solverSteps"] - 1)
            q = tree(lambda t: size * t, total)
        else:
            def step(state, _):
                q, r, p, old = state
                h = tree(lambda h, p: h + row["damping"] * p, product(p), p)
                length = old / dot(p, h)
                q = tree(lambda u, v: u + length * v, q, p)
                r = tree(lambda u, v: u - length * v, r, h)
                new = dot(r, r)
                p = tree(lambda u, v: u + new / old * v, r, p)
                return (q, r, p, new), None

            zero = tree(jnp.zeros_like, right)
            (q, _, _, _), _ = jax.lax.scan(
                step, (zero, right, right, dot(right, right)), None, length=row["solverSteps"])
        mixed = jax.grad(lambda x: dot(jax.grad(lower, 1)(x, y), q))(x)
        return value, direct - mixed

    return jax.jit(evaluate)


def classification(row, data):
    """Hyper-cleaning: (evaluate, arguments), for softmax regression or a network."""
    one_hot = lambda labels, classes: jnp.asarray(np.eye(classes, dtype=worker.DTYPE)[labels])
    network = row["family"] == "network"
    if network:
        layers = sum(name.startswith("y0/weights") for name in data)
        start = [(data[f"y0/weights{l + 1}"], data[f"y0/bias{l + 1}"]) for l in range(layers)]
        activation = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[
            row["activation"]]

        def logits(y, a):
            for w, b in y[:-1]:
                a = activation(a @ w + b)
            return a @ y[-1][0] + y[-1][1]
    else:
        start = (data["y0/weights"].T, data["y0/bias"])
        logits = lambda y, a: a @ y[0].T + y[1]
    start = tree(jnp.asarray, start)
    classes = jax.tree.leaves(start)[-1].shape[0]
    parts = tuple(
        (jnp.asarray(data[f"{g}/features"]), one_hot(data[f"{g}/labels"], classes))
        for g in ("train", "validation"))

    def make(parts):
        (a, targets), (b, queries) = parts
        lower = lambda x, y: (
            jax.nn.sigmoid(x) * cross_entropies(logits(y, a), targets)).mean()
        upper = lambda x, y: cross_entropies(logits(y, b), queries).mean()
        return upper, lower

    def evaluate(x, parts):
        upper, lower = make(parts)
        end, through = unrolled(row, upper, lower, start, row.get("history"))
        if row["method"] in ("cg", "neumann"):
            return implicit(row, upper, lower, end)(x)
        return jax.value_and_grad(through)(x)

    return jax.jit(evaluate), (jnp.asarray(data["x"]), parts)


def patches(z):
    """[n, side, side, channels] -> [n, side, side, 9 channels], zeros around the image."""
    side = z.shape[1]
    z = jnp.pad(z, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return jnp.concatenate(
        [z[:, i : i + side, j : j + side] for i in range(3) for j in range(3)], axis=-1)


def largest_of_windows(z):
    """The largest of every 2 x 2 window, as maxima of pairs.

    Not `reshape(...).max((2, 4))`: jitted on the CPU (JAX 0.10.2), the network's gradient through it
    differs from central differences at the sizes of these rows.
    """
    half = z.shape[1] // 2
    z = z[:, : 2 * half, : 2 * half]
    z = jnp.maximum(z[:, 0::2], z[:, 1::2])
    return jnp.maximum(z[:, :, 0::2], z[:, :, 1::2])


def features(x, images):
    z = images
    for block in range(4):
        z = patches(z) @ x[f"conv{block}"]
        mean = z.mean((0, 1, 2))
        z = z - mean
        z = z * (x[f"gamma{block}"] / jnp.sqrt((z * z).mean((0, 1, 2)) + 1e-5)) + x[f"beta{block}"]
        z = jax.nn.relu(z)
        z = largest_of_windows(z)
    return z.reshape(z.shape[0], -1)


def few_shot(row, data):
    """Four tasks at once: the mean value and gradient over them."""
    ways = row["ways"]
    x = {}
    for name, value in data.items():
        if name.startswith("x/conv"):
            # [filters, channels, 3, 3] -> [9 channels, filters], as `patches` lists them.
            value = value.transpose(2, 3, 1, 0).reshape(-1, value.shape[0])
        if name.startswith("x/"):
            x[name[2:]] = jnp.asarray(value)
    one_hot = np.eye(ways, dtype=worker.DTYPE)
    tasks = tuple(
        jnp.asarray(part) for g in ("support", "query")
        for part in (data[f"{g}/images"][..., None], one_hot[data[f"{g}/labels"]]))
    maml = row["family"] == "maml"
    if not maml:
        x = {name: value for name, value in x.items() if not name.startswith("head")}

    def value(x, task):
        support, targets, query, queries = task
        if maml:
            logits = lambda y, images: features(y, images) @ y["head/weights"] + y["head/bias"]
            lower = lambda _, y: cross_entropies(logits(y, support), targets).mean()
            upper = lambda _, y: cross_entropies(logits(y, query), queries).mean()
            start = x
        else:
            a, b = features(x, support), features(x, query)
            lower = lambda _, y: cross_entropies(a @ y[0] + y[1], targets).mean()
            upper = lambda _, y: cross_entropies(b @ y[0] + y[1], queries).mean()
            start = (jnp.zeros((a.shape[1], ways)), jnp.zeros(ways))
        return unrolled(row, upper, lower, start)[1](x)

    # Shared weights: all tasks as one batch. Weights of each task's own (MAML): one task after the
    # other, because batched products of small matrices run slower than that on a CPU.
    if maml:
        def mean(x, tasks):
            one = lambda task: jax.value_and_grad(value)(x, task)
            values, slopes = jax.lax.map(one, tasks)
            return values.mean(), tree(lambda s: s.mean(0), slopes)
    else:
        mean = jax.value_and_grad(
            lambda x, tasks: jax.vmap(value, (None, 0))(x, tasks).mean())
    return jax.jit(mean), (x, tasks)


def counter_example(row, data):
    start = (jnp.asarray(data["y0/y1"]), jnp.asarray(data["y0/y2"]))
    upper = lambda x, y: 0.5 * jnp.sum((x - y[1]) ** 2) + 0.5 * jnp.sum((y[0] - 1) ** 2)
    lower = lambda x, y: 0.5 * jnp.sum(y[0] ** 2) - jnp.sum(x * y[0])
    evaluate = jax.jit(
        lambda x, start: jax.value_and_grad(unrolled(row, upper, lower, start)[1])(x))
    return evaluate, (jnp.asarray(data["x"]), start)


def named(slope):
    """The hypergradient as our commands name and shape it."""
    if not isinstance(slope, dict):
        return {"hypergradient": np.asarray(slope)}
    result = {}
    for name, value in slope.items():
        value = np.asarray(value)
        if name.startswith("conv"):
            value = value.reshape(3, 3, -1, value.shape[1]).transpose(3, 2, 0, 1)
        result[f"hypergradient/{name}"] = value
    return result


def main():
    row, inputs, output = worker.arguments()
    families = {
        "softmax": classification, "network": classification, "representation": few_shot,
        "maml": few_shot, "counter-example": counter_example,
    }  # fmt: skip
    function, arguments = families[row["family"]](row, worker.read(inputs))

    def evaluate(reports):
        value, slope = jax.block_until_ready(function(*arguments))
        return (np.asarray(value), named(slope)) if reports else None

    worker.serve(evaluate, output)


main()
