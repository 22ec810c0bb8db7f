"""Golden values of a sparse autoencoder: ten steps of Adam in double precision.

    python tests/golden/make_dictionary.py && deno fmt tests/golden     # needs torch 2.x

As Gao et al. 2024, "Scaling and evaluating sparse autoencoders": top-k codes, directions of length 1 whose gradient has no
part along them, a bias that is subtracted before the encoder, and a term by which dead units make up for the error.
dictionary.json: rows, starting values, and for each of the settings the losses and what is trained after the last step.
"""
import json
import pathlib

import torch

ROWS, COLUMNS, UNITS, STEPS, RATE = 16, 6, 15, 10, 0.02
torch.manual_seed(3)
torch.set_default_dtype(torch.double)
rows = torch.randn(ROWS, COLUMNS).float().double()
start = {
    "encoder.0.weight": torch.randn(UNITS, COLUMNS) / 2,
    "encoder.0.bias": torch.randn(UNITS) / 8,
    "decoder.0.weight": torch.nn.functional.normalize(torch.randn(UNITS, COLUMNS), dim=1),
    "decoder.0.bias": torch.randn(COLUMNS) / 8,
}
# Units that are hardly ever above 0, so that they die.
start["encoder.0.bias"][:5] -= 3
start = {name: value.float().double() for name, value in start.items()}


def largest(values, k):
    values = values.relu()
    kept, at = values.topk(min(k, values.shape[1]), dim=1)
    return torch.zeros_like(values).scatter(1, at, kept)


def train(k, aux_weight, aux_k, dead_after):
    p = {name: value.clone().requires_grad_() for name, value in start.items()}
    w, b, d, c = p.values()
    optimizer = torch.optim.Adam(p.values(), lr=RATE)
    since = torch.zeros(UNITS)
    losses = []
    for _ in range(STEPS):
        before = (rows - c) @ w.T + b
        z = largest(before, k)
        y = z @ d + c
        loss = (y - rows).square().sum()
        dead = (since >= dead_after).nonzero().flatten()
        if aux_weight > 0 and len(dead) > 0:
            error = (rows - y).detach()
            loss = loss + aux_weight * (largest(before[:, dead], aux_k) @ d[dead] - error).square().sum()
        loss = loss / ROWS
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            d.grad -= (d.grad * d).sum(1, keepdim=True) / (d * d).sum(1, keepdim=True) * d
        optimizer.step()
        with torch.no_grad():
            d /= d.norm(dim=1, keepdim=True)
            since = torch.where((z != 0).any(0), 0.0, (since + ROWS).clamp(max=dead_after))
        losses.append(loss.item())
    values = {name: value.flatten().tolist() for name, value in p.items()}
    return {"k": k, "aux_weight": aux_weight, "aux_k": aux_k, "dead_after": dead_after, "losses": losses,
            "values": values, "rows_since_active": since.tolist()}


cases = [train(3, 0, 4, 32), train(3, 0.5, 4, 32), train(2, 1, 15, 16)]
text = {
    "rows": rows.flatten().tolist(),
    "columns": COLUMNS,
    "units": UNITS,
    "rate": RATE,
    "start": {name: value.flatten().tolist() for name, value in start.items()},
    "cases": cases,
}
pathlib.Path(__file__).with_name("dictionary.json").write_text(json.dumps(text))
for each in cases:
    print(each["losses"][0], each["losses"][-1], sum(n >= each["dead_after"] for n in each["rows_since_active"]), "dead")
