"""AnnData files as version 0.6 wrote them: obs and var are tables of records with texts of any length.

    python tests/golden/make_old_h5ad.py     # needs h5py, numpy, scipy

old.h5ad: X in CSR form under the attributes of h5sparse, categories in uns, one cell without a category.
"""
import pathlib

import h5py
import numpy as np
import scipy.sparse

TEXT = h5py.string_dtype()
x = scipy.sparse.csr_matrix(np.arange(12).reshape(4, 3) % 5, dtype="f4")

obs = np.zeros(4, [("index", TEXT), ("cell_type", "i1"), ("n_genes", "i8"), ("score", "f4"), ("batch", TEXT), ("kept", "?")])
obs["index"] = ["cell 0 é", "cell 1", "a cell with a longer name", "cell 3"]
obs["cell_type"] = [1, -1, 0, 1]
obs["n_genes"] = [300, 200, 300, 5_000_000_000]
obs["batch"] = ["b", "", "a", "b"]
obs["kept"] = [True, False, True, True]
var = np.zeros(3, [("index", TEXT), ("gene_ids", TEXT)])
var["index"] = ["CD3D", "MS4A1", "CD3D"]
var["gene_ids"] = ["E1", "E2", "E3"]

with h5py.File(pathlib.Path(__file__).parent / "old.h5ad", "w") as f:
    group = f.create_group("X")
    group.attrs["h5sparse_format"] = "csr"
    group.attrs["h5sparse_shape"] = x.shape
    for name in ["data", "indices", "indptr"]:
        group[name] = getattr(x, name)
    f["obs"] = obs
    f["var"] = var
    f.create_group("uns")["cell_type_categories"] = np.array([b"T", b"B"])
