"""Golden values of single layers, by PyTorch in double precision: outputs, and the gradients of sum(c * y), plus what a
layer adds to the loss.

    python tests/golden/make_layers.py     # needs torch 2.x

layers.json: a case a line: the layer in the engine's words, the shape of a row, and channels first (each row's values
in PyTorch's order) x, c, y and d_x, and the parameters with their gradients under PyTorch's names. Inputs and
parameters are floats, so that both sides start from the same numbers.
"""
import json
import pathlib

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
ROWS = 3


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


class Shortcut(nn.Module):
    def __init__(self, size, *layers):
        super().__init__()
        self.layers, self.size = nn.Sequential(*layers), size

    def forward(self, x):
        return self.layers(x[:, :-self.size]) + x[:, -self.size:]


class DenseSkip(Residual):
    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)


class Positions(nn.Embedding):
    def forward(self, x):
        return x + self.weight.T.reshape(x.shape[1:])


class SelfAttention(nn.MultiheadAttention):
    def __init__(self, width, heads):
        super().__init__(width, heads, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return super().forward(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)


class LocallyConnected(nn.Module):
    """A convolution whose weights are not shared: windows by unfold, each place's product by einsum."""

    def __init__(self, output, channels, kernel, bias=True, **windows):
        super().__init__()
        places = output[1] * output[2]
        self.output, self.kernel, self.windows = output, kernel, windows
        self.weight = nn.Parameter(torch.empty(places, output[0], channels, *kernel))
        self.bias = nn.Parameter(torch.empty(places, output[0])) if bias else None

    def forward(self, x):
        columns = nn.functional.unfold(x, self.kernel, **self.windows)
        y = torch.einsum("ndo,ofd->nfo", columns, self.weight.flatten(2))
        if self.bias is not None:
            y = y + self.bias.T
        return y.reshape(-1, *self.output)


class Neurons(nn.Module):
    """Neurons that are evaluated for some rounds, each a sum over (source, target) pairs; the first numbers are values of
    the row, and the outputs are the sums of the last neurons."""

    def __init__(self, output, inputs, neurons, pairs, rounds, activation=torch.tanh):
        super().__init__()
        pairs = sorted(set(pairs), key=lambda pair: (pair[1], pair[0]))
        self.output, self.inputs, self.neurons = output, inputs, neurons
        self.rounds, self.activation = rounds, activation
        self.weight = nn.Parameter(torch.empty(len(pairs)))
        self.bias = nn.Parameter(torch.empty(neurons))
        self.source, self.target = torch.tensor(pairs).T

    def forward(self, x):
        x = x.flatten(1)
        v = x.new_zeros(len(x), self.neurons)
        for _ in range(self.rounds):
            terms = torch.cat([x, v], 1)[:, self.source] * self.weight
            z = self.bias.expand_as(v).index_add(1, self.target - self.inputs, terms)
            v = self.activation(z)
        return z[:, -torch.Size(self.output).numel():].reshape(-1, *self.output)


def everyone(inputs, neurons):
    """All pairs but those of a neuron with itself."""
    return [(source, inputs + n) for n in range(neurons) for source in range(inputs + neurons) if source != inputs + n]


def around(at, to, of, size):
    centre = (2 * at + 1) * of // (2 * to)
    return range(max(0, centre - (size - 1) // 2), min(of, centre - (size - 1) // 2 + size))


def tiles(of, of_first, to, to_first, size):
    """Pairs of the images (channels, height, width) whose numbers begin there."""
    return [(of_first + (c * of[1] + i) * of[2] + j, to_first + (d * to[1] + k) * to[2] + m)
            for d in range(to[0]) for k in range(to[1]) for m in range(to[2])
            for c in range(of[0]) for i in around(k, to[1], of[1], size[0]) for j in around(m, to[2], of[2], size[1])]


class VectorQuantised(nn.Module):
    """The code of van den Oord et al. 2017; both distances are added to the loss as `penalty`."""

    def __init__(self, codes, width, commitment):
        super().__init__()
        self.commitment = commitment
        self.codebook = nn.Parameter(torch.empty(codes, width))

    def forward(self, x):
        z = x.reshape(len(x), x.shape[1], -1).transpose(1, 2)
        e = self.codebook[torch.cdist(z, self.codebook.expand(len(x), -1, -1)).argmin(2)]
        self.penalty = ((z.detach() - e) ** 2).sum() + self.commitment * ((z - e.detach()) ** 2).sum()
        return (z + (e - z).detach()).transpose(1, 2).reshape(x.shape)


def linear(size):
    return {"kind": "linear", "size": size}


def case(kind, module, shape, /, **settings):
    return kind, module, shape, settings


CASES = [
    case("flatten", nn.Flatten(), [3, 4, 5]),
    case("unflatten", nn.Unflatten(1, (3, 4, 5)), [60], shape=[3, 4, 5]),
    case("reshape", nn.Sequential(nn.Flatten(), nn.Unflatten(1, (15, 2, 2))), [6, 10], shape=[15, 2, 2]),
    case("max_pool1d", nn.MaxPool1d(3), [2, 10], kernel=3),
    case("max_pool1d", nn.MaxPool1d(4, 2, 2), [3, 9], kernel=4, stride=2, padding=2),
    case("max_pool2d", nn.MaxPool2d(2), [5, 6, 7], kernel=2),
    case("max_pool2d", nn.MaxPool2d((3, 2), (1, 3), (1, 0)), [35, 4, 6], kernel=[3, 2], stride=[1, 3], padding=[1, 0]),
    case("average_pool1d", nn.AvgPool1d(3, 2, 1), [4, 8], kernel=3, stride=2, padding=1),
    case("average_pool1d", nn.AvgPool1d(3, 2, 1, count_include_pad=False), [4, 8], kernel=3, stride=2, padding=1,
         count_include_pad=False),
    case("average_pool2d", nn.AvgPool2d(2), [3, 4, 5], kernel=2),
    case("average_pool2d", nn.AvgPool2d((3, 4), 2, (1, 2)), [3, 5, 6], kernel=[3, 4], stride=2, padding=[1, 2]),
    case("average_pool2d", nn.AvgPool2d((3, 4), 2, (1, 2), count_include_pad=False), [3, 5, 6], kernel=[3, 4], stride=2,
         padding=[1, 2], count_include_pad=False),
    case("softplus", nn.Softplus(), [7]),
    case("softplus", nn.Softplus(beta=2.5, threshold=1), [3, 4], beta=2.5, threshold=1),
    case("softmax", nn.Softmax(1), [9]),
    case("softmax", nn.Softmax(1), [4, 5]),
    case("softmax", nn.Softmax(1), [3, 2, 4]),
    case("prelu", nn.PReLU(), [3, 4]),
    case("prelu", nn.PReLU(5), [5], slopes="channel"),
    case("prelu", nn.PReLU(3), [3, 2, 4], slopes="channel"),
    case("layer_norm", nn.LayerNorm(12), [12]),
    case("layer_norm", nn.LayerNorm([3, 5]), [3, 5]),
    case("layer_norm", nn.LayerNorm([3, 2, 4], eps=1e-3), [3, 2, 4], eps=1e-3),
    case("group_norm", nn.GroupNorm(2, 6), [6], groups=2),
    case("group_norm", nn.GroupNorm(2, 6), [6, 3], groups=2),
    case("group_norm", nn.GroupNorm(3, 3, eps=1e-2), [3, 2, 4], groups=3, eps=1e-2),
    case("group_norm", nn.GroupNorm(1, 4, affine=False), [4, 5], groups=1, affine=False),
    case("instance_norm", nn.InstanceNorm1d(4), [4, 6]),
    case("instance_norm", nn.InstanceNorm2d(3, eps=1e-3, affine=True), [3, 4, 2], eps=1e-3, affine=True),
    case("residual", Residual(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 6)), [6],
         layers=[linear(4), {"kind": "tanh"}, linear(6)]),
    case("residual", Residual(nn.PReLU(3), Residual(nn.LayerNorm([3, 4])), nn.Softplus()), [3, 4],
         layers=[{"kind": "prelu", "slopes": "channel"}, {"kind": "residual", "layers": [{"kind": "layer_norm"}]},
                 {"kind": "softplus"}]),
    case("dense_skip", DenseSkip(nn.Linear(5, 3), nn.Tanh()), [5], layers=[linear(3), {"kind": "tanh"}]),
    case("dense_skip", DenseSkip(DenseSkip(nn.GroupNorm(2, 4)), nn.Softmax(1)), [4, 3],
         layers=[{"kind": "dense_skip", "layers": [{"kind": "group_norm", "groups": 2}]}, {"kind": "softmax"}]),
    case("shortcut", Shortcut(3, nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)), [8],
         layers=[linear(4), {"kind": "tanh"}, linear(3)], size=3),
    case("positional_embedding", Positions(5, 3), [3, 5]),
    case("positional_embedding", Positions(6, 2), [2, 3, 2]),
    case("self_attention", SelfAttention(4, 1), [4, 5], heads=1),
    case("self_attention", SelfAttention(6, 3), [6, 4], heads=3),
    case("self_attention", SelfAttention(4, 2), [4, 2, 3], heads=2),
    case("locally_connected2d", LocallyConnected((4, 3, 4), 2, (3, 3)), [2, 5, 6], channels=4, kernel=3),
    case("locally_connected2d", LocallyConnected((3, 3, 4), 3, (3, 2), stride=(2, 1), padding=(1, 0)), [3, 5, 5], channels=3,
         kernel=[3, 2], stride=[2, 1], padding=[1, 0]),
    case("locally_connected2d", LocallyConnected((2, 2, 2), 4, (2, 2), bias=False, dilation=(1, 2)), [4, 3, 4], channels=2,
         kernel=2, dilation=[1, 2], bias=False),
    case("locally_connected2d", LocallyConnected((2, 4, 3), 1, (3, 3), padding=1), [1, 4, 3], channels=2, kernel=3,
         padding="same"),
    case("neuron_graph", Neurons([3], 4, 6, everyone(4, 6), 4), [4], size=3, neurons=6, rounds=4, fan_in=9, input_fan_in=9),
    case("neuron_graph", Neurons([2, 2], 6, 5, everyone(6, 5), 3, torch.sigmoid), [3, 2], size=[2, 2], neurons=5, rounds=3,
         activation="sigmoid"),
    # The row 2 x 4 x 5 (0 ... 39), layers 3 x 4 (40 ... 51) and 2 x 2 x 2 (52 ... 59), the outputs 2 x 2 (60 ... 63).
    case("neuron_layers",
         Neurons([2, 2], 40, 24, [
             *tiles((2, 4, 5), 0, (1, 3, 4), 40, (3, 2)),
             *tiles((1, 3, 4), 40, (2, 2, 2), 52, (2, 3)),
             *tiles((1, 3, 4), 40, (1, 3, 4), 40, (3, 3)), *tiles((2, 2, 2), 52, (2, 2, 2), 52, (3, 3)),
             *tiles((2, 2, 2), 52, (1, 3, 4), 40, (1, 2)),
             *tiles((1, 2, 2), 60, (1, 3, 4), 40, (1, 1)), *tiles((1, 2, 2), 60, (2, 2, 2), 52, (1, 1)),
             *tiles((2, 2, 2), 52, (1, 2, 2), 60, (2, 2)),
         ], 5), [2, 4, 5], size=[2, 2], shapes=[[3, 4], [2, 2, 2]], rounds=5, input=[3, 2], previous=[2, 3], next=[1, 2],
         feedback=[1, 1], output=[2, 2]),
    case("vector_quantised", VectorQuantised(6, 4, 0.25), [4], codes=6, update="gradient"),
    case("vector_quantised", VectorQuantised(5, 3, 0.5), [3, 4], codes=5, update="gradient", commitment=0.5),
    case("vector_quantised", VectorQuantised(7, 2, 0.25), [2, 2, 3], codes=7, update="gradient"),
    case("upsample1d", nn.Upsample(scale_factor=3), [2, 5], factor=3),
    case("upsample1d", nn.Upsample(scale_factor=3, mode="linear"), [3, 4], factor=3, mode="linear"),
    case("upsample1d", nn.Upsample(scale_factor=2, mode="linear"), [2, 1], factor=2, mode="linear"),
    case("upsample2d", nn.Upsample(scale_factor=(2, 3)), [3, 2, 4], factor=[2, 3]),
    case("upsample2d", nn.Upsample(scale_factor=(2, 3), mode="bilinear"), [3, 3, 4], factor=[2, 3], mode="linear"),
]


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().double().ravel().tolist()]


def run(kind, module, shape, settings):
    torch.manual_seed(5)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -1, 1)
    module = module.double().train()
    x = (2 * torch.rand(ROWS, *shape) - 1).double().requires_grad_()
    y = module(x)
    c = (2 * torch.rand(y.shape) - 1).double()
    ((c * y).sum() + getattr(module, "penalty", 0)).backward()
    return {
        "layer": {"kind": kind, **settings},
        "input": shape,
        "output": list(y.shape[1:]),
        "rows": ROWS,
        "x": numbers(x),
        "c": numbers(c),
        "y": numbers(y),
        "d_x": numbers(x.grad),
        "parameters": [{"name": name, "shape": list(value.shape), "value": numbers(value), "gradient": numbers(value.grad)}
                       for name, value in module.named_parameters()],
    }


def main():
    cases = [json.dumps(run(*one), separators=(",", ":")) for one in CASES]
    text = f'{{"torch": "{torch.__version__}", "cases": [\n' + ",\n".join(cases) + "\n]}\n"
    (HERE / "layers.json").write_text(text)


if __name__ == "__main__":
    main()
