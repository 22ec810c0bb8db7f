"""FLAC recordings of 8, 16 and 24 bits: 2 channels of 400 samples at 8 kHz.

    python tests/golden/make_flac.py     # needs soundfile, numpy

flac8.flac and so on: sample i of channel c is (7919 i (i + 1) + 104729 c) mod 2^bits - 2^(bits - 1); the first ones are the
smallest and the largest number.
"""
import pathlib

import numpy as np
import soundfile

i = np.arange(400)[:, None]
for bits, subtype in [(8, "PCM_S8"), (16, "PCM_16"), (24, "PCM_24")]:
    values = (7919 * i * (i + 1) + 104729 * np.arange(2)) % 2**bits - 2 ** (bits - 1)
    values[0] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
    path = pathlib.Path(__file__).parent / f"flac{bits}.flac"
    soundfile.write(path, (values << (32 - bits)).astype("i4"), 8000, subtype=subtype)
