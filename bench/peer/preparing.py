"""
Files of counts as AnnData writes them, and what h5py and scipy need to bring one into chunks. Each is a process of its own, in
bounded memory, and prints one line of JSON:

    python preparing.py make FILE ROWS COLUMNS NONZEROS SEED
    python preparing.py prepare FILE FOLDER
    python preparing.py same FOLDER CHUNK...       (whether the chunks hold the same matrix as those in the folder)
"""

import json
import os
import sys
import time

import h5py
import numpy as np
import scipy.sparse as sp

# Rows that are made or read at a time, entries of a compressed part of the file, and bytes of a chunk.
BLOCK, PART, CHUNK_BYTES = 2048, 1 << 16, 64 << 20


def texts(group, name, values):
    data = group.create_dataset(name, data=np.array(values, dtype=object), dtype=h5py.string_dtype())
    data.attrs["encoding-type"], data.attrs["encoding-version"] = "string-array", "0.2.0"


def frame(file, name, start, count):
    group = file.create_group(name)
    texts(group, "_index", [f"{start}{i}" for i in range(count)])
    group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
    group.attrs["column-order"] = np.array([], dtype=h5py.string_dtype())


def make(path, rows, columns, nonzeros, seed):
    """Rows of whole numbers: half of the rows have half as many entries as the others, the columns are distinct and sorted."""
    random = np.random.default_rng(seed)
    each = nonzeros // rows
    lengths = np.where(np.arange(rows) % 2 == 0, each - each // 3, each + each // 3).clip(1, columns)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        x.attrs["shape"] = np.array([rows, columns])
        x.create_dataset("indptr", data=indptr.astype(np.int64))
        options = {"shape": (int(indptr[-1]),), "chunks": (PART,), "compression": "gzip", "compression_opts": 4}
        data = x.create_dataset("data", dtype=np.float32, **options)
        indices = x.create_dataset("indices", dtype=np.int32, **options)
        for first in range(0, rows, BLOCK):
            for_rows = lengths[first:first + BLOCK]
            found = np.empty(for_rows.sum(), dtype=np.int32)
            starts = np.concatenate([[0], np.cumsum(for_rows)])
            for length in np.unique(for_rows):
                (those,) = np.nonzero(for_rows == length)
                # Sorted places among columns - length + 1, with repetition, and 0, 1, 2, ... added, are distinct columns.
                places = np.sort(random.integers(0, columns - length + 1, (len(those), length)), axis=1)
                found[starts[those][:, None] + np.arange(length)] = places + np.arange(length)
            begin = int(indptr[first])
            indices[begin:begin + len(found)] = found
            data[begin:begin + len(found)] = random.geometric(0.4, len(found)).astype(np.float32)
        frame(file, "obs", "cell", rows)
        frame(file, "var", "gene", columns)
    return {"bytes": os.path.getsize(path), "nonzeros": int(indptr[-1])}


def prepare(path, folder):
    """Reads blocks of rows, checks them, and writes CSR chunks of about 64 MB, as `scipy.sparse.save_npz` does."""
    os.makedirs(folder)
    with h5py.File(path, "r") as file:
        x = file["X"]
        rows, columns = (int(size) for size in x.attrs["shape"])
        indptr = x["indptr"][:]
        waiting, size, number = [], 0, 0
        for first in range(0, rows, BLOCK):
            last = min(rows, first + BLOCK)
            begin, end = int(indptr[first]), int(indptr[last])
            block = sp.csr_matrix(
                (x["data"][begin:end], x["indices"][begin:end], indptr[first:last + 1] - begin), shape=(last - first, columns)
            )
            block.sum_duplicates()
            if not np.isfinite(block.data).all():
                raise ValueError("a value is not finite")
            waiting.append(block)
            size += block.data.nbytes + block.indices.nbytes
            if size >= CHUNK_BYTES or last == rows:
                sp.save_npz(f"{folder}/{number:06}.npz", sp.vstack(waiting, format="csr"), compressed=False)
                waiting, size, number = [], 0, number + 1
    return {"rows": rows}


def same(folder, chunks):
    ours = sp.vstack([sp.load_npz(path) for path in chunks], format="csr")
    theirs = sp.vstack([sp.load_npz(f"{folder}/{name}") for name in sorted(os.listdir(folder))], format="csr")
    return {"same": ours.shape == theirs.shape and (ours != theirs).nnz == 0, "nonzeros": int(ours.nnz)}


def main(op, *given):
    begun = time.perf_counter()
    if op == "make":
        result = make(given[0], *map(int, given[1:]))
    elif op == "prepare":
        result = prepare(*given)
    else:
        result = same(given[0], given[1:])
    print(json.dumps({**result, "seconds": time.perf_counter() - begun}))


main(*sys.argv[1:])
