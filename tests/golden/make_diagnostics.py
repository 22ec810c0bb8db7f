"""Golden values of diagnostics.json: power spectra by SciPy, singular values and ranks by NumPy.

    python tests/golden/make_diagnostics.py     # needs numpy, scipy
"""
import json
import pathlib

import numpy as np
from scipy.signal import periodogram

rng = np.random.default_rng(5)
RATE = 250.0


def spectrum(n):
    x = (rng.normal(size=n) + np.sin(np.arange(n) / 3) + 2).astype(np.float32).astype(float)
    frequency, power = periodogram(x, RATE, window="hann", detrend="constant", scaling="density")
    return {"x": x.tolist(), "frequency": frequency.tolist(), "power": power.tolist()}


def matrix(rows, width, rank):
    a = (rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, width))).astype(np.float32)
    return {
        "rows": rows,
        "width": width,
        "values": [float(v) for v in a.ravel()],
        "singular": np.linalg.svd(a.astype(float), compute_uv=False).tolist(),
        "rank": int(np.linalg.matrix_rank(a)),
    }


(pathlib.Path(__file__).parent / "diagnostics.json").write_text(json.dumps({
    "rate": RATE,
    "spectra": [spectrum(n) for n in (64, 45)],
    "matrices": [matrix(60, 5, 5), matrix(40, 6, 3)],
}) + "\n")
