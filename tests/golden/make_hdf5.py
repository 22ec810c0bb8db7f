"""An HDF5 file with what other programs write and the reader's own library does not.

    python tests/golden/make_hdf5.py     # needs h5py, numpy

hdf5.h5: big-endian values, truth values, LZF, shuffled and checksummed chunks, complex values, text, links.
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
