"""Mann-Whitney statistics of made-up values by SciPy, into improvement.json. Run by hand: python tests/golden/make_improvement.py"""

import json
import pathlib

import numpy
import scipy
from scipy import stats

rng = numpy.random.default_rng(1)
pairs = [(rng.normal(0, 1, n).round(digits), rng.normal(0.5, 1, m).round(digits)) for n, m, digits in
         [(1, 1, 6), (3, 5, 6), (5, 5, 1), (8, 4, 0), (20, 30, 6), (2, 9, 1)]]
result = {
    "scipy": scipy.__version__,
    "pairs": [
        {"x": list(x), "y": list(y), "share": float(stats.mannwhitneyu(y, x).statistic / (len(x) * len(y)))} for x, y in pairs
    ],
}
path = pathlib.Path(__file__).with_name("improvement.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
