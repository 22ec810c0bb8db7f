"""
Writes count_steps.json: made-up counts, and what the steps for counts make of them, computed as scanpy defines its functions
filter_cells, filter_genes, highly_variable_genes(flavor="seurat_v3"), normalize_total, log1p and scale, with the local regression of
skmisc.loess, which scanpy calls, too.

    python3 tests/golden/make_count_steps.py tests/golden/count_steps.json
"""
import json
import sys

import numpy as np
from skmisc.loess import loess

random = np.random.default_rng(7)
CELLS, GENES = 80, 60
means = np.exp(random.normal(-0.5, 1.2, GENES))
overdispersion = np.where(np.arange(GENES) % 6 == 0, 1.5, 0.05)
rate = random.gamma(1 / overdispersion, overdispersion * means, (CELLS, GENES))
depth = random.lognormal(0, 0.4, (CELLS, 1))
counts = random.poisson(rate * depth).astype(np.float64)
counts[3] = 0
counts[:, 11] = 0
counts[:, 12] = 0
counts[5, 12] = 2


def seurat_v3(x, top, span):
    rows = x.shape[0]
    mean, variance = x.mean(0), x.var(0, ddof=1)
    varying = variance > 0
    estimate = np.zeros(x.shape[1])
    model = loess(np.log10(mean[varying]), np.log10(variance[varying]), span=span, degree=2)
    model.fit()
    estimate[varying] = model.outputs.fitted_values
    deviation = np.sqrt(10**estimate)
    clipped = np.minimum(x, deviation * np.sqrt(rows) + mean)
    variances = (rows * mean**2 + (clipped**2).sum(0) - 2 * clipped.sum(0) * mean) / ((rows - 1) * deviation**2)
    variances[~varying] = 0
    chosen = np.sort(np.argsort(-variances, kind="stable")[:top])
    return chosen, variances


cells = (counts.sum(1) >= 20) & ((counts > 0).sum(1) >= 12)
x = counts[cells]
genes = ((x > 0).sum(0) >= 3) & (x.sum(0) >= 4)
x = x[:, genes]
chosen, variances = seurat_v3(x, 20, 0.3)
x = x[:, chosen]
sums = x.sum(1)
median = np.median(sums[sums > 0])
normalised = x / np.where(sums > 0, sums / median, 1)[:, None]
logs = np.log1p(normalised)
mean, deviation = logs.mean(0), logs.std(0, ddof=1)
deviation[deviation == 0] = 1
scaled = np.clip((logs - mean) / deviation, -2, 2)

# Local regression with ties, as means of counts have them.
xs = np.log10(np.round(np.exp(random.normal(-1, 2, 400)) * 50 + 1) / 50)
ys = np.sin(xs) + random.normal(0, 0.1, 400)
curve = loess(xs, ys, span=0.3, degree=2)
curve.fit()

json.dump(
    {
        "counts": counts.astype(int).tolist(),
        "cells": np.flatnonzero(cells).tolist(),
        "genes": np.flatnonzero(genes).tolist(),
        "chosen": np.flatnonzero(genes)[chosen].tolist(),
        "variances": variances[chosen].tolist(),
        "median": float(median),
        "logs": np.round(logs, 6).tolist(),
        "scaled": np.round(scaled, 6).tolist(),
        "loess": {"x": xs.tolist(), "y": ys.tolist(), "fitted": curve.outputs.fitted_values.tolist()},
    },
    open(sys.argv[1], "w"),
)
