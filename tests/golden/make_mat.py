"""MATLAB files with the kinds of variables that programs write.

    python tests/golden/make_mat.py     # needs scipy, h5py, numpy

mat5.mat and mat5_packed.mat: version 5, plain and compressed, by SciPy. mat73.mat: version 7.3, as MATLAB lays HDF5 out:
a text of 512 bytes before it, axes from the other end, the class of each array as an attribute. nested5.mat, nested5_packed.mat and
nested73.mat: complex numbers, cells and arrays of structures; in version 7.3 references lead to what cells and fields hold.
verasonics5.mat and verasonics73.mat: variables as a Verasonics system saves them, with two buffers, of which the first has rows that no
acquisition uses.
"""
import pathlib

import h5py
import numpy as np
import scipy.io
import scipy.sparse

FOLDER = pathlib.Path(__file__).parent
# What MATLAB shows of rf(i, j) is 10 i + j, from 0.
rf = np.add.outer(10 * np.arange(3), np.arange(4)).astype("f8")
volume = np.add.outer(rf, 100 * np.arange(2)).astype("i2")
variables = {
    "rf": rf,
    "volume": volume,
    "fs": 62500000.5,
    "line": np.arange(7, dtype="f4"),
    "flags": rf % 2 == 0,
    "word": "tissue",
    "waves": rf + 1j,
    "cells": np.array([1.0, "a"], dtype=object),
    "few": scipy.sparse.csc_matrix(rf),
    "probe": {"pitch": 0.3, "data": {"rf": rf.astype("u1")}, "name": "linear"},
}
scipy.io.savemat(FOLDER / "mat5.mat", variables, do_compression=False)
scipy.io.savemat(FOLDER / "mat5_packed.mat", variables, do_compression=True)

with h5py.File(FOLDER / "mat73.mat", "w", userblock_size=512) as f:
    def put(name, values, kind):
        f[name] = np.asarray(values).T
        f[name].attrs["MATLAB_class"] = np.bytes_(kind)

    put("rf", rf, "double")
    put("volume", volume, "int16")
    put("fs", [[62500000.5]], "double")
    put("word", [[ord(c) for c in "tissue"]], "char")
    f["word"].attrs["MATLAB_class"] = np.bytes_("char")
    put("flags", (rf % 2 == 0).astype("u1"), "logical")
    put("probe/data/rf", rf.astype("u1"), "uint8")
    f["#refs#/a"] = np.zeros((2, 2))
def vector(k):
    """Of the k-th cell or structure, from 0: 100 k + 0, 1, 2, 3, 4."""
    return (100.0 * k + np.arange(5)).reshape(1, 5)


iq = (rf + 1j * (rf + 0.5)).astype("c8")
frames = [{"rf": vector(k).astype("i2"), "gain": 2.0 * k, "probe": {"pitch": 0.3 + k}, "iq": vector(k) - 1j} for k in range(3)]
nested = {
    "iq": iq,
    "lines": np.array([vector(k) for k in range(4)] + [None], dtype=object)[:4],
    "columns": np.array([vector(k).T for k in range(3)] + [None], dtype=object)[:3],
    "images": np.array([rf + 100 * k for k in range(2)] + [None], dtype=object)[:2],
    "unequal": np.array([vector(0), vector(1)[:, :3], None], dtype=object)[:2],
    "waves": np.array([vector(k) * 1j for k in range(2)] + [None], dtype=object)[:2],
    "inside": np.array([{"a": vector(7)}, {"a": vector(8)}], dtype=object),
    "frames": np.array(frames, dtype=object),
}


def structures(values):
    """An array of structures, as SciPy writes one."""
    out = np.empty((1, len(values)), dtype=[(name, object) for name in values[0]])
    for k, value in enumerate(values):
        for name in value:
            out[0, k][name] = value[name]
    return out


written = {**nested, "frames": structures(frames)}
scipy.io.savemat(FOLDER / "nested5.mat", written, do_compression=False)
scipy.io.savemat(FOLDER / "nested5_packed.mat", written, do_compression=True)

def buffer(acquisitions, channels, count, samples, unused):
    """The value is 1000 frame + 100 acquisition + 10 channel + sample."""
    parts = np.meshgrid(*map(np.arange, (acquisitions, samples, channels, count)), indexing="ij")
    values = sum(scale * part for scale, part in zip((100, 1, 10, 1000), parts)).reshape(-1, channels, count)
    return np.concatenate([values, np.full((unused, channels, count), -1)]).astype("i2")


def receive(acquisitions, frames, samples, number):
    """Where each acquisition of a buffer lies."""
    return [{"startSample": 1.0 + samples * k, "endSample": samples * (k + 1.0), "framenum": frame + 1.0, "bufnum": number,
             "decimSampleRate": 62.5} for frame in range(frames) for k in range(acquisitions)]


RECEIVE = [*receive(3, 2, 8, 1.0), *receive(2, 1, 4, 2.0)]
verasonics = {
    "RcvData": np.array([buffer(3, 4, 2, 8, 5), buffer(2, 4, 1, 4, 0), None], dtype=object)[:2],
    "Trans": {"name": "L11-4v", "frequency": 15.625, "ElementPos": np.arange(20.0).reshape(4, 5)},
    "Resource": {"RcvBuffer": {"rowsPerFrame": 29.0, "numFrames": 2.0}},
}


def write73(name, variables):
    """Writes variables as MATLAB lays HDF5 out; a list is an array of structures."""
    with h5py.File(FOLDER / name, "w", userblock_size=512) as f:
        count = 0

        def into(place, name, values):
            """Writes what a variable, a field or a cell holds."""
            if isinstance(values, dict):
                group = place.create_group(name)
                group.attrs["MATLAB_class"] = np.bytes_("struct")
                for field, value in values.items():
                    into(group, field, value)
                return
            if isinstance(values, list):
                group = place.create_group(name)
                group.attrs["MATLAB_class"] = np.bytes_("struct")
                for field in values[0]:
                    group[field] = references([value[field] for value in values])
                return
            if isinstance(values, str):
                place[name] = np.array([[ord(c)] for c in values], dtype="u2")
                place[name].attrs["MATLAB_class"] = np.bytes_("char")
                return
            values = np.asarray(values)
            if values.dtype == object:
                place[name] = references(list(values))
                place[name].attrs["MATLAB_class"] = np.bytes_("cell")
                return
            values = np.atleast_2d(values).T
            if np.iscomplexobj(values):
                pairs = np.empty(values.shape, dtype=[("real", values.real.dtype), ("imag", values.real.dtype)])
                pairs["real"], pairs["imag"] = values.real, values.imag
                values = pairs
            place[name] = values
            kinds = {"float64": "double", "float32": "single"}
            kind = str(values.dtype["real"] if values.dtype.names else values.dtype)
            place[name].attrs["MATLAB_class"] = np.bytes_(kinds.get(kind, kind))

        def references(values):
            nonlocal count
            out = np.empty((len(values), 1), dtype=h5py.ref_dtype)
            for k, value in enumerate(values):
                own, count = f"#refs#/v{count}", count + 1
                into(f, own, value)
                out[k, 0] = f[own].ref
            return out

        for variable, values in variables.items():
            into(f, variable, values)


write73("nested73.mat", {**nested, "frames": frames})
write73("verasonics73.mat", {**verasonics, "Receive": RECEIVE})
scipy.io.savemat(FOLDER / "verasonics5.mat", {**verasonics, "Receive": structures(RECEIVE)}, do_compression=True)

header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124, b" ") + bytes([0, 2]) + b"IM"
for name in ["mat73.mat", "nested73.mat", "verasonics73.mat"]:
    with open(FOLDER / name, "r+b") as file:
        file.write(header)
