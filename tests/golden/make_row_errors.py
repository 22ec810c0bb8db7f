"""Golden values of row_errors.json: measures of reconstructions by NumPy, areas under ROC curves by scikit-learn, and their
intervals by DeLong's variance as it is defined, over all pairs.

    python tests/golden/make_row_errors.py     # needs numpy, scikit-learn
"""
import json
import os

import numpy as np
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(5)


def measures(truth, rebuilt, length):
    error = rebuilt - truth
    mse = np.mean(error**2)
    peak = truth.max() - truth.min()
    varying = [np.corrcoef(t, r)[0, 1] for t, r in zip(truth, rebuilt) if t.std() > 0 and r.std() > 0]
    wanted = np.abs(np.fft.fft(truth.reshape(-1, length), axis=1))
    found = np.abs(np.fft.fft(rebuilt.reshape(-1, length), axis=1))
    return {
        "mse": mse,
        "snr_db": 10 * np.log10(np.sum(truth**2) / np.sum(error**2)),
        "psnr_db": 10 * np.log10(peak**2 / mse),
        "peak": peak,
        "correlation": np.mean(varying),
        "spectral_convergence": np.linalg.norm(found - wanted) / np.linalg.norm(wanted),
    }


def roc(anomalies, ordinary):
    x, y = np.array(anomalies)[:, None], np.array(ordinary)[None, :]
    wins = (x > y) + 0.5 * (x == y)
    auc = wins.mean()
    labels = [1] * len(anomalies) + [0] * len(ordinary)
    assert abs(auc - roc_auc_score(labels, list(anomalies) + list(ordinary))) < 1e-12
    variance = wins.mean(1).var(ddof=1) / len(anomalies) + wins.mean(0).var(ddof=1) / len(ordinary)
    half = 1.959963984540054 * np.sqrt(variance)
    return {"auc": auc, "interval": [max(0, auc - half), min(1, auc + half)]}


rows, length = 7, 30  # two channels of 30 samples, no power of two
truth = rng.normal(size=(rows, 2 * length)).cumsum(axis=1)
truth[3] = 1.25  # a row that does not vary
rebuilt = truth + 0.3 * rng.normal(size=truth.shape)
rebuilt[4] = 0
truth, rebuilt = truth.astype(np.float32).astype(float), rebuilt.astype(np.float32).astype(float)

cases = []
for anomalies, ordinary, shift in [(9, 25, 1.0), (30, 12, 0.2), (2, 2, 3.0)]:
    a, o = rng.normal(size=anomalies) + shift, rng.normal(size=ordinary)
    a, o = np.round(a, 1), np.round(o, 1)  # with equal scores
    cases.append({"anomalies": a.tolist(), "ordinary": o.tolist(), **roc(a, o)})

golden = {
    "length": length,
    "truth": truth.ravel().tolist(),
    "rebuilt": rebuilt.ravel().tolist(),
    "columns": 2 * length,
    "measures": measures(truth, rebuilt, length),
    "row_mse": np.mean((rebuilt - truth) ** 2, axis=1).tolist(),
    "roc": cases,
}
with open(os.path.join(os.path.dirname(__file__), "row_errors.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
