"""MATLAB files with the kinds of variables that programs write.

    python tests/golden/make_mat.py     # needs scipy, h5py, numpy

mat5.mat and mat5_packed.mat: version 5, plain and compressed, by SciPy. mat73.mat: version 7.3, as MATLAB lays HDF5 out:
a text of 512 bytes before it, axes from the other end, the class of each array as an attribute.
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
header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124, b" ") + bytes([0, 2]) + b"IM"
with open(FOLDER / "mat73.mat", "r+b") as file:
    file.write(header)
