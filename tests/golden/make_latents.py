"""Similarities of made-up latent vectors by NumPy and SciPy, into latents.json. Run by hand: python tests/golden/make_latents.py"""

import json
import pathlib

import numpy
import scipy
from scipy.optimize import linear_sum_assignment
from scipy.spatial import procrustes
from scipy.stats import special_ortho_group

rng = numpy.random.default_rng(1)


def centered(values):
    return values - values.mean(axis=0)


def cka(a, b):
    """Linear CKA as Kornblith et al. (2019) have it, with HSIC of the rows' inner products."""
    n = len(a)
    h = numpy.eye(n) - 1 / n
    k, l = h @ (a @ a.T) @ h, h @ (b @ b.T) @ h
    return float((k * l).sum() / numpy.sqrt((k * k).sum() * (l * l).sum()))


def padded(values, columns):
    return numpy.pad(values, ((0, 0), (0, columns - values.shape[1])))


def compared(a, b):
    a, b = a.astype("f4").astype("f8"), b.astype("f4").astype("f8")
    if a.shape[1] > b.shape[1]:
        small, large = b, a
    else:
        small, large = a, b
    columns = large.shape[1]
    with numpy.errstate(invalid="ignore"):
        r = numpy.nan_to_num(numpy.abs(numpy.corrcoef(small.T, large.T)[: small.shape[1], small.shape[1] :]))
    rows, matches = linear_sum_assignment(r, maximize=True)
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "cka": cka(a, b),
        "procrustes": float(procrustes(padded(small, columns), padded(large, columns))[2]),
        "matched": r[rows, matches].tolist(),
    }


a = rng.normal(size=(40, 5))
turned = 3 * a @ special_ortho_group.rvs(5, random_state=2) + 7
shuffled = -2 * a[:, [3, 1, 4, 0, 2]] + 0.02 * rng.normal(size=a.shape)
dead = numpy.concatenate([a[:, :2], numpy.full((40, 1), 0.3), rng.normal(size=(40, 1))], axis=1)
pairs = [
    compared(a, turned),
    compared(a, shuffled),
    compared(a, rng.normal(size=(40, 5))),
    compared(a, rng.normal(size=(40, 3)) + a[:, :3]),
    compared(dead, a),
    compared(rng.normal(size=(6, 9)), rng.normal(size=(6, 9))),
]
gains = [rng.random(shape).round(3) for shape in ((1, 1), (3, 3), (4, 7), (9, 9), (15, 20))] + [numpy.zeros((3, 3)), numpy.ones((2, 4))]
assignments = []
for matrix in gains:
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    assignments.append({"gains": matrix.tolist(), "sum": float(matrix[rows, columns].sum())})
result = {"scipy": scipy.__version__, "pairs": pairs, "assignments": assignments}
path = pathlib.Path(__file__).with_name("latents.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
