"""What `hyper-cleaning clean` finds, against the truth that it did not see.

    python evaluate_clean.py FOLDER      with train.h5, truth.csv and weights.csv

Prints one row: precision and recall of the suspects, the AUC of the ranking, and the AUC of two rankings
that need no checked sample, computed here with numpy alone: by the loss of one model trained on all
labels as they are, and by self-confidence, p(given label) out of five folds (cleanlab's default score).
Both are softmax regressions after 100 accelerated steps, at the step size that curvature allows.
"""
import csv
import json
import sys

import h5py
import numpy as np


def softmax(z):
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


def train(a, labels, classes, steps=100):
    v = np.ones(a.shape[1], np.float32)
    for _ in range(12):
        v = a[:2000].T @ (a[:2000] @ v)
        v /= np.linalg.norm(v)
    rate = 2 / (np.linalg.norm(a[:2000] @ v) ** 2 / len(a[:2000]))
    target = np.eye(classes, dtype=np.float32)[labels]
    w = np.zeros((a.shape[1], classes), np.float32)
    old = w
    for k in range(1, steps + 1):
        z = w + (k - 1) / (k + 2) * (w - old)
        old, w = w, z - rate * (a.T @ (softmax(a @ z) - target)) / len(a)
    return w


def auc(suspicion, wrong):
    order = np.argsort(suspicion, kind="stable")
    rank = np.empty(len(suspicion))
    rank[order] = np.arange(1, len(suspicion) + 1)
    n = wrong.sum()
    return (rank[wrong].sum() - n * (n + 1) / 2) / n / (len(wrong) - n)


def main(folder):
    with h5py.File(f"{folder}/train.h5") as file:
        x = file["images"][:].reshape(len(file["labels"]), -1).astype(np.float32) / 255
        labels = file["labels"][:].astype(int)
    a = np.hstack([x, np.ones((len(x), 1), np.float32)])
    classes = labels.max() + 1
    truth = list(csv.DictReader(open(f"{folder}/truth.csv")))
    rows = list(csv.DictReader(open(f"{folder}/weights.csv")))
    record = json.load(open(f"{folder}/record.json"))
    wrong = np.array([r["true_label"] != r["given_label"] for r in truth])
    suspect = np.array([r["is_label_issue"] == "True" for r in rows])
    rank = np.array([int(r["rank"]) for r in rows])
    predicted = np.array([r["predicted_label"] == t["true_label"] for r, t in zip(rows, truth)])
    everyone = np.arange(len(labels))
    loss = -np.log(softmax(a @ train(a, labels, classes))[everyone, labels] + 1e-30)
    confidence = np.zeros(len(labels))
    fold = np.random.default_rng(0).permutation(len(labels)) % 5
    for k in range(5):
        w = train(a[fold != k], labels[fold != k], classes)
        confidence[fold == k] = softmax(a[fold == k] @ w)[everyone[: (fold == k).sum()], labels[fold == k]]
    hits = (suspect & wrong).sum()
    final = record["final"]
    print(
        " | ".join(
            [
                record["method"]["name"],
                f"{suspect.sum()}",
                f"{hits / max(1, suspect.sum()):.3f} ({float(final['expectedPrecision']):.3f})",
                f"{hits / wrong.sum():.3f} ({float(final['expectedRecall']):.3f})",
                f"{auc(-rank, wrong):.3f}",
                f"{auc(loss, wrong):.3f}",
                f"{auc(-confidence, wrong):.3f}",
                f"{(predicted & suspect & wrong).sum() / max(1, hits):.3f}",
                f"{record['timing']['totalSeconds']:.0f}",
            ]
        ),
        flush=True,
    )


main(sys.argv[1])
