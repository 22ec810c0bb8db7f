"""Golden values of convolutions, by PyTorch in double precision: output, gradients to input, weight and bias.

    python tests/golden/make_convolutions.py > cpp/tests/layers_convolution_golden.h     # needs torch 2.x

Inputs, weights, biases and gradients of outputs are whole numbers made from their places, so that every sum is exact in
single precision too. A tensor is kept as its size and two sums: of its values times (place mod 97) + 1, and of their
squares.
"""
import json

import torch
from torch import nn

ROWS = 2
GRID = []
for kind in ("conv1d", "conv2d"):
    shape = (4, 13) if kind == "conv1d" else (4, 8, 9)
    for kernel, stride, padding, dilation, groups in [
        (1, 1, 0, 1, 1), (3, 1, 1, 1, 1), (3, 2, 1, 1, 1), (4, 2, 1, 1, 2), (5, 1, 2, 1, 1), (3, 1, 2, 2, 1),
        (2, 3, 0, 1, 4), (3, 2, 3, 3, 2), (4, 3, 6, 1, 1), (3, 1, "same", 1, 1), (4, 1, "same", 2, 2),
    ]:
        more = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        GRID.append((kind, shape, {"channels": 8, "kernel": kernel, **more}))
GRID += [
    ("conv1d", (1, 50), {"channels": 3, "kernel": 31, "padding": 15}),
    ("conv1d", (20,), {"channels": 3, "kernel": 5, "bias": False}),
    ("conv1d", (33, 12), {"channels": 65, "kernel": 3, "padding": 1}),
    ("conv2d", (3, 7, 10), {"channels": 2, "kernel": [3, 4], "stride": [2, 1], "padding": [0, 2], "dilation": [1, 2]}),
    ("conv2d", (6, 5), {"channels": 3, "kernel": [2, 3]}),
]
for kind in ("conv_transpose1d", "conv_transpose2d"):
    shape = (4, 7) if kind.endswith("1d") else (4, 5, 6)
    for kernel, stride, padding, output_padding, dilation, groups in [
        (1, 1, 0, 0, 1, 1), (3, 1, 1, 0, 1, 1), (4, 2, 1, 0, 1, 1), (3, 2, 1, 1, 1, 2), (5, 3, 0, 2, 1, 1),
        (3, 1, 2, 0, 2, 4), (2, 4, 0, 3, 1, 1), (3, 2, 2, 2, 3, 2),
    ]:
        more = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
        GRID.append((kind, shape, {"channels": 8, "kernel": kernel, "groups": groups, **more}))
GRID += [
    ("conv_transpose1d", (9,), {"channels": 2, "kernel": 3, "stride": 2}),
    ("conv_transpose1d", (5, 20), {"channels": 1, "kernel": 31, "padding": 15, "bias": False}),
    ("conv_transpose2d", (3, 4, 5), {"channels": 2, "kernel": [4, 3], "stride": [2, 1], "padding": [1, 0]}),
]
MODULES = {"conv1d": nn.Conv1d, "conv2d": nn.Conv2d, "conv_transpose1d": nn.ConvTranspose1d,
           "conv_transpose2d": nn.ConvTranspose2d}


def values(shape, salt):
    places = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return ((places * 7 + salt) % 11 - 5).double().reshape(shape)


def sums(tensor):
    flat = torch.zeros(0).double() if tensor is None else tensor.detach().reshape(-1)
    factors = torch.arange(flat.numel()) % 97 + 1
    return "{%d, %d, %d}" % (flat.numel(), int((flat * factors).sum()), int((flat * flat).sum()))


def main():
    print("// Written by tests/golden/make_convolutions.py, which says what the numbers are.")
    print("#pragma once\n\n#include <cstddef>\n#include <cstdint>\n")
    print("// clang-format off")
    print("struct Sums { size_t size; double weighted, squares; };")
    print("struct Golden { const char* settings; uint32_t input[3]; Sums y, d_x, d_w, d_b; };\n")
    print("constexpr Golden kGolden[] = {")
    for kind, shape, settings in GRID:
        axes = 1 if kind.endswith("1d") else 2
        full = shape if len(shape) == axes + 1 else (1, *shape)
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
        module = MODULES[kind](full[0], given.pop("channels"), given.pop("kernel"), **given).double()
        with torch.no_grad():
            module.weight.copy_(values(module.weight.shape, 3))
            if module.bias is not None:
                module.bias.copy_(values(module.bias.shape, 4))
        x = values((ROWS, *full), 1).requires_grad_()
        y = module(x)
        y.backward(values(y.shape, 2))
        text = json.dumps(json.dumps({"kind": kind, **settings}))
        sizes = ", ".join(str(size) for size in (*shape, 0, 0)[:3])
        bias = None if module.bias is None else module.bias.grad
        print("    {%s, {%s},\n     %s, %s, %s, %s}," % (text, sizes, sums(y), sums(x.grad), sums(module.weight.grad),
                                                      sums(bias)))
    print("};")


main()
