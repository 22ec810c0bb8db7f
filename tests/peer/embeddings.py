"""The latent vectors that Python reads of an .h5ad file, by the names of the cells, against those that the library gives.

    python tests/peer/embeddings.py     # needs deno, h5py and numpy

Makes an AnnData file by h5py, and one with the same cells and genes in other orders, trains on the first, has `embed` write a copy of
each, and compares obsm["X_narrows"] by the names in obs with what `embed` of mod.ts returns: every bit of every value.
"""
import json
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
CELLS, GENES = 600, 90


def write(path, counts, cells, genes):
    with h5py.File(path, "w") as f:
        f.attrs["encoding-type"], f.attrs["encoding-version"] = "anndata", "0.1.0"
        rows = [np.flatnonzero(row) for row in counts]
        f["X/data"] = np.concatenate([row[at] for row, at in zip(counts, rows)]).astype("f4")
        f["X/indices"] = np.concatenate(rows).astype("i4")
        f["X/indptr"] = np.cumsum([0, *map(len, rows)]).astype("i8")
        f["X"].attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": counts.shape})
        for axis, names in [("obs", cells), ("var", genes)]:
            f[f"{axis}/_index"] = names.tolist()
            f[axis].attrs.update({"_index": "_index", "encoding-type": "dataframe", "encoding-version": "0.2.0"})
            f[axis].attrs["column-order"] = np.array([], dtype="S1")


def deno(*args):
    done = subprocess.run(["deno", "run", "-A", "--no-check", *args], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_name(path):
    with h5py.File(path) as f:
        return dict(zip(f["obs/_index"].asstr()[:], f["obsm/X_narrows"][:]))


def main():
    random = np.random.default_rng(3)
    counts = random.poisson(random.gamma(0.3, 2, (CELLS, GENES)))
    cells = np.array([f"cell{i}" for i in range(CELLS)])
    genes = np.array([f"gene{i}" for i in range(GENES)])
    by_cell, by_gene = random.permutation(CELLS), random.permutation(GENES)
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: f"{folder}/{name}"
        write(at("a.h5ad"), counts, cells, genes)
        write(at("b.h5ad"), counts[by_cell][:, by_gene], cells[by_cell], genes[by_gene])
        config = {
            "data": {"path": at("a.h5ad"), "steps": [{"library_size": 1000}, "log1p"]},
            "model": {"encoder": [{"linear": 16}, "relu", {"linear": 5}], "decoder": [{"linear": 16}, "relu", {"linear": "output"}]},
            "training": {"epochs": 3},
            "paths": {"cache": at("cache")},
        }
        pathlib.Path(at("c.yaml")).write_text(json.dumps(config))
        deno("cli/main.ts", "train", at("c.yaml"), "--run-dir", at("run"), "--no-report")
        for name, data in [("a", []), ("b", ["--data", at("b.h5ad")])]:
            deno("cli/main.ts", "embed", "--run", at("run"), *data, "--output", at(f"{name}_z.h5ad"))
            read = by_name(at(f"{name}_z.h5ad"))
            library = json.loads(deno("tests/peer/embeddings.ts", at("run"), *data[1:]))
            assert len(library) == len(read) == CELLS
            for cell, values in library:
                assert np.array_equal(read[cell], np.float32(values)), (name, cell, read[cell], values)
            print(f"{name}.h5ad: {len(read)} cells of {len(library[0][1])} values, every bit the same")
        first, second = by_name(at("a_z.h5ad")), by_name(at("b_z.h5ad"))
        print("largest difference of a cell in both orders:", max(np.abs(first[cell] - second[cell]).max() for cell in cells))


if __name__ == "__main__":
    main()
