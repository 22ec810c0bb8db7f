"""Golden values of losses of counts as scVI and DCA have them.

    python tests/golden/make_counts.py && deno fmt tests/golden     # needs torch 2.x, numpy, scipy

counts.json, counts.bin: as golden.json and golden.bin of make_golden.py. The formulas are written after the papers'
methods, apart from those of make_golden.py: Lopez et al. 2018 (Nature Methods 15, 1053, equations 2 to 7), Eraslan et
al. 2019 (Nature Communications 10, 390, methods).
"""
import torch
from torch import nn

import make_golden as golden
from make_golden import ADAM, COLUMNS, TRIPLE, around, case, linear, plain


def gamma_poisson(mean, theta, y):
    """Log-probability of y where its rate is gamma-distributed with this mean and shape theta."""
    zero = mean == 0
    odds = torch.where(zero, torch.ones_like(mean), mean) / theta
    found = torch.lgamma(theta + y) - torch.lgamma(theta) - torch.lgamma(y + 1) + y * torch.log(odds) \
        - (theta + y) * torch.log1p(odds)
    return torch.where(zero, torch.zeros_like(found), found)  # of a row without counts


class Counts(nn.Module):
    """scVI: rho = softmax of the first outputs, mean = l rho with l the row's counts, theta a column (gene) or an output
    (gene-cell). DCA: mean = s exp(first output) with s the row's size factor, theta = softplus of the second output,
    both clipped."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.by_output = spec.get("dispersion") == "output"
        self.inflated = spec["kind"].startswith("zero_inflated")
        if not self.by_output:
            self.log_theta = nn.Parameter(torch.zeros(COLUMNS))

    @property
    def heads(self):
        return 1 + self.by_output + self.inflated

    def forward(self, o, y):
        dca = self.spec.get("clamp") == "dca"
        heads = list(o.split(COLUMNS, dim=1))
        counts = y.sum(1, keepdim=True)
        if self.spec.get("link") == "softmax":
            mean = counts * torch.softmax(heads[0], dim=1)
        else:
            factor = counts / self.spec["size_scale"] if self.spec.get("size") == "library" else 1
            mean = heads[0].exp().clamp(1e-5, 1e6) * factor if dca else heads[0].exp() * factor
        if self.by_output:
            theta = nn.functional.softplus(heads[1]).clamp(1e-4, 1e4) if dca else heads[1].exp()
        else:
            theta = self.log_theta.exp().expand_as(y)
        log_p = gamma_poisson(mean, theta, y)
        if not self.inflated:
            return -log_p
        drop = torch.sigmoid(heads[-1])
        at_zero = torch.log(drop + (1 - drop) * log_p.exp())
        return -torch.where(y == 0, at_zero, torch.log1p(-drop) + log_p)


golden.Loss = Counts
SCVI = {"link": "softmax", "size": "library", "size_scale": 1.0}
DCA = {"clamp": "dca", "dispersion": "output", "size": "library", "size_scale": 25.0}

CASES = [
    case("scvi: softmax, theta a column, adam", *around("tanh"), ADAM, 0.02, "row_mean",
         loss=plain("negative_binomial", **SCVI), transforms=TRIPLE),
    case("scvi: softmax, theta an output, zero inflation, sgd with momentum", *around("tanh"),
         {"name": "sgd", "momentum": 0.9}, 0.01, "row_mean",
         loss=plain("zero_inflated_negative_binomial", dispersion="output", **SCVI), transforms=TRIPLE),
    case("scvi: softmax without a bias, clipped, sgd", [linear(4)], [linear("output", bias=False)], {"name": "sgd"},
         0.05, "sum", clip=2.0, loss=plain("zero_inflated_negative_binomial", **SCVI), transforms=TRIPLE),
    case("scvi: softmax, tied, adam", *around("tanh", tied=True), ADAM, 0.01, "row_mean",
         loss=plain("negative_binomial", **SCVI), transforms=TRIPLE),
    case("theta an output, adam", *around("tanh"), ADAM, 0.02, loss=plain("negative_binomial", dispersion="output"),
         transforms=TRIPLE),
    case("dca: exp times the size factor, theta an output, adam", *around("tanh"), ADAM, 0.02, "row_mean",
         loss=plain("negative_binomial", **DCA), transforms=TRIPLE),
    case("dca: the same with zero inflation, sgd with momentum", *around("tanh"), {"name": "sgd", "momentum": 0.9},
         0.02, "row_mean", loss=plain("zero_inflated_negative_binomial", **DCA), transforms=TRIPLE),
]

if __name__ == "__main__":
    golden.write("counts", CASES)
