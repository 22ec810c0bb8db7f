"""Golden values of the steps of signals, by SciPy.

    python tests/golden/make_steps.py     # needs scipy, numpy

steps.json: `signal`: 2 channels of 211 samples; `cases`: the steps as a config has them, and the values that follow from the
signal, channel by channel.
"""
import json
import pathlib

import numpy as np
import scipy
from scipy import signal

RATE = 20e6
rng = np.random.default_rng(3)
t = np.arange(211) / RATE
pulse = np.exp(-(((t - 4e-6) / 6e-7) ** 2)) * np.cos(2 * np.pi * 5e6 * t)
x = np.stack([300 * pulse + 20 * rng.standard_normal(t.size) + 40, np.cumsum(rng.standard_normal(t.size))])
x = x.astype("f4").astype("f8")


def band(order, edges, kind):
    return signal.butter(order, edges, kind, fs=RATE, output="sos")


def gained(alpha, frequency, speed, delay, most):
    centimetres = 100 * speed * np.maximum(0, delay + t)
    return x * 10 ** (np.minimum(alpha * frequency / 1e6 * centimetres, most) / 20)


def compressed(range_db):
    with np.errstate(divide="ignore"):
        return np.clip(1 + 20 * np.log10(np.abs(x) / np.abs(x).max()) / range_db, 0, 1)


def fir(taps, edges, kind):
    b = signal.firwin(taps, edges, pass_zero=kind, fs=RATE)
    return np.stack([np.convolve(row, b, mode="same") for row in x])


def gaussian(centre, width):
    """Half of the amplitude is left at half the width from the centre."""
    sigma = width / 2 / np.sqrt(2 * np.log(2))
    gains = np.exp(-((np.fft.rfftfreq(t.size, 1 / RATE) - centre) ** 2) / (2 * sigma**2))
    return np.fft.irfft(np.fft.rfft(x, axis=1) * gains, t.size, axis=1)


def demodulated(frequency):
    z = signal.hilbert(x) * np.exp(-2j * np.pi * frequency * t)
    return np.stack([part for row in z for part in (row.real, row.imag)])


CASES = [
    ("remove_dc", x - x.mean(1, keepdims=True)),
    ({"blank": 30}, np.where(np.arange(t.size) < 30, 0, x)),
    ({"blank": {"microseconds": 1.5}}, np.where(np.arange(t.size) < 30, 0, x)),
    ({"band_pass": [1e6, 8e6]}, signal.sosfiltfilt(band(4, [1e6, 8e6], "bandpass"), x)),
    ({"band_pass": {"low": 2e6, "high": 3e6, "order": 3}}, signal.sosfiltfilt(band(3, [2e6, 3e6], "bandpass"), x)),
    ({"band_pass": {"low": 1e5, "high": 9.5e6, "order": 5}}, signal.sosfiltfilt(band(5, [1e5, 9.5e6], "bandpass"), x)),
    ({"band_pass": {"high": 4e6, "order": 5}}, signal.sosfiltfilt(band(5, 4e6, "lowpass"), x)),
    ({"band_pass": {"low": 4e6, "order": 2}}, signal.sosfiltfilt(band(2, 4e6, "highpass"), x)),
    ({"band_pass": {"low": 1e6, "order": 1}}, signal.sosfiltfilt(band(1, 1e6, "highpass"), x)),
    ({"band_pass": {"low": 1e6, "high": 8e6, "filter": "fir"}}, fir(101, [1e6, 8e6], False)),
    ({"band_pass": {"high": 5e6, "filter": "fir", "taps": 31}}, fir(31, 5e6, True)),
    ({"band_pass": {"low": 5e6, "filter": "fir", "taps": 31}}, fir(31, 5e6, False)),
    ({"band_pass": {"low": 3e6, "high": 7e6, "filter": "gaussian"}}, gaussian(5e6, 4e6)),
    ({"channels": [1, 0]}, x[::-1]),
    ({"channels": 1}, x[1:]),
    ({"demodulate": 5e6}, demodulated(5e6)),
    ({"time_gain": {"frequency": 5e6}}, gained(0.5, 5e6, 1540, 0, 60)),
    ({"time_gain": {"frequency": 7e6, "alpha": 1, "speed": 1500, "delay": -2e-6, "most": 5}}, gained(1, 7e6, 1500, -2e-6, 5)),
    ("envelope", np.abs(signal.hilbert(x))),
    ("log_compress", compressed(60)),
    ({"log_compress": 20}, compressed(20)),
    ({"decimate": 4}, signal.decimate(x, 4, ftype="fir", zero_phase=True)),
    ({"resample": 5e6}, signal.resample_poly(x, 1, 4, axis=1)),
    ({"resample": 15e6}, signal.resample_poly(x, 3, 4, axis=1)),
    ({"resample": 50e6}, signal.resample_poly(x, 5, 2, axis=1)),
    ({"tokens": 50}, np.concatenate([row[: row.size // 50 * 50].reshape(-1, 50).T for row in x])),
    (
        {"tokens": {"length_us": 2.5, "hop": 20}},
        np.concatenate([np.lib.stride_tricks.sliding_window_view(row, 50)[::20].T for row in x]),
    ),
    ("normalise", (x - x.mean()) / x.std()),
    ({"normalise": "peak"}, x / np.abs(x).max()),
    ({"normalise": "range"}, (x - x.min()) / np.ptp(x)),
]

with open(pathlib.Path(__file__).parent / "steps.json", "w") as out:
    def numbers(values):
        return "[" + ",".join(f"{value:.9g}" for value in np.ravel(values)) + "]"

    out.write(f'{{"scipy": "{scipy.__version__}", "rate": {RATE:.0f}, "signal": {numbers(x)}, "cases": [\n')
    out.write(",\n".join(f'{{"step": {json.dumps(step)}, "values": {numbers(values)}}}' for step, values in CASES))
    out.write("\n]}\n")
