"""Compares what exports.ts wrote with ONNX Runtime and PyTorch: latent vectors and reconstructions of every case.

    deno run -A tests/peer/exports.ts FOLDER && python tests/peer/exports.py FOLDER

Needs torch, onnx, onnxruntime and numpy. An error is the largest difference, divided by the largest value of the case.
"""
import importlib.util
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch

LIMIT = 1e-5


def by_onnx(folder, rows, category):
    path = folder / "model.onnx"
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    takes = {value.name for value in session.get_inputs()}
    given = {name: value for name, value in {"rows": rows, "category": category}.items() if name in takes}
    return session.run(["latent", "reconstruction"], given)


def by_torch(folder, rows, category):
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.load()
    more = [torch.from_numpy(category)] if hasattr(module, "CATEGORIES") else []
    rows = torch.from_numpy(rows)
    with torch.no_grad():
        return model.encode(rows, *more).numpy(), model(rows, *more).numpy()


def stored(folder):
    """The rows after data.transforms, which both get; transform of the Python file makes them."""
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.transform(torch.from_numpy(np.load(folder / "rows.npy"))).numpy()


def main():
    worst, failed, cases = {"onnx": 0, "torch": 0}, 0, 0
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        cases += 1
        category = np.load(folder / "category.npy")
        wanted = np.load(folder / "latent.npy"), np.load(folder / "reconstruction.npy")
        for name, compute in {"onnx": by_onnx, "torch": by_torch}.items():
            try:
                found = compute(folder, stored(folder), category)
                errors = [np.abs(f - w).max() / max(np.abs(w).max(), 1e-30) if f.shape == w.shape else np.inf
                          for f, w in zip(found, wanted)]
            except Exception as error:
                print(f"{folder.name}: {name}: {type(error).__name__}: {str(error)[:300]}")
                failed += 1
                continue
            if not max(errors) <= LIMIT:
                print(f"{folder.name}: {name}: latent {errors[0]:.2g}, reconstruction {errors[1]:.2g}")
                failed += 1
            worst[name] = max(worst[name], *errors)
    print(f"{cases} networks; largest difference: onnx {worst['onnx']:.2g}, torch {worst['torch']:.2g}; {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
