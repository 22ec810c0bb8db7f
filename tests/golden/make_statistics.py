"""Statistics of made-up values by SciPy, into statistics.json. Run by hand: python tests/golden/make_statistics.py"""

import json
import pathlib

import numpy
import scipy
from scipy import stats

rng = numpy.random.default_rng(1)


def described(values):
    n = len(values)
    low, high = stats.t.interval(0.95, n - 1, numpy.mean(values), stats.sem(values))
    boot = stats.bootstrap(
        (values,), numpy.mean, method="percentile", n_resamples=100_000, rng=numpy.random.default_rng(2)
    ).confidence_interval
    return {
        "values": list(values),
        "mean": float(numpy.mean(values)),
        "sd": float(numpy.std(values, ddof=1)),
        "median": float(numpy.median(values)),
        "iqm": float(stats.trim_mean(values, 0.25)),
        "t_interval": [float(low), float(high)],
        "bootstrap_interval": [float(boot.low), float(boot.high)],
    }


def signed_ranks(differences):
    return {"differences": list(differences), "p": float(stats.wilcoxon(differences).pvalue)}


samples = [rng.normal(0.02, 0.003, n).round(6) for n in (2, 3, 5, 8, 10, 31)] + [rng.lognormal(0, 1, 20).round(4)]
differences = [rng.normal(0.4, 1, n).round(6) for n in (1, 3, 5, 6, 12, 25, 50, 60, 120)] + [
    numpy.array([1.0, 2.0, 2.0, -3.0, 4.0, 5.0]),  # equal sizes
    numpy.array([0.5, -0.5, 0.5, 1.0, 1.0, -1.5, 2.0, 2.5]),
    rng.normal(0.4, 1, 80).round(1),  # equal sizes among many; zeros are taken away below
    rng.normal(1.0, 1, 200).round(6),
]
differences = [values[values != 0] for values in differences]
freedoms = [1, 2, 3, 4, 5, 6, 9, 10, 19, 49, 99, 100, 999]

result = {
    "scipy": scipy.__version__,
    "quantiles": [
        {"probability": p, "freedom": f, "t": float(stats.t.ppf(p, f))} for p in (0.6, 0.9, 0.975, 0.9995) for f in freedoms
    ],
    "samples": [described(values) for values in samples],
    "wilcoxon": [signed_ranks(values) for values in differences],
    "sobol": stats.qmc.Sobol(d=10, scramble=False).random(64).tolist(),
}
path = pathlib.Path(__file__).with_name("statistics.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
