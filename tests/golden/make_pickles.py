"""Pickles for tests/core/formats/pickle_test.ts: python make_pickles.py. Needs numpy."""

import collections
import os
import pathlib
import pickle

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "pickles"


class Program:
    """What a pickle can do to whoever loads it."""

    def __reduce__(self):
        return os.system, ("touch pickle-was-here",)


def main():
    FOLDER.mkdir(exist_ok=True)
    rows = np.arange(12, dtype="<f4").reshape(3, 4) / 4
    content = {
        "scans": [rows, rows.astype(">i2")],
        "meta": (np.asfortranarray(rows.astype("f8")), "a text", None, {"rate": np.float64(1e6)}),
        "list": rows.tolist(),
    }
    for protocol in (2, 3, 4, 5):
        (FOLDER / f"protocol{protocol}.pkl").write_bytes(pickle.dumps(content, protocol))
    (FOLDER / "text.pkl").write_bytes(pickle.dumps(content, 0))
    (FOLDER / "ordered.pkl").write_bytes(pickle.dumps(collections.OrderedDict(rows=rows), 4))
    numbers = {"rf": rows, "fs": 5208333.25, "gain": 12, "count": np.int64(3), "filtered": True}
    (FOLDER / "numbers.pkl").write_bytes(pickle.dumps(numbers, 4))
    waves = (rows + 1j * (rows - 1)).astype("c8")
    iq = {"c8": waves, "c16": np.asfortranarray(waves.astype(">c16")), "list": waves.tolist(), "one": 1 + 2j}
    for protocol in (2, 4):
        (FOLDER / f"complex{protocol}.pkl").write_bytes(pickle.dumps(iq, protocol))
    (FOLDER / "program.pkl").write_bytes(pickle.dumps({"rows": rows, "more": Program()}, 4))
    objects = np.empty(2, dtype=object)
    objects[:] = [rows[0], rows[1]]
    np.save(FOLDER / "objects.npy", objects, allow_pickle=True)


if __name__ == "__main__":
    main()
