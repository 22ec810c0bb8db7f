"""
Writes small tables of counts in the formats of other tools, each by its own library, into tests/golden/tables:

    python3 tests/golden/make_tables.py tests/golden/tables loom biom npz parquet

The values are those of `values()`, the names those of `names()`; the tests compute them again.
"""
import gzip
import os
import sys

import numpy as np

ROWS, COLUMNS = 12, 7


def values():
    """Row i, column j: 0 where i * 7 + j * 3 is not divisible by 5, else i + 2 j + 1."""
    i, j = np.indices((ROWS, COLUMNS))
    return np.where((i * 7 + j * 3) % 5 == 0, i + 2 * j + 1, 0)


def names():
    cells = [f"cell {i} é" for i in range(ROWS)]
    genes = [f"gene{j}" for j in range(COLUMNS)]
    kinds = [["B", "T", "NK"][i % 3] for i in range(ROWS)]
    return cells, genes, kinds


def loom(folder):
    import loompy

    cells, genes, kinds = names()
    x = values().T
    rows = {"Gene": np.array(genes), "Accession": np.array([f"ENSG{j}" for j in range(COLUMNS)])}
    columns = {"CellID": np.array(cells), "kind": np.array(kinds), "depth": values().sum(1) / 3}
    path = os.path.join(folder, "a.loom")
    loompy.create(path, {"": x.astype(np.float32), "spliced": (2 * x).astype(np.int32)}, rows, columns)


def biom(folder):
    import biom as library
    import h5py

    cells, genes, kinds = names()
    metadata = [{"kind": kind} for kind in kinds]
    table = library.Table(values().T, genes, cells, sample_metadata=metadata, type="OTU table")
    with h5py.File(os.path.join(folder, "hdf5.biom"), "w") as file:
        table.to_hdf5(file, "narrows")
    text = table.to_json("narrows")
    with open(os.path.join(folder, "json.biom"), "w") as file:
        file.write(text)
    with gzip.GzipFile(os.path.join(folder, "json.biom.gz"), "wb", mtime=0) as file:
        file.write(text.encode())


def npz(folder):
    import scipy.sparse

    x = values().astype(np.float32)
    padded = np.zeros((ROWS, 8), np.float32)
    padded[:, :COLUMNS] = x
    scipy.sparse.save_npz(os.path.join(folder, "bsr.npz"), scipy.sparse.bsr_matrix(padded, blocksize=(3, 2)))
    scipy.sparse.save_npz(os.path.join(folder, "dia.npz"), scipy.sparse.dia_matrix(x), compressed=False)


def parquet(folder):
    import pandas
    import pyarrow
    import pyarrow.parquet

    cells, genes, kinds = names()
    x = values()
    frame = pandas.DataFrame({gene: x[:, j].astype(["f4", "f8", "i4", "i8", "u1", "bool", "i2"][j]) for j, gene in enumerate(genes)})
    frame["kind"] = kinds
    frame.index = pandas.Index(cells, name="cell")
    for codec in ["snappy", "gzip", "zstd", "brotli", "lz4", "none"]:
        frame.to_parquet(os.path.join(folder, f"{codec}.parquet"), compression=None if codec == "none" else codec, row_group_size=5)
    frame["when"] = pandas.Timestamp("2026-01-01")
    frame["gene0"] = frame["gene0"].astype("Float32")
    frame.loc[cells[3], "gene0"] = pandas.NA
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pandas(frame),
        os.path.join(folder, "odd.parquet"),
        data_page_version="2.0",
        use_dictionary=False,
    )


if __name__ == "__main__":
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[2:]:
        {"loom": loom, "biom": biom, "npz": npz, "parquet": parquet}[name](folder)
