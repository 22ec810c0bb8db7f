"""The peer of bench/: the same autoencoders in PyTorch, and scipy with PyTorch's DataLoader.

Requests come as JSON, one a line, on stdin; each gets one line of JSON on stdout. A model stays until the next one, so
that its steps can be timed by turns with another program's. Every step is the fastest form known in PyTorch: fused Adam,
gradients set to None, targets made dense by scipy at once, or taken from a dense tensor in memory. The input layer reads
the dense batch, as PyTorch is mostly used, or only the batch's non-zeros, as a weighted bag of embeddings: whichever is
asked for, or the faster of the two. Needs torch, numpy and scipy.

Models run on the CPU, or on the device that the first argument names ("cuda"): then only the non-zeros of sparse rows
travel, and dense rows are in the device's memory from the start.
"""

import json
import platform
import resource
import sys
import time

import numpy as np
import scipy
import scipy.sparse as sp
import torch
from torch import nn

from data_loading import load_epoch
from networks import Network

DEVICE = torch.device(sys.argv[1] if len(sys.argv) > 1 else "cpu")


def read_rows(chunks, library_size=None, log1p=False):
    """All rows of the chunk files as one CSR matrix of float32, scaled to a sum and log1p'd where asked for."""
    x = sp.vstack([sp.load_npz(path) for path in chunks], format="csr").astype(np.float32)
    if library_size:
        sums = np.asarray(x.sum(axis=1)).ravel()
        sums[sums == 0] = 1
        x = (sp.diags((library_size / sums).astype(np.float32)) @ x).tocsr().astype(np.float32)
    if log1p:
        x.data = np.log1p(x.data)
    return x


class SparseRows:
    """Rows of a CSR matrix as dense tensors."""

    def __init__(self, matrix):
        self.matrix, self.shape = matrix, matrix.shape

    def take(self, rows):
        """A batch as input and target: a bag of embeddings for each row, and the same dense."""
        batch = self.matrix[rows]
        indices, indptr, values = (torch.from_numpy(a).to(DEVICE) for a in (batch.indices, batch.indptr, batch.data))
        bags = indices, indptr[:-1], values
        if DEVICE.type == "cpu":
            return bags, torch.from_numpy(batch.toarray())
        dense = torch.zeros(batch.shape, device=DEVICE)
        row = torch.repeat_interleave(torch.arange(len(rows), device=DEVICE), indptr.diff(), output_size=len(values))
        dense[row, indices] = values
        return bags, dense

    def means(self, rows):
        return torch.from_numpy(np.asarray(self.matrix[rows].mean(axis=0)).ravel()).to(DEVICE)


class DenseRows:
    """Rows of dense .npy files that are in memory as a tensor."""

    def __init__(self, *paths):
        self.tensor = torch.from_numpy(np.concatenate([np.load(path) for path in paths]).astype(np.float32)).to(DEVICE)
        self.shape = tuple(self.tensor.shape)

    def take(self, rows):
        batch = torch.index_select(self.tensor, 0, torch.from_numpy(rows).to(DEVICE))
        return None, batch

    def means(self, rows):
        return self.take(rows)[1].mean(dim=0)


class BagLinear(nn.Module):
    """nn.Linear of sparse rows: a row's output is the sum of its non-zeros' rows of the weights. The gradient is dense,
    so Adam moves all rows as it does those of nn.Linear."""

    def __init__(self, inputs, outputs):
        super().__init__()
        like = nn.Linear(inputs, outputs)
        self.weight = nn.Parameter(like.weight.detach().t().contiguous())
        self.bias = nn.Parameter(like.bias.detach().clone())

    def forward(self, bags):
        indices, offsets, values = bags
        sums = nn.functional.embedding_bag(indices, self.weight, offsets, mode="sum", per_sample_weights=values)
        return sums + self.bias


def autoencoder(sizes, bags, batch_norm):
    """Linear layers with ReLU between them, none after the latent layer in the middle and none at the end. bags: the
    first one reads non-zeros. batch_norm: one before each ReLU."""
    layers = []
    for i in range(len(sizes) - 1):
        layers.append((BagLinear if bags and i == 0 else nn.Linear)(sizes[i], sizes[i + 1]))
        if i + 2 < len(sizes) and 2 * (i + 1) != len(sizes) - 1:
            layers += [nn.BatchNorm1d(sizes[i + 1]), nn.ReLU()] if batch_norm else [nn.ReLU()]
    return nn.Sequential(*layers)


class Trainer:
    def __init__(self, hidden, latent, batch, learning_rate, threads, chunks=(), dense=None, precision="f32",
                 library_size=None, log1p=False, tuned_init=False, held_out=(), seed=0, input="faster",
                 batch_norm=False):
        torch.set_num_threads(threads)
        self.x = DenseRows(dense) if dense else SparseRows(read_rows(chunks, library_size, log1p))
        self.random = np.random.default_rng(seed)
        self.held_out = np.asarray(held_out, dtype=np.int64)
        self.rows = np.setdiff1d(np.arange(self.x.shape[0]), self.held_out)
        self.batch, self.bf16 = batch, precision == "bf16"
        self.sizes, self.rate, self.seed, self.batch_norm = [hidden, latent, hidden], learning_rate, seed, batch_norm
        self.probe = {}
        if dense or input == "dense":
            self.bags = False
        else:
            self.bags = input == "bags" or self.faster_input()
        self.make(tuned_init)
        if self.bf16:
            self.probe.update(self.faster_precision())

    def make(self, tuned_init=False):
        columns = self.x.shape[1]
        torch.manual_seed(self.seed)
        self.model = self.optimizer = None  # the old one's memory goes first
        self.model = autoencoder([columns, *self.sizes, columns], self.bags, self.batch_norm).to(DEVICE)
        if tuned_init:  # a plain start is far worse where most values are zero
            with torch.no_grad():
                self.model[-1].bias.copy_(self.x.means(self.rows))
                self.model[-1].weight.mul_(0.1)
        self.optimizer = torch.optim.Adam(self.model.parameters(), self.rate, fused=True)

    def faster_input(self):
        """Whether a step takes less time with an input layer that reads non-zeros. In f32."""
        bf16, self.bf16 = self.bf16, False
        random, least = self.random, {}
        for self.bags in (False, True):
            self.make()
            self.random = np.random.default_rng(0)
            self.steps(1)  # touches fresh memory
            least[self.bags] = min(self.steps(1)["step_ms"] for _ in range(3))
        self.bf16, self.random = bf16, random
        return least[True] < least[False]

    def faster_precision(self):
        """Milliseconds of a step in f32 and in bf16, the least; the model goes on in the faster. Without instructions
        for bf16 the autocast takes tens of seconds a step: one step is enough to tell then."""

        def step_ms(bf16):
            self.bf16 = bf16
            return self.steps(1)["step_ms"]

        step_ms(False)  # touches fresh memory
        f32_ms, bf16_ms = step_ms(False), step_ms(True)
        if bf16_ms < 10 * f32_ms:
            for _ in range(2):
                f32_ms, bf16_ms = min(f32_ms, step_ms(False)), min(bf16_ms, step_ms(True))
        self.bf16 = bf16_ms < f32_ms
        return {"f32_ms": f32_ms, "bf16_ms": bf16_ms}

    def batch_of(self, rows):
        """Input and target of some rows."""
        bags, dense = self.x.take(rows)
        return (bags if self.bags else dense), dense

    def step(self, rows):
        batch, target = self.batch_of(rows)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=self.bf16):
            loss = ((self.model(batch).float() - target) ** 2).mean()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def steps(self, count):
        batches = [np.sort(self.random.choice(self.rows, min(self.batch, len(self.rows)), replace=False))
                   for _ in range(count)]
        start = time.perf_counter()
        losses = [loss.item() for loss in [self.step(rows) for rows in batches]]  # no wait for a device between steps
        return {"step_ms": 1e3 * (time.perf_counter() - start) / count, "losses": losses}

    def epoch(self):
        order = self.random.permutation(self.rows)
        start, total = time.perf_counter(), 0.0
        for first in range(0, len(order), self.batch):
            rows = np.sort(order[first:first + self.batch])
            total += self.step(rows).double() * len(rows)
        train_loss = float(total) / len(order)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "train_loss": train_loss, "validation_loss": self.validation_loss()}

    def validation_loss(self):
        with torch.no_grad():
            parts = [self.held_out[i:i + self.batch] for i in range(0, len(self.held_out), self.batch)]
            batches = ((*self.batch_of(rows), len(rows)) for rows in parts)
            return sum(((self.model(x) - y) ** 2).mean().item() * n for x, y, n in batches) / len(self.held_out)


def versions():
    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
            "scipy": scipy.__version__, "mkl": torch.backends.mkl.is_available(),
            "isa": torch.backends.cpu.get_cpu_capability(),
            "device": "cpu" if DEVICE.type == "cpu" else torch.cuda.get_device_name(DEVICE)}


def answer(trainer, op, options):
    """The answer to one request, and the model that later ones are about."""
    if op == "versions":
        return versions(), trainer
    if op == "train":
        trainer = None  # the old model's memory goes first
        trainer = Trainer(**options)
        described = {"precision": "bf16" if trainer.bf16 else "f32", "input": "bags" if trainer.bags else "dense"}
        return {**described, **trainer.probe}, trainer
    if op == "network":
        trainer = None
        dense, chunks = options.pop("dense", None), options.pop("chunks", ())
        trainer = Network(DenseRows(dense) if dense else SparseRows(read_rows(chunks)), **options)
        return {"channels_last": trainer.last}, trainer
    if op == "quality":
        from quality import Quality  # scikit-learn is needed for nothing else
        paths, dense = options.pop("paths"), options.pop("dense")
        transforms = {name: options.pop(name) for name in ("library_size", "log1p") if name in options}
        x = DenseRows(*paths) if dense else SparseRows(read_rows(paths, **transforms))
        return {}, Quality(x, **options)
    if op in ("pca", "fit"):
        return {"result": trainer.pca(**options) if op == "pca" else trainer.train(**options)}, trainer
    if op == "weights":
        trainer.set_weights(**options)
        return {}, trainer
    if op == "loss":
        return trainer.loss_in_evaluation(**options), trainer
    if op == "steps":
        return trainer.steps(**options), trainer
    if op == "epoch":
        return trainer.epoch(), trainer
    if op == "validate":
        return {"validation_loss": trainer.validation_loss()}, trainer
    if op == "activations":
        from activations import write_activations
        return write_activations(**options), trainer
    if op == "code":
        return trainer.code(), trainer
    if op == "executable":
        return {"executable": sys.executable}, trainer
    if op == "load":
        return load_epoch(**options), trainer
    if op == "peak_memory":
        return {"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}, trainer
    raise ValueError(f"unknown request {op}")


def main():
    trainer = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply, trainer = answer(trainer, request.pop("op"), request)
        except Exception as error:  # the other side prints it and ends
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
