"""Compares what loggers hold of a run with its CSV files, by the real packages. The run is killed with SIGKILL, twice, and
resumed. `wandb sync` uploads it to a server of this script's own on the loopback.

    python tests/peer/loggers.py            trains on the data of the quickstart, in a temporary folder
    python tests/peer/loggers.py RUN        an existing run folder

Needs deno, tensorboard, wandb and numpy.
"""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SINKS = "logging.sinks=[csv, jsonl, tensorboard, wandb]"


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
    pictures = events.Tags()["images"]
    assert "final/latent" in pictures and all(image.width == 480 for tag in pictures for image in events.Images(tag))
    histograms = [tag for tag in events.Tags()["histograms"] if tag.startswith("weights/")]
    assert histograms and all(events.Histograms(tag) for tag in histograms)
    gradients = [tag for tag in events.Tags()["histograms"] if tag.startswith("gradient_mean/")]
    assert len(gradients) > 2 and all(events.Histograms(tag) for tag in gradients)
    print(f"tensorboard: {compared} scalars equal, {len(histograms)} histograms of weights, {len(gradients)} of gradients' means")


def check_projector(run):
    """The projector's plugin reads the latent vectors that `embed` writes, bit for bit, and their config."""
    from google.protobuf import text_format
    from tensorboard.plugins.projector import projector_plugin
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    embed = ["deno", "run", "-A", str(ROOT / "cli/embed.ts"), "--run", str(run)]
    subprocess.run([*embed, "--projector"], check=True)
    subprocess.run([*embed, "--output", str(run / "latent.npy")], check=True)
    folder = run / "tensorboard"
    (embedding,) = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig()).embeddings
    read = projector_plugin._read_tensor_tsv_file(str(folder / embedding.tensor_path))
    assert (read == np.load(run / "latent.npy")).all()
    assert len((folder / embedding.metadata_path).read_text().splitlines()) == len(read) + 1
    print(f"projector: {read.shape[0]} x {read.shape[1]} values equal")


class Server(BaseHTTPRequestHandler):
    """As much of W&B's server as `wandb sync` needs. Keeps the run, the lines of its streams and the names of its files."""

    run, streams, files = {}, {}, set()

    def log_message(self, *_):
        pass

    def body(self):
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(data) if self.headers.get("content-encoding") == "gzip" else data

    def reply(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.body()
        self.reply({})

    def do_PUT(self):
        self.body()
        Server.files.add(self.path.split("/")[-1])
        self.reply({})

    def do_POST(self):
        data = self.body()
        if self.path.endswith("graphql"):
            return self.reply({"data": self.answer(**json.loads(data))})
        if "file_stream" in self.path:
            for name, part in (json.loads(data).get("files") or {}).items():
                lines = Server.streams.setdefault(name, {})
                lines.update(enumerate(part["content"], part["offset"]))
        self.reply({"exitcode": None, "limits": {}})

    def answer(self, query, variables=None, **_):
        variables = variables or {}
        if "upsertBucket" in query:
            Server.run.update({name: value for name, value in variables.items() if value is not None})
            project = {"id": "p", "name": Server.run["project"], "entity": {"id": "e", "name": "someone"}}
            bucket = {"id": "b", "name": Server.run["name"], "displayName": Server.run.get("displayName"), "config": None,
                      "description": None, "sweepName": None, "historyLineCount": 0, "project": project}
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "createRunFiles" in query:
            host = self.headers["host"]
            files = [{"name": name, "uploadUrl": f"http://{host}/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        return {"serverInfo": {"features": []}} if "serverInfo" in query else {}


def records(path):
    """The records of W&B's file, with every checksum checked."""
    import struct
    import zlib

    from wandb.proto import wandb_internal_pb2

    data = path.read_bytes()
    assert data[:7] == b":W&B\xe1\xbe\x00"
    at, held = 7, b""
    while at < len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        crc, length, kind = struct.unpack("<IHB", data[at : at + 7])
        part = data[at + 7 : at + 7 + length]
        assert crc == zlib.crc32(part, zlib.crc32(bytes([kind])))
        at += 7 + length
        held = part if kind in (1, 2) else held + part
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(held)
            yield record


def check_history(run, history, where):
    """Rows by step, each with the values of the CSV files, bit for bit."""
    steps = {row["step"]: row for row in rows(run / "steps.csv")}
    epochs = iter(rows(run / "epochs.csv"))
    compared = 0
    # Epoch 0, before the first step, is of the weights with which a network begins.
    assert [row["_step"] for row in history if row["_step"] > 0] == list(steps), where
    for row in history:
        epoch = next(epochs) if "epoch/epoch" in row else None
        for name, value in row.items():
            prefix, _, column = name.partition("/")
            if prefix in ("train", "epoch"):
                assert value == (steps[row["_step"]] if prefix == "train" else epoch)[column], (where, name, row["_step"])
                compared += 1
    assert next(epochs, None) is None and compared > len(history)
    print(f"{where}: {compared} values equal in {len(history)} rows")


def check_wandb(run):
    """W&B's file by W&B's own messages, and what `wandb sync` uploads of it."""
    (folder,) = (run / "wandb").glob("offline-run-*")
    (path,) = folder.glob("run-*.wandb")
    found = list(records(path))
    assert [record.num for record in found] == list(range(1, len(found) + 1))
    kinds = [record.WhichOneof("record_type") for record in found]
    assert kinds[:2] == ["header", "run"] and kinds[-2:] == ["summary", "exit"] and kinds.count("exit") == 1, kinds
    history = [
        {item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
        for record in found if record.WhichOneof("record_type") == "history"
    ]
    check_history(run, history, "wandb's file")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {**os.environ, "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "0" * 40}
    program = Path(sys.executable).with_name("wandb")
    with tempfile.TemporaryDirectory() as logs:  # wandb leaves log files where it is started
        command = [program, "sync", "--yes", folder.resolve()]
        subprocess.run(command, env=env, cwd=logs, check=True, capture_output=True, timeout=120)
    server.shutdown()
    assert Path(f"{path}.synced").exists()
    lines = Server.streams["wandb-history.jsonl"]
    assert sorted(lines) == list(range(len(lines)))
    check_history(run, [json.loads(lines[number]) for number in sorted(lines)], "wandb sync")
    config = json.loads(Server.run["config"])
    assert config["optimizer"]["value"]["learning_rate"] and config["environment"]["value"]["narrows"]
    assert {"environment.json", "model.json", "config.yaml", "wandb-metadata.json"} <= Server.files, Server.files
    assert sum(name.endswith(".png") for name in Server.files) >= 2, Server.files
    summary = json.loads(Server.streams["wandb-summary.json"][0])
    final = json.loads((run / "summary.json").read_text())["metrics"]["train"]["r2"]
    assert summary["final/train_r2"] == final, summary


def main():
    with tempfile.TemporaryDirectory() as folder:
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else killed_run(folder)
        steps = rows(run / "steps.csv")
        assert [row["step"] for row in steps] == list(range(1, len(steps) + 1)), "steps.csv does not have each step once"
        check_tensorboard(run)
        check_wandb(run)
        check_projector(run)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
