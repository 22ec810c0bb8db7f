"""Golden log-likelihoods and deviances explained, by SciPy's distributions.

    python tests/golden/make_likelihoods.py     # needs numpy, scipy

likelihoods.json: a case a line: the loss in the engine's words, rows, columns, and column by column the targets y and the
outputs o (of all heads, one after the other); log_theta by column where the loss has it; the sum of log-likelihoods and
the deviance explained, D2 = 1 - (perfect - found) / (perfect - means): log-likelihoods of the values themselves as means,
of the outputs, and of the column means.
"""
import json
import pathlib

import numpy as np
from scipy.special import expit
from scipy.stats import nbinom, poisson

HERE = pathlib.Path(__file__).parent
ROWS, COLUMNS = 17, 4


def negative_binomial(y, mean, theta):
    mean = np.maximum(mean, 1e-300)
    return nbinom.logpmf(y, theta, theta / (theta + mean))


def binary(y, p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y > 0, y * np.log(p), 0) + np.where(y < 1, (1 - y) * np.log(1 - p), 0)


def case(kind):
    rng = np.random.default_rng(3)
    o = rng.normal(0, 0.8, (COLUMNS, ROWS)).astype(np.float32).astype(float)
    log_theta = rng.normal(0, 1, (COLUMNS, 1)).astype(np.float32).astype(float)
    logit = rng.normal(-1, 1, (COLUMNS, ROWS)).astype(np.float32).astype(float)
    theta, outputs = np.exp(log_theta), [o]
    if kind == "binary_cross_entropy":
        y = np.where(rng.random(o.shape) < 0.2, 0.25, rng.random(o.shape) < expit(o)).astype(float)
        of, found = binary, expit(o)
    elif kind == "poisson":
        y = rng.poisson(np.exp(o)).astype(float)
        of, found = poisson.logpmf, np.exp(o)
    else:
        y = rng.negative_binomial(theta, theta / (theta + np.exp(o))).astype(float)
        y[0, :3] = 40, 17, 3
        of, found = (lambda y, mean: negative_binomial(y, mean, theta)), np.exp(o)
    y[3] = 0
    means = np.broadcast_to(y.mean(1, keepdims=True), y.shape)
    found = of(y, found)
    if kind.startswith("zero_inflated"):
        p = expit(logit)
        found = np.where(y == 0, np.log(p + (1 - p) * np.exp(found)), np.log1p(-p) + found)
        outputs.append(logit)
    perfect, null = of(y, y).sum(), of(y, means).sum()
    return {
        "loss": {"kind": kind},
        "rows": ROWS,
        "columns": COLUMNS,
        "y": y.ravel().tolist(),
        "o": [value for j in range(COLUMNS) for head in outputs for value in head[j].tolist()],
        "log_theta": log_theta.ravel().tolist(),
        "log_likelihood": found.sum(),
        "deviance_explained": 1 - (perfect - found.sum()) / (perfect - null),
    }


def main():
    kinds = ["binary_cross_entropy", "poisson", "negative_binomial", "zero_inflated_negative_binomial"]
    cases = [json.dumps(case(kind), separators=(",", ":")) for kind in kinds]
    (HERE / "likelihoods.json").write_text('{"cases": [\n' + ",\n".join(cases) + "\n]}\n")


if __name__ == "__main__":
    main()
