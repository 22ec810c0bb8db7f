"""What PyTorch and scikit-learn explain of held-out rows: the quality workload's peer."""

import time

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.decomposition import PCA
from torch import nn

EVALUATED_AT_ONCE = 512


def seconds():
    """Of the processor, so that a limit does not depend on what else the machine does."""
    return time.process_time()


class Start(nn.Module):
    """z = s P (x - m) + f(x), xhat = P' z / s + m + g(z): at the start f and g are 0."""

    def __init__(self, pca, hidden):
        super().__init__()
        latent, columns = pca.components_.shape
        scale = float(np.sqrt(latent / max(pca.explained_variance_.sum(), 1e-30)))
        p = torch.from_numpy(np.ascontiguousarray(pca.components_, dtype=np.float32))
        mean = torch.from_numpy(np.asarray(pca.mean_, dtype=np.float32).ravel())
        self.project, self.restore = nn.Linear(columns, latent), nn.Linear(latent, columns)
        self.f = nn.Sequential(nn.Linear(columns, hidden), nn.ReLU(), nn.Linear(hidden, latent))
        self.g = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, columns, bias=False))
        with torch.no_grad():
            self.project.weight.copy_(scale * p)
            self.project.bias.copy_(-scale * (p @ mean))
            self.restore.weight.copy_(p.t() / scale)
            self.restore.bias.copy_(mean)
            for layer in (self.f[2], self.g[2]):
                nn.init.zeros_(layer.weight)
            nn.init.zeros_(self.f[2].bias)

    def forward(self, x):
        z = self.project(x) + self.f(x)
        return self.restore(z) + self.g(z)


class Quality:
    """The rows of a data set in parts, and what models trained on the first part explain of the others."""

    def __init__(self, x, train, validation, test, hidden, latent, batch, threads):
        torch.set_num_threads(threads)
        self.x, self.hidden, self.latent, self.batch = x, hidden, latent, batch
        self.parts = {"train": train, "validation": validation, "test": test}
        self.parts = {name: np.asarray(rows, dtype=np.int64) for name, rows in self.parts.items()}
        self.squares = {name: self.sum_of_squares(name) for name in ("validation", "test")}
        self.fitted = None

    def matrix(self, part):
        rows = self.parts[part]
        if hasattr(self.x, "matrix"):
            return self.x.matrix[rows]
        return self.x.take(rows)[1].numpy()

    def blocks(self, part):
        rows = self.parts[part]
        for first in range(0, len(rows), EVALUATED_AT_ONCE):
            yield self.x.take(rows[first:first + EVALUATED_AT_ONCE])[1]

    def sum_of_squares(self, part):
        """About the columns' means of the same rows."""
        x = self.matrix(part)
        if sp.issparse(x):
            mean = np.asarray(x.mean(axis=0), dtype=np.float64).ravel()
            return float(x.astype(np.float64).power(2).sum() - x.shape[0] * (mean ** 2).sum())
        return float(((x - x.mean(axis=0, dtype=np.float64)) ** 2).sum(dtype=np.float64))

    def r2(self, part, reconstruct):
        with torch.no_grad():
            error = sum(float(((reconstruct(x) - x).double() ** 2).sum()) for x in self.blocks(part))
        return 1 - error / self.squares[part]

    def pca(self, solver, seed):
        """None where scikit-learn has no such solver for these rows."""
        x = self.matrix("train")
        count = min(self.latent, *(size - 1 for size in x.shape))
        begun = time.perf_counter()
        try:
            fitted = PCA(count, svd_solver=solver, random_state=seed).fit(x)
        except (TypeError, ValueError):
            return None
        taken = time.perf_counter() - begun
        p = torch.from_numpy(np.ascontiguousarray(fitted.components_, dtype=np.float32))
        mean = torch.from_numpy(np.asarray(fitted.mean_, dtype=np.float32).ravel())
        self.fitted = fitted
        scores = {part: self.r2(part, lambda x: (x - mean) @ p.t() @ p + mean) for part in ("validation", "test")}
        return {"seconds": taken, **scores}

    def train(self, start, rate, seed, epochs, patience, most_seconds):
        """Adam until validation rows have not gained for `patience` epochs, or for so many seconds of the processor.
        start: "pca" for the components of the last call of `pca`, else PyTorch's own."""
        torch.manual_seed(seed)
        columns = self.x.shape[1]
        if start == "pca":
            model = Start(self.fitted, self.hidden)
        else:
            model = nn.Sequential(nn.Linear(columns, self.hidden), nn.ReLU(), nn.Linear(self.hidden, self.latent),
                                  nn.Linear(self.latent, self.hidden), nn.ReLU(), nn.Linear(self.hidden, columns))
        optimizer = torch.optim.Adam(model.parameters(), rate, fused=True)
        random, rows = np.random.default_rng(seed), self.parts["train"]
        scores = lambda: {part: self.r2(part, model) for part in ("validation", "test")}
        best, at, begun, ended = {**scores(), "epoch": 0}, 0, seconds(), "epochs"
        for epoch in range(1, epochs + 1):
            order = random.permutation(rows)
            for first in range(0, len(order), self.batch):
                x = self.x.take(np.sort(order[first:first + self.batch]))[1]
                optimizer.zero_grad(set_to_none=True)
                ((model(x) - x) ** 2).mean().backward()
                optimizer.step()
                if seconds() - begun > most_seconds:
                    ended = "time"
                    break
            now = scores()
            if now["validation"] > best["validation"] or np.isnan(best["validation"]):
                best, at = {**now, "epoch": epoch}, epoch
            if ended == "time":
                break
            if epoch - at >= patience:
                ended = "patience"
                break
        return {**best, "seconds": seconds() - begun, "ended": ended}
