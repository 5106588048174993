"""The rows in PyTorch: eager double backward, which `torch.compile` does not support.

Weights of softmax regression are stored classes x features (what `linear` wants), images channels
last, tasks that share their weights in one batch.
"""

import worker  # first: it holds the libraries to the given number of threads

import os  # noqa: E402
import sys  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn.functional import conv2d, cross_entropy, linear, max_pool2d, relu  # noqa: E402

torch.set_num_threads(int(sys.argv[4]))


def descend(row, upper, lower, x, y, k, keeps):
    size, alpha = row["innerStepSize"], row["alpha"]
    if row["method"] == "bda":
        loss = alpha / k * upper(x, y) + (1 - alpha / k) * lower(x, y)
    else:
        loss = lower(x, y)
    slopes = torch.autograd.grad(loss, y, create_graph=keeps)
    if keeps:
        return [v - size * g for v, g in zip(y, slopes)]
    with torch.no_grad():
        return [(v - size * g).requires_grad_() for v, g in zip(y, slopes)]


def unrolled(row, upper, lower, x, start):
    """y_K, with a graph through the last steps of the history (all of them by default)."""
    implicit = row["method"] in ("cg", "neumann")
    history = 0 if implicit else row.get("history", row["innerSteps"])
    y = [v if v.requires_grad else v.requires_grad_() for v in start]
    for k in range(1, row["innerSteps"] + 1):
        y = descend(row, upper, lower, x, y, k, k > row["innerSteps"] - history)
    return y


def implicit(row, upper, lower, x, y):
    value = upper(x, y)
    right = torch.autograd.grad(value, y)
    slopes = torch.autograd.grad(lower(x, y), y, create_graph=True)
    product = lambda v: torch.autograd.grad(slopes, y, v, retain_graph=True)
    dot = lambda a, b: sum((u * v).sum() for u, v in zip(a, b))
    if row["method"] == "neumann":
        size, term, total = row["innerStepSize"], right, right
        for _ in range(row["solverSteps"] - 1):
            term = [t - size * h for t, h in zip(term, product(term))]
            total = [t + u for t, u in zip(total, term)]
        q = [size * t for t in total]
    else:
        q, r, p = [torch.zeros_like(v) for v in right], right, right
        old = dot(r, r)
        for _ in range(row["solverSteps"]):
            h = [h + row["damping"] * v for h, v in zip(product(p), p)]
            length = old / dot(p, h)
            q = [u + length * v for u, v in zip(q, p)]
            r = [u - length * v for u, v in zip(r, h)]
            new = dot(r, r)
            p = [u + new / old * v for u, v in zip(r, p)]
            old = new
    mixed = torch.autograd.grad(slopes, x, q)[0]
    return value, [-mixed]


def classification(row, data):
    parts = [
        (torch.from_numpy(data[f"{g}/features"]), torch.from_numpy(data[f"{g}/labels"]).long())
        for g in ("train", "validation")]
    x = torch.from_numpy(data["x"]).requires_grad_()
    if row["family"] == "network":
        layers = sum(name.startswith("y0/weights") for name in data)
        start = [np.ascontiguousarray(data[f"y0/{part}{l + 1}"].T)
                 for l in range(layers) for part in ("weights", "bias")]
        activation = {"tanh": torch.tanh, "relu": relu, "sigmoid": torch.sigmoid}[row["activation"]]

        def logits(y, a):
            for l in range(0, len(y) - 2, 2):
                a = activation(linear(a, y[l], y[l + 1]))
            return linear(a, y[-2], y[-1])
    else:
        start = [np.ascontiguousarray(data["y0/weights"].T), data["y0/bias"]]
        logits = lambda y, a: linear(a, y[0], y[1])
    (a, labels), (b, queries) = parts
    lower = lambda x, y: (
        torch.sigmoid(x) * cross_entropy(logits(y, a), labels, reduction="none")).mean()
    upper = lambda x, y: cross_entropy(logits(y, b), queries)

    def evaluate():
        y = unrolled(row, upper, lower, x, [torch.from_numpy(v).clone() for v in start])
        if row["method"] in ("cg", "neumann"):
            return implicit(row, upper, lower, x, y)
        value = upper(x, y)
        return value, torch.autograd.grad(value, [x])

    return evaluate, ["hypergradient"]


def features(x, images, tasks):
    """[tasks n, 1, side, side] -> [tasks, n, features as row, column, filter]; each task normalised
    by its own moments."""
    z = images.contiguous(memory_format=torch.channels_last)
    for block in range(4):
        z = conv2d(z, x[f"conv{block}"], padding=1)
        if tasks == 1:
            z = torch.nn.functional.batch_norm(
                z, None, None, x[f"gamma{block}"], x[f"beta{block}"], training=True, eps=1e-5)
        else:
            n, channels, side, _ = z.shape
            split = z.permute(0, 2, 3, 1).reshape(tasks, -1, channels)
            mean = split.mean(1, keepdim=True)
            centred = split - mean
            scale = (centred.square().mean(1, keepdim=True) + 1e-5).rsqrt() * x[f"gamma{block}"]
            split = centred * scale + x[f"beta{block}"]
            z = split.reshape(n, side, side, channels).permute(0, 3, 1, 2)
        z = max_pool2d(relu(z), 2)
    n = z.shape[0] // tasks
    return z.permute(0, 2, 3, 1).reshape(tasks, n, -1)


def few_shot(row, data):
    maml = row["family"] == "maml"
    x = {name[2:]: torch.from_numpy(value).requires_grad_() for name, value in data.items()
         if name.startswith("x/") and (maml or not name.startswith("x/head"))}  # fmt: skip
    names = list(x)
    support, query = (torch.from_numpy(data[f"{g}/images"])[:, :, None] for g in ("support", "query"))
    labels, queries = (torch.from_numpy(data[f"{g}/labels"]).long() for g in ("support", "query"))
    tasks, ways = support.shape[0], row["ways"]

    def adapted(task):
        def logits(y, images):
            point = dict(zip(names, y))
            return linear(features(point, images, 1)[0], point["head/weights"].T, point["head/bias"])

        lower = lambda _, y: cross_entropy(logits(y, support[task]), labels[task])
        upper = lambda _, y: cross_entropy(logits(y, query[task]), queries[task])
        y = unrolled(row, upper, lower, None, list(x.values()))
        value = upper(None, y)
        return value, torch.autograd.grad(value, list(x.values()))

    def by_task():
        results = [adapted(task) for task in range(tasks)]
        mean = [sum(parts) / tasks for parts in zip(*(slopes for _, slopes in results))]
        return sum(value for value, _ in results) / tasks, mean

    def together():
        a = features(x, support.flatten(0, 1), tasks)
        b = features(x, query.flatten(0, 1), tasks)
        start = [a.new_zeros(tasks, a.shape[2], ways), a.new_zeros(tasks, 1, ways)]
        # The sum over tasks: each head's gradient is that of its own task.
        loss = lambda z, targets: cross_entropy(
            z.flatten(0, 1), targets.flatten(), reduction="sum") / targets.shape[1]
        lower = lambda _, y: loss(torch.baddbmm(y[1], a, y[0]), labels)
        upper = lambda _, y: loss(torch.baddbmm(y[1], b, y[0]), queries)
        y = unrolled(row, upper, lower, None, start)
        value = upper(None, y) / tasks
        return value, torch.autograd.grad(value, list(x.values()))

    return (by_task if maml else together), [f"hypergradient/{name}" for name in names]


def counter_example(row, data):
    x = torch.from_numpy(data["x"]).requires_grad_()
    upper = lambda x, y: 0.5 * (x - y[1]).square().sum() + 0.5 * (y[0] - 1).square().sum()

    def lower(x, y):
        # y2 does not occur in f; its gradient is asked for nevertheless.
        return 0.5 * y[0].square().sum() - (x * y[0]).sum() + 0 * y[1].sum()

    def evaluate():
        start = [torch.from_numpy(data[f"y0/{name}"]).clone() for name in ("y1", "y2")]
        y = unrolled(row, upper, lower, x, start)
        value = upper(x, y)
        return value, torch.autograd.grad(value, [x])

    return evaluate, ["hypergradient"]


def main():
    row, inputs, output = worker.arguments()
    families = {
        "softmax": classification, "network": classification, "representation": few_shot,
        "maml": few_shot, "counter-example": counter_example,
    }  # fmt: skip
    function, names = families[row["family"]](row, worker.read(inputs))

    def evaluate(reports):
        value, slopes = function()
        if reports:
            return value.detach().numpy(), {
                name: slope.detach().numpy() for name, slope in zip(names, slopes)}

    worker.serve(evaluate, output)


main()
