"""Golden values of neighbours.json: accuracies of nearest neighbours and silhouettes of made-up rows, by NumPy and SciPy.

    python tests/golden/make_neighbours.py     # needs numpy, scipy
"""
import json
import os

import numpy as np
from scipy.spatial.distance import cdist

rng = np.random.default_rng(3)
ROWS, WIDTH, LABELS, K = 60, 3, 4, 7
label = rng.integers(0, LABELS, ROWS)
label[0] = LABELS  # a label that one row has
centre = rng.normal(size=(LABELS + 1, WIDTH))
values = (centre[label] + rng.normal(size=(ROWS, WIDTH))).astype(np.float32)
told = rng.random(ROWS) < 0.4
distance = cdist(values, values)


def vote(row, references):
    """Of labels that are equally frequent among the nearest, that of the nearest row."""
    nearest = [j for j in np.argsort(distance[row], kind="stable") if j in references and j != row][:K]
    votes = [label[j] for j in nearest]
    return next(v for v in votes if votes.count(v) == max(map(votes.count, votes)))


def accuracies(rows, references):
    right = np.array([vote(i, references) == label[i] for i in rows])
    own = label[rows]
    return float(right.mean()), [float(right[own == l].mean()) if (own == l).any() else None for l in range(LABELS + 1)]


def silhouette(i):
    own = (label == label[i]) & (np.arange(ROWS) != i)
    if not own.any():
        return 0.0
    a = distance[i][own].mean()
    b = min(distance[i][label == l].mean() for l in range(LABELS + 1) if l != label[i])
    return (b - a) / max(a, b)


everyone = list(range(ROWS))
held, by_label = accuracies([i for i in everyone if told[i]], {i for i in everyone if not told[i]})
out, out_by_label = accuracies(everyone, set(everyone))
json.dump(
    {
        "values": [float(x) for x in values.ravel()],
        "width": WIDTH,
        "label": label.tolist(),
        "labels": LABELS + 1,
        "told": told.tolist(),
        "neighbours": K,
        "held_out": {"accuracy": held, "by_label": by_label},
        "leave_one_out": {"accuracy": out, "by_label": out_by_label},
        "silhouette": float(np.mean([silhouette(i) for i in everyone])),
    },
    open(os.path.join(os.path.dirname(__file__), "neighbours.json"), "w"),
)
