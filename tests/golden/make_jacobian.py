"""Golden values of jacobian.json: Jacobians of decoders and encoders, by PyTorch's automatic differentiation in double.

    python tests/golden/make_jacobian.py     # needs torch 2.x

Each case has the layers in the engine's words, the shape of a row, the weights by name (floats), a row, its latent vector,
and the Jacobians at them: decoder (columns x latent) and encoder (latent x columns), row by row.
"""
import json
import pathlib

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
COLUMNS, LATENT = 40, 3


def tame(module, seed):
    """Weights that are floats, of a size that leaves no unit in saturation."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.empty(parameter.shape, dtype=torch.float32).uniform_(-0.4, 0.4).double())
    return module


def linear(size):
    return {"kind": "linear", "size": size}


CASES = {
    "linear layers": {
        "shape": None,
        "encoder": ([linear(12), {"kind": "tanh"}, linear(LATENT)], [nn.Linear(COLUMNS, 12), nn.Tanh(), nn.Linear(12, LATENT)]),
        "decoder": (
            [linear(70), {"kind": "elu"}, {"kind": "layer_norm"}, linear("output")],
            [nn.Linear(LATENT, 70), nn.ELU(), nn.LayerNorm(70), nn.Linear(70, COLUMNS)],
        ),
    },
    "convolutions": {
        "shape": [1, COLUMNS],
        "encoder": (
            [{"kind": "conv1d", "channels": 4, "kernel": 3, "padding": 1}, {"kind": "silu"}, {"kind": "flatten"}, linear(LATENT)],
            [nn.Conv1d(1, 4, 3, padding=1), nn.SiLU(), nn.Flatten(0), nn.Linear(4 * COLUMNS, LATENT)],
        ),
        "decoder": (
            [
                linear(80),
                {"kind": "unflatten", "shape": [4, 20]},
                {"kind": "tanh"},
                {"kind": "conv_transpose1d", "channels": 2, "kernel": 4, "stride": 2, "padding": 1},
                {"kind": "sigmoid"},
                {"kind": "conv1d", "channels": 1, "kernel": 3, "padding": 1},
            ],
            [
                nn.Linear(LATENT, 80),
                nn.Unflatten(0, (4, 20)),
                nn.Tanh(),
                nn.ConvTranspose1d(4, 2, 4, stride=2, padding=1),
                nn.Sigmoid(),
                nn.Conv1d(2, 1, 3, padding=1),
            ],
        ),
    },
}

found = []
for number, (name, case) in enumerate(CASES.items()):
    encoder = tame(nn.Sequential(*case["encoder"][1]).double(), 2 * number)
    decoder = tame(nn.Sequential(*case["decoder"][1]).double(), 2 * number + 1)
    shape = case["shape"] or [COLUMNS]
    torch.manual_seed(9)
    x = torch.rand(COLUMNS, dtype=torch.float32).double()
    z = torch.randn(LATENT, dtype=torch.float32).double()

    def encode(x):
        return encoder(x.reshape(shape)).flatten()

    def decode(z):
        return decoder(z).flatten()

    found.append({
        "name": name,
        "shape": case["shape"],
        "encoder": case["encoder"][0],
        "decoder": case["decoder"][0],
        "weights": {
            f"{side}.{key}": value.flatten().tolist()
            for side, module in [("encoder", encoder), ("decoder", decoder)]
            for key, value in module.state_dict().items()
        },
        "x": x.tolist(),
        "z": z.tolist(),
        "d_decoder": torch.autograd.functional.jacobian(decode, z).flatten().tolist(),
        "d_encoder": torch.autograd.functional.jacobian(encode, x).flatten().tolist(),
    })

(HERE / "jacobian.json").write_text(json.dumps({"columns": COLUMNS, "latent": LATENT, "cases": found}) + "\n")
