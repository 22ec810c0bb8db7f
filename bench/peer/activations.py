"""Activations of a small classifier: what a dictionary is trained on."""
import gzip

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def idx(path):
    """The values of an IDX file of bytes, its first axis apart from the others."""
    with gzip.open(path) as file:
        data = file.read()
    sizes = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes[0], -1)


def write_activations(images, labels, out, width, epochs, threads, seed=0):
    """Trains a perceptron on pictures and writes what its wide hidden layer gives for each of them, after ReLU, rounded to
    float16."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    x = torch.from_numpy(idx(images).astype(np.float32) / 255)
    y = torch.from_numpy(idx(labels).astype(np.int64).ravel())
    model = nn.Sequential(nn.Linear(x.shape[1], width), nn.ReLU(), nn.Linear(width, width // 2), nn.ReLU(),
                          nn.Linear(width // 2, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(256):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        hidden = model[:2](x)
        right = (model(x).argmax(1) == y).float().mean().item()
    np.save(out, hidden.half().float().numpy())
    return {"rows": len(hidden), "accuracy": right}
