"""One epoch of batches out of chunk files, as people do it with scipy and PyTorch's DataLoader."""

import time

import numpy as np
import scipy.sparse as sp
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler


class RowAtATime(Dataset):
    """The usual form: one dense row an item, which the default collate function stacks."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return self.x.shape[0]

    def __getitem__(self, row):
        return torch.from_numpy(self.x[row].toarray()[0])


class BatchAtATime(Dataset):
    """The best form: the sampler hands over a batch's rows, which scipy picks out in one go."""

    def __init__(self, x, dense):
        self.x, self.dense = x, dense

    def __len__(self):
        return self.x.shape[0]

    def __getitem__(self, rows):
        batch = self.x[np.asarray(rows)]
        if self.dense:
            return torch.from_numpy(batch.toarray())
        return tuple(torch.from_numpy(array) for array in (batch.indptr, batch.indices, batch.data))


def load_epoch(chunks, batch, workers, form):
    """Opens the files and takes every row once, shuffled. form: rows, dense or sparse."""
    start = time.perf_counter()
    x = sp.vstack([sp.load_npz(path) for path in chunks], format="csr")
    opened = time.perf_counter()
    if form == "rows":
        loader = DataLoader(RowAtATime(x), batch_size=batch, shuffle=True, num_workers=workers)
    else:
        data = BatchAtATime(x, form == "dense")
        sampler = BatchSampler(RandomSampler(data), batch, drop_last=False)
        loader = DataLoader(data, sampler=sampler, batch_size=None, num_workers=workers)
    batches = sum(1 for _ in loader)
    end = time.perf_counter()
    return {"rows": x.shape[0], "batches": batches, "open_s": opened - start, "epoch_s": end - opened}
