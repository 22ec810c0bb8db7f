"""An HDF5 file with what other programs write and the reader's own library does not.

    python tests/golden/make_hdf5.py     # needs h5py, numpy

hdf5.h5: big-endian values, truth values, LZF, shuffled and checksummed chunks, complex values, text, links.
hdf5_types.h5 and hdf5_types_latest.h5: types of numbers in either byte order, with headers of the first and of the latest version.
half.h5ad: an AnnData file of float16. elsewhere.h5: arrays of which the values lie in other files, which are not there.
"""
import pathlib

import h5py
import numpy as np

values = np.arange(24).reshape(4, 6)
with h5py.File(pathlib.Path(__file__).parent / "hdf5.h5", "w", userblock_size=512) as f:
    f["big"] = values.astype(">i2")
    f["truth"] = values % 2 == 1
    f.create_dataset("lzf", data=values.astype("f8") / 4, chunks=(3, 4), compression="lzf")
    f.create_dataset("checked", data=values.astype("u4"), chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
    f["complex"] = values + 1j * values
    f["text"] = ["a", "bb"]
    f["half"] = values.astype("f2")
    f["soft"] = h5py.SoftLink("/big")
    f["foreign"] = h5py.ExternalLink("other.h5", "/x")
    f.attrs["rate"] = 5208333.25


def fields(base, sign, exponent, exponent_bits, fraction_bits, bias):
    """A type of floating point with these places and sizes."""
    kind = base.copy()
    kind.set_fields(sign, exponent, exponent_bits, 0, fraction_bits)
    kind.set_ebias(bias)
    return kind


def pairs(kind, other=None):
    out = np.zeros(values.shape, [("r", kind), ("i", other or kind)])
    out["r"], out["i"] = values, -values
    return out


quarters = values / 4
for name, libver in [("hdf5_types.h5", "earliest"), ("hdf5_types_latest.h5", "latest")]:
    with h5py.File(pathlib.Path(__file__).parent / name, "w", libver=libver) as f:
        f["half"] = quarters.astype("<f2")
        f["half_big"] = quarters.astype(">f2")
        f.create_dataset("half_packed", data=quarters.astype("f2"), chunks=(2, 3), compression="gzip", shuffle=True)
        f["named_type"] = np.dtype("f2")
        f.create_dataset("half_named", data=quarters, dtype=f["named_type"])
        for number in range(30):  # so many that a header of the first version goes on elsewhere
            f["half"].attrs[f"attribute {number}"] = "x" * 40
        f["float_big"], f["double_big"] = quarters.astype(">f4"), quarters.astype(">f8")
        for size in [1, 2, 4, 8]:
            f[f"int{size}_big"], f[f"uint{size}_big"] = (values - 5).astype(f">i{size}"), values.astype(f">u{size}")
        for kind in ["<f2", ">f2", "<f4", ">f4", ">f8", "<i2", ">i2"]:
            f[f"complex {kind[1:]} {'big' if kind[0] == '>' else 'little'}"] = pairs(kind)
        f["mixed"] = pairs("<f4", ">f4")
        signs = np.where(values % 2 == 1, -1, 2)
        for kind in ["i1", "<i2", ">i2"]:
            f.create_dataset(f"enum {kind[-2:]}{' big' if kind[0] == '>' else ''}", data=signs,
                             dtype=h5py.enum_dtype({"A": -1, "B": 2}, basetype=kind))
        space = h5py.h5s.create_simple(values.shape)

        def put(name, kind, data, memory):
            made = h5py.h5d.create(f.id, name, kind, space)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data), mtype=memory)

        bfloat16 = fields(h5py.h5t.IEEE_F16LE, 15, 7, 8, 7, 127)
        put(b"bfloat16", bfloat16, quarters.astype("f4"), h5py.h5t.NATIVE_FLOAT)
        float24 = fields(h5py.h5t.IEEE_F32LE, 23, 15, 8, 15, 127)
        float24.set_precision(24)
        put(b"float24", float24, quarters.astype("f4"), h5py.h5t.NATIVE_FLOAT)
        twelve = h5py.h5t.STD_I16LE.copy()
        twelve.set_precision(12)
        put(b"int12", twelve, (values - 5).astype("i2"), h5py.h5t.NATIVE_INT16)
        f["quadruple"] = quarters.astype("longdouble")
        f["opaque"] = values.astype("u1").view("V1")

with h5py.File(pathlib.Path(__file__).parent / "half.h5ad", "w") as f:
    f.attrs["encoding-type"], f.attrs["encoding-version"] = "anndata", "0.1.0"
    counts = np.where(values % 3 == 0, values, 0).astype("f2")
    rows = [np.flatnonzero(row) for row in counts]
    f["X/data"] = np.concatenate([row[at] for row, at in zip(counts, rows)])
    f["X/indices"] = np.concatenate(rows).astype("i4")
    f["X/indptr"] = np.cumsum([0, *map(len, rows)]).astype("i8")
    f["X"].attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": counts.shape})
    f["layers/dense"] = counts.astype(">f2")
    f["layers/dense"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    for axis, length, letter in [("obs", 4, "C"), ("var", 6, "G")]:
        f[f"{axis}/_index"] = [f"{letter}{i}" for i in range(length)]
        f[axis].attrs.update({"_index": "_index", "encoding-type": "dataframe", "encoding-version": "0.2.0"})
        f[axis].attrs["column-order"] = np.array([], dtype="S1")

with h5py.File(pathlib.Path(__file__).parent / "elsewhere.h5", "w") as f:
    layout = h5py.VirtualLayout(values.shape, "f8")
    layout[:] = h5py.VirtualSource("none.h5", "x", values.shape)
    f.create_virtual_dataset("virtual", layout)
    f.create_dataset("external", values.shape, "f8", external=[("none.raw", 0, 8 * values.size)])
