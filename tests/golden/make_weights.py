"""Golden values of weights of rows and columns and of categories of rows, by PyTorch in double precision.

    python tests/golden/make_weights.py && deno fmt tests/golden     # needs torch 2.x

weights.json: rows of counts, the weights and categories, and for each loss the starting tensors, the loss of each step
of plain gradient descent over batches of 8, and the tensors after the last step. Weights have a mean of 1. The network is
12-5-3-5-12 with a category joined as a one-hot vector to the first layer of each half, and an L1 penalty on the code.
"""
import json
import pathlib

import torch

ROWS, COLUMNS, BATCH, CATEGORIES, L1, RATE = 24, 12, 8, 3, 0.3, 0.02
SHAPES = {
    "encoder.0.weight": (5, COLUMNS), "encoder.0.bias": (5,), "encoder.1.weight": (CATEGORIES, 5),
    "encoder.3.weight": (3, 5), "encoder.3.bias": (3,),
    "decoder.0.weight": (5, 3), "decoder.0.bias": (5,), "decoder.1.weight": (CATEGORIES, 5),
    "decoder.3.weight": (COLUMNS, 5), "decoder.3.bias": (COLUMNS,),
}


def negative_binomial(o, x, log_theta):
    """Means that are the softmax over columns times the row's number of counts."""
    theta, mean = log_theta.exp(), o.softmax(1) * x.sum(1, keepdim=True)
    return ((theta + x) * torch.log1p(mean / theta) + x * (log_theta - mean.log())
            + torch.lgamma(x + 1) - torch.lgamma(theta + x) + torch.lgamma(theta))


LOSSES = {
    "mse": ({"kind": "mse", "reduction": "row_mean"}, lambda o, x, p: (o - x)**2),
    "poisson": ({"kind": "poisson", "reduction": "row_mean"}, lambda o, x, p: o.exp() - x * o + torch.lgamma(x + 1)),
    "negative_binomial": ({"kind": "negative_binomial", "link": "softmax", "size": "library", "size_scale": 1,
                           "reduction": "row_mean"}, lambda o, x, p: negative_binomial(o, x, p["loss.log_theta"])),
}


def floats(tensor):
    return [float(value) for value in tensor.detach().float().flatten()]


def main():
    torch.manual_seed(5)
    x = torch.poisson(torch.full((ROWS, COLUMNS), 1.2, dtype=torch.double))
    x[:, 0] += 1  # no row of zeros
    u = torch.randint(0, 4, (ROWS,)).double()
    v = torch.rand(COLUMNS).double() + torch.arange(COLUMNS) % 3
    u, v = (u / u.mean()).float().double(), (v / v.mean()).float().double()
    v[4] = 0
    category = torch.randint(0, CATEGORIES, (ROWS,))
    one_hot = torch.nn.functional.one_hot(category, CATEGORIES).double()
    cases = []
    for name, (loss, terms) in LOSSES.items():
        shapes = {**SHAPES, **({"loss.log_theta": (COLUMNS,)} if name == "negative_binomial" else {})}
        p = {key: (torch.rand(shape) - 0.5).double().requires_grad_() for key, shape in shapes.items()}
        start, losses = {key: floats(value) for key, value in p.items()}, []
        for first in range(0, ROWS, BATCH):
            rows = slice(first, first + BATCH)
            y, c = x[rows], one_hot[rows]
            h = torch.tanh(torch.cat([y, c], 1) @ torch.cat([p["encoder.0.weight"], p["encoder.1.weight"].T], 1).T
                           + p["encoder.0.bias"])
            z = h @ p["encoder.3.weight"].T + p["encoder.3.bias"]
            g = torch.tanh(torch.cat([z, c], 1) @ torch.cat([p["decoder.0.weight"], p["decoder.1.weight"].T], 1).T
                           + p["decoder.0.bias"])
            o = g @ p["decoder.3.weight"].T + p["decoder.3.bias"]
            each = (v * terms(o, y, p)).sum(1) + L1 * z.abs().sum(1)
            step = (u[rows] * each).sum() / BATCH
            losses.append(step.item())
            gradients = torch.autograd.grad(step, list(p.values()))
            with torch.no_grad():
                for value, gradient in zip(p.values(), gradients):
                    value -= RATE * gradient
        cases.append({"name": name, "loss": loss, "start": start, "losses": losses,
                      "end": {key: floats(value) for key, value in p.items()}})
    golden = {"columns": COLUMNS, "batch": BATCH, "rate": RATE, "l1": L1, "categories": CATEGORIES,
              "values": floats(x), "row_weights": floats(u), "column_weights": floats(v),
              "row_categories": category.tolist(), "cases": cases}
    path = pathlib.Path(__file__).parent / "weights.json"
    path.write_text(json.dumps(golden) + "\n")


main()
