"""Compares what loggers hold of a run with its CSV files, by the real packages. The run is killed with SIGKILL, twice, and
resumed.

    python tests/peer/loggers.py            trains on the data of the quickstart, in a temporary folder
    python tests/peer/loggers.py RUN        an existing run folder

Needs deno, tensorboard and numpy.
"""

import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SINKS = "logging.sinks=[csv, jsonl, tensorboard]"


def rows(path):
    """The rows of a CSV file, as dictionaries of numbers; None where a field is empty."""
    with open(path) as file:
        return [
            {name: float(value) if value else None for name, value in row.items() if name != "file"}
            for row in csv.DictReader(file)
        ]


def train(*args, wait=True):
    command = ["deno", "run", "-A", str(ROOT / "cli/train.ts"), *args, "--quiet", "--no-report"]
    if wait:
        return subprocess.run(command, check=True)
    return subprocess.Popen(command)


def killed_run(folder):
    """A run of the quickstart's config that was killed at two places between checkpoints."""
    run = Path(folder) / "run"
    more = ["--override", "training.epochs=40", "--override", "checkpoint.every_steps=7",
            "--override", "checkpoint.every_epochs=0", "--override", SINKS]
    latest = lambda: int((run / "checkpoints/latest").read_text().strip().removeprefix("step-"))
    done = 0
    for kill in range(2):
        start = ["--run-dir", str(run), *more] if kill == 0 else ["--resume", str(run)]
        process = train(*start, wait=False)
        while not (run / "checkpoints/latest").exists() or latest() < done + 20:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        done = latest()
    train("--resume", str(run))
    return run


def check_tensorboard(run):
    """Every scalar of EventAccumulator equals the CSV files' value, as a number of 32 bits; each step is there once."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sizes = dict.fromkeys(["scalars", "histograms", "tensors", "images", "compressedHistograms"], 0)
    events = EventAccumulator(str(run / "tensorboard"), size_guidance=sizes)
    events.Reload()
    compared = 0
    for prefix, name in [("train", "steps.csv"), ("epoch", "epochs.csv")]:
        logged = rows(run / name)
        tags = [tag for tag in events.Tags()["scalars"] if tag.startswith(f"{prefix}/")]
        assert tags, prefix
        for tag in tags:
            column = tag.split("/")[1]
            wanted = [row for row in logged if row[column] is not None]
            got = events.Scalars(tag)
            assert len(got) == len(wanted), (tag, len(got), len(wanted))
            for row, scalar in zip(wanted, got):
                assert np.float32(row[column]) == np.float32(scalar.value), (tag, scalar, row)
                assert prefix == "epoch" or scalar.step == row["step"]
                compared += 1
    histograms = [tag for tag in events.Tags()["histograms"] if tag.startswith("weights/")]
    assert histograms and all(events.Histograms(tag) for tag in histograms)
    print(f"tensorboard: {compared} scalars equal, {len(histograms)} histograms")


def main():
    with tempfile.TemporaryDirectory() as folder:
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else killed_run(folder)
        steps = rows(run / "steps.csv")
        assert [row["step"] for row in steps] == list(range(1, len(steps) + 1)), "steps.csv does not have each step once"
        check_tensorboard(run)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
