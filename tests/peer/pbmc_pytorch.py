"""Trains a Narrows run's model once more in PyTorch: same initial weights, same batches, and compares the epoch losses.

    python tests/peer/pbmc_pytorch.py [--config configs/pbmc3k.yaml] [--epochs 10] [--tolerance 1e-4]

Needs deno, torch, scipy and safetensors; no part of the test suite. It trains with narrows twice
(max_steps 0 for the initial weights, then all epochs), asks dump_batches.ts for the row numbers of every batch, reads and
transforms the chunks by itself with scipy, and trains with torch.optim.Adam. Exit status 1 when an epoch's training or
validation loss differs by more than the tolerance (relative).
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import scipy.sparse
import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]


def deno(*arguments):
    return subprocess.run(["deno", "run", "-A", *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout


def train(config, folder, *overrides):
    options = [part for override in overrides for part in ("--override", override)]
    deno("cli/train.ts", "--config", config, "--run-dir", folder, "--no-report", "--quiet", *options)
    return folder


def transformed(files, transforms):
    """All rows in file order, with the run's transforms, as float32."""
    matrix = scipy.sparse.vstack([scipy.sparse.load_npz(file) for file in files], format="csr").astype(np.float64)
    for transform in transforms:
        kind = transform if isinstance(transform, str) else next(iter(transform))
        if kind == "library_size":
            sums = np.asarray(matrix.sum(axis=1)).ravel()
            scale = np.divide(transform[kind], sums, out=np.zeros_like(sums), where=sums > 0)
            matrix = scipy.sparse.diags(scale) @ matrix
        elif kind == "log1p":
            matrix = matrix.log1p()
        else:
            sys.exit(f"this peer does not know the transform {kind}")
    return matrix.tocsr().astype(np.float32)


def module(specs, inputs, columns):
    layers = []
    for spec in specs:
        if spec == "relu":
            layers.append(torch.nn.ReLU())
        elif isinstance(spec, dict) and "linear" in spec:
            outputs = columns if spec["linear"] == "output" else spec["linear"]
            layers.append(torch.nn.Linear(inputs, outputs))
            inputs = outputs
        else:
            sys.exit(f"this peer does not know the layer {spec}")
    return torch.nn.Sequential(*layers), inputs


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--config", default="configs/pbmc3k.yaml")
    options.add_argument("--epochs", type=int, default=10)
    options.add_argument("--tolerance", type=float, default=1e-4)
    options.add_argument("--override", action="append", default=[])
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(options, pathlib.Path(folder))


def compare(options, folder):
    # No early end, so that both have the same number of epochs.
    shared = [*options.override, f"training.epochs={options.epochs}", "training.early_stopping.patience=null"]
    initial = train(options.config, folder / "initial", *shared, "training.max_steps=0")
    run = train(options.config, folder / "run", *shared)
    batches = json.loads(deno("tests/peer/dump_batches.ts", run / "config.yaml"))
    config = json.loads(deno("cli/config.ts", "explain", run / "config.yaml", "--json"))["value"]

    data = transformed(batches["files"], config["data"]["transforms"])
    columns = data.shape[1]
    encoder, latent = module(config["model"]["encoder"], columns, columns)
    decoder, _ = module(config["model"]["decoder"], latent, columns)
    model = torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    model.load_state_dict(load_file(initial / "checkpoints/step-000000000/model.safetensors"))
    adam = config["optimizer"]
    if adam["name"] != "adam" or config["scheduler"]["name"] != "constant":
        sys.exit("this peer knows adam with a constant rate")
    optimizer = torch.optim.Adam(
        model.parameters(), lr=adam["learning_rate"], betas=adam["betas"], eps=adam["eps"], weight_decay=adam["weight_decay"]
    )
    scale = {"mean": columns, "row_mean": 1}[config["loss"]["reduction"]]

    def loss_of(rows):
        truth = torch.from_numpy(data[rows].toarray())
        return ((decoder(encoder(truth)) - truth) ** 2).sum() / (len(rows) * scale)

    ours = list(csv.DictReader(open(run / "epochs.csv")))
    assert len(ours) == len(batches["epochs"]) == options.epochs
    worst = 0.0
    print("epoch  narrows train  PyTorch train  relative   narrows val.   PyTorch val.   relative")
    for epoch, row in zip(batches["epochs"], ours):
        losses = []
        for rows in epoch:
            optimizer.zero_grad()
            loss = loss_of(rows)
            loss.backward()
            optimizer.step()
            losses.append(loss.item() * len(rows))
        peer = sum(losses) / sum(map(len, epoch))
        with torch.no_grad():
            held_out = sum(loss_of(rows).item() * len(rows) for rows in batches["validation"])
        held_out /= sum(map(len, batches["validation"]))
        values = float(row["train_loss"]), peer, float(row["validation_loss"]), held_out
        errors = abs(values[0] - peer) / peer, abs(values[2] - held_out) / held_out
        worst = max(worst, *errors)
        print(f"{row['epoch']:>5}  {values[0]:<13.8f}  {peer:<13.8f}  {errors[0]:.1e}    "
              f"{values[2]:<13.8f}  {held_out:<13.8f}  {errors[1]:.1e}")
    print(f"largest relative difference: {worst:.2e} (tolerance {options.tolerance:g})")
    if not worst <= options.tolerance:
        sys.exit(1)


if __name__ == "__main__":
    main()
