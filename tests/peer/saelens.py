"""Reads what `export --format saelens` wrote as SAELens does, and compares the reconstructions.

    python tests/peer/saelens.py FOLDER ROWS.npy RECONSTRUCTION.npy

FOLDER: cfg.json and sae_weights.safetensors. ROWS, RECONSTRUCTION: what the network was given, and what `reconstruct` made of it.
Needs torch, safetensors and numpy. The formulas are those of TopKSAE in sae_lens/saes/topk_sae.py; where sae_lens is installed, it
computes the same as well.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file

LIMIT = 1e-5
folder = pathlib.Path(sys.argv[1])
rows, expected = (torch.from_numpy(np.load(path)).float() for path in sys.argv[2:4])
config = json.loads((folder / "cfg.json").read_text())
weights = load_file(folder / "sae_weights.safetensors")
inputs, units = config["d_in"], config["d_sae"]
shapes = {"W_enc": (inputs, units), "b_enc": (units,), "W_dec": (units, inputs), "b_dec": (inputs,)}
assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == shapes, weights.keys()
assert config["architecture"] == "topk" and config["normalize_activations"] == "none"


def difference(made):
    return ((made - expected).abs().max() / expected.abs().max()).item()


x = rows - weights["b_dec"] if config["apply_b_dec_to_input"] else rows
largest = (x @ weights["W_enc"] + weights["b_enc"]).topk(config["k"], dim=-1)
code = torch.zeros(len(rows), units).scatter_(-1, largest.indices, largest.values.relu())
found = {"formulas": difference(code @ weights["W_dec"] + weights["b_dec"])}
try:
    from sae_lens import SAE
except ImportError:
    print("sae_lens is not installed: compared with its formulas alone")
else:
    with torch.no_grad():
        found["sae_lens"] = difference(SAE.load_from_disk(str(folder))(rows))
for how, apart in found.items():
    print(f"{how}: largest difference {apart:.2e} of the largest value")
sys.exit(not all(apart <= LIMIT for apart in found.values()))
