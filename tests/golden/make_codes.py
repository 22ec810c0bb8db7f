"""Golden values of codes and noise: layers that draw, that add to the loss, or that keep some values.

    python tests/golden/make_codes.py && deno fmt tests/golden     # needs torch 2.x, numpy, scipy

codes.json, codes.bin: as golden.json and golden.bin of make_golden.py. What is drawn is the engine's: Philox4x32-10 of
(seed, purpose, layer, step, row, place), as cpp/base/philox.h and cpp/layers/row_draws.h have it.
"""
import math

import torch
from torch import nn

import make_golden as golden
from make_golden import ADAM, case, linear, plain

SEED, NOISE = 1, 6  # the test's seed; Purpose::kNoise
WORD, LONG = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def philox(key, counter):
    k0, k1 = key & WORD, key >> 32
    c = list(counter)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & WORD, (p0 >> 32) ^ c[3] ^ k1, p0 & WORD]
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c


def row_words(layer, step, row, count):
    """The first words of a row."""
    key = SEED ^ (NOISE * 0x9E3779B97F4A7C15 & LONG)
    word = philox(key, [step & WORD, step >> 32, layer, 0])
    key = word[1] << 32 | word[0]
    words = []
    for block in range((count + 3) // 4):
        words += philox(key, [block, 0, row & WORD, row >> 32])
    return words[:count]


def normals(layer, step, rows, count):
    def pair(a, b):
        r, angle = math.sqrt(-2 * math.log(((a >> 1) + 0.5) / 2**31)), 2 * math.pi * b / 2**32
        return [r * math.cos(angle), r * math.sin(angle)]

    def of_row(row):
        words = row_words(layer, step, row, count + count % 2)
        return [value for a, b in zip(words[::2], words[1::2]) for value in pair(a, b)][:count]

    return torch.tensor([of_row(row) for row in rows], dtype=torch.double)


class Drawing(nn.Module):
    """A module that is told its step and rows. layer: its number in the network."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def begin(self, step, rows):
        self.step, self.rows = step, rows


class Variational(Drawing):
    def __init__(self, spec, width):
        super().__init__(spec["number"])
        self.spec = spec
        self.mean = nn.Linear(width, spec["size"])
        self.log_variance = nn.Linear(width, spec["size"])

    def forward(self, x):
        mean, log_variance = self.mean(x), self.log_variance(x).clamp(-15, 15)
        q = torch.distributions.Normal(mean, (log_variance / 2).exp())
        self.kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0, 1)).sum()
        return mean + q.stddev * normals(self.layer, self.step, self.rows, self.spec["size"])

    def penalty(self):
        warm_up = self.spec.get("warm_up", 0)
        return self.spec.get("weight", 1) * min(1, self.step / warm_up if warm_up else 1) * self.kl


class TopK(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        values, at = x.topk(self.k, dim=1)
        return torch.zeros_like(x).scatter(1, at, values)


class BatchTopK(nn.Module):
    def __init__(self, k, momentum):
        super().__init__()
        self.k, self.momentum = k, momentum
        self.register_buffer("threshold", torch.zeros(1))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        values, at = x.flatten().topk(self.k * len(x))
        self.smallest = values.detach()[values != 0].min()
        return torch.zeros_like(x.flatten()).scatter(0, at, values).view_as(x)

    def end(self):
        momentum = self.momentum if self.num_batches_tracked > 0 else 1
        self.threshold += momentum * (self.smallest - self.threshold)
        self.num_batches_tracked += 1


class Jump(torch.autograd.Function):
    """JumpReLU and the step function at theta, with the pseudo-derivatives of Rajamanoharan et al. 2024."""

    @staticmethod
    def forward(ctx, x, theta, bandwidth):
        ctx.save_for_backward(x, theta)
        ctx.bandwidth = bandwidth
        return x * (x > theta), (x > theta).to(x.dtype)

    @staticmethod
    def backward(ctx, d_y, d_step):
        x, theta = ctx.saved_tensors
        kernel = ((x - theta).abs() < ctx.bandwidth / 2).to(x.dtype) / ctx.bandwidth
        return d_y * (x > theta), (-kernel * (theta * d_y + d_step)).sum(0), None


class JumpRelu(nn.Module):
    def __init__(self, spec, width):
        super().__init__()
        self.spec = spec
        self.log_threshold = nn.Parameter(torch.full((width,), spec["threshold"]).log())

    def forward(self, x):
        y, above = Jump.apply(x, self.log_threshold.exp(), self.spec["bandwidth"])
        self.count = above.sum()
        return y

    def penalty(self):
        return self.spec["weight"] * self.count


class L1(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        self.sum = x.abs().sum()
        return x

    def penalty(self):
        return self.weight * self.sum


class GaussianNoise(Drawing):
    def __init__(self, spec):
        super().__init__(spec["number"])
        self.deviation = spec["deviation"]

    def forward(self, x):
        return x + self.deviation * normals(self.layer, self.step, self.rows, x.shape[1])


class Replacing(Drawing):
    def __init__(self, spec, low, high):
        super().__init__(spec["number"])
        self.share, self.low, self.high = spec["share"] * 2**32, low, high

    def forward(self, x):
        words = torch.tensor([row_words(self.layer, self.step, row, x.shape[1]) for row in self.rows])
        return torch.where(words < self.share, torch.where(words < self.share / 2, self.low, self.high), x)


class MaskTokens(Drawing):
    """Tokens of `length` places of a signal; those with the smallest words are hidden."""

    def __init__(self, spec, channels):
        super().__init__(spec["number"])
        self.share, self.length = spec["share"], spec["length"]
        self.channels = channels
        if spec["fill"] == "learned":
            self.token = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        signal = x.view(len(x), self.channels, -1)
        places = signal.shape[2]
        tokens = -(-places // self.length)
        count = round(self.share * tokens)
        words = torch.tensor([row_words(self.layer, self.step, row, tokens) for row in self.rows])
        hidden = torch.zeros_like(words, dtype=torch.bool).scatter(1, words.argsort(1)[:, :count], True)
        hidden = hidden.repeat_interleave(self.length, 1)[:, :places].unsqueeze(1)
        token = self.token.view(1, -1, 1) if hasattr(self, "token") else torch.zeros(())
        return torch.where(hidden, token.to(x.dtype), signal).view(x.shape)


class Contractive(Drawing):
    """Linear and tanh, whose Jacobian is estimated by a difference quotient along normal steps."""

    def __init__(self, spec, width):
        super().__init__(spec["number"])
        self.spec = spec
        self.layers = nn.Sequential(nn.Linear(width, spec["layers"][0]["size"]), nn.Tanh())

    def forward(self, x):
        y = self.layers(x)
        moved = self.layers(x + self.spec["step"] * normals(self.layer, self.step, self.rows, x.shape[1]))
        self.squares = ((moved - y) ** 2).sum() / self.spec["step"] ** 2
        return y

    def penalty(self):
        return self.spec["weight"] * self.squares


golden.MORE |= {
    "unflatten": lambda spec, width: (nn.Identity(), width),
    "flatten": lambda spec, width: (nn.Identity(), width),
    "mask_tokens": lambda spec, width: (MaskTokens(spec, 2), width),
    "contractive": lambda spec, width: (Contractive(spec, width), spec["layers"][0]["size"]),
    "variational": lambda spec, width: (Variational(spec, width), spec["size"]),
    "top_k": lambda spec, width: (TopK(spec["k"]), width),
    "batch_top_k": lambda spec, width: (BatchTopK(spec["k"], spec["momentum"]), width),
    "jump_relu": lambda spec, width: (JumpRelu(spec, width), width),
    "l1": lambda spec, width: (L1(spec["weight"]), width),
    "gaussian_noise": lambda spec, width: (GaussianNoise(spec), width),
    "salt_and_pepper": lambda spec, width: (Replacing(spec, spec["low"], spec["high"]), width),
    "mask_noise": lambda spec, width: (Replacing(spec, 0.0, 0.0), width),
}


def numbered(encoder, decoder):
    """Each layer with its number in the network, which is no setting and is taken out again."""
    for number, layer in enumerate(encoder + decoder):
        layer["number"] = number
    return encoder, decoder


def code_case(name, encoder, decoder, *more, **settings):
    return case(name, *numbered(encoder, decoder), *more, **settings)


CASES = [
    code_case("variational, row_mean, adam",
              [linear(8), plain("relu"), plain("variational", size=3)], [linear(8), plain("relu"), linear("output")],
              ADAM, 0.01, "row_mean"),
    code_case("variational as the only layer, with a weight and a warm-up, mean, sgd",
              [plain("variational", size=3, weight=0.5, warm_up=6)], [linear("output")], {"name": "sgd"}, 0.3),
    code_case("variational, clipped, sum, sgd with momentum",
              [linear(8), plain("tanh"), plain("variational", size=2, weight=2)], [linear("output")],
              {"name": "sgd", "momentum": 0.9}, 0.01, "sum", clip=3.0),
    code_case("top_k after relu, sgd", [linear(9), plain("relu"), plain("top_k", k=3)], [linear("output")],
              {"name": "sgd"}, 0.3),
    code_case("batch_top_k, sgd with momentum", [linear(9), plain("batch_top_k", k=2, momentum=0.3)],
              [linear("output")], {"name": "sgd", "momentum": 0.9}, 0.1),
    code_case("jump_relu, row_mean, sgd",
              [linear(9), plain("jump_relu", weight=0.05, threshold=0.2, bandwidth=0.3)], [linear("output")],
              {"name": "sgd"}, 0.03, "row_mean"),
    code_case("l1 after relu, adam", [linear(6), plain("relu"), plain("l1", weight=0.3)], [linear("output")], ADAM,
              0.01),
    code_case("gaussian_noise first, adam", [plain("gaussian_noise", deviation=0.3), linear(4)], [linear("output")],
              ADAM, 0.01),
    code_case("salt_and_pepper first, sgd",
              [plain("salt_and_pepper", share=0.25, low=-1.0, high=2.0), linear(4)], [linear("output")],
              {"name": "sgd"}, 0.3),
    code_case("mask_noise twice, sgd",
              [plain("mask_noise", share=0.25), linear(6), plain("mask_noise", share=0.5), plain("tanh")],
              [linear("output")], {"name": "sgd"}, 0.3),
    code_case("mask_tokens with a learned token first, adam",
              [plain("unflatten", shape=[2, 20]), plain("mask_tokens", share=0.4, length=3, fill="learned"),
               plain("flatten"), linear(4)], [linear("output")], ADAM, 0.01),
    code_case("mask_tokens with zeros first, sgd",
              [plain("unflatten", shape=[2, 20]), plain("mask_tokens", share=0.6, length=4, fill="zero"),
               plain("flatten"), linear(4)], [linear("output")], {"name": "sgd"}, 0.3),
    code_case("contractive first, row_mean, sgd",
              [plain("contractive", layers=[linear(5), plain("tanh")], weight=0.3, step=0.1)], [linear("output")],
              {"name": "sgd"}, 0.02, "row_mean"),
]

if __name__ == "__main__":
    golden.write("codes", CASES)
