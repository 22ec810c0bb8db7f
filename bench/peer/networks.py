"""Networks in the words of a config as PyTorch modules, so that both programs train the same network."""

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Variational(nn.Module):
    """Mean and logarithm of the variance of a diagonal Gaussian. `penalty` is the KL divergence from the standard normal
    distribution of the last batch, summed over rows and units."""

    def __init__(self, inputs, size, weight):
        super().__init__()
        self.mean, self.log_variance, self.weight = nn.Linear(inputs, size), nn.Linear(inputs, size), weight

    def forward(self, x):
        mean, v = self.mean(x), self.log_variance(x).clamp(-15, 15)
        self.penalty = self.weight * 0.5 * (v.exp() + mean * mean - 1 - v).sum()
        return mean + (0.5 * v).exp() * torch.randn_like(mean) if self.training else mean


def pair(value, axes):
    return tuple(value) if isinstance(value, list) else (value,) * axes


def padding(layer, axes):
    if layer["padding"] == "same":
        return tuple(d * (k - 1) // 2 for d, k in zip(pair(layer["dilation"], axes), pair(layer["kernel"], axes)))
    return pair(layer["padding"], axes)


def convolution(layer, channels, kind):
    axes = int(kind[-2])
    names = {"conv1d": nn.Conv1d, "conv2d": nn.Conv2d,
             "conv_transpose1d": nn.ConvTranspose1d, "conv_transpose2d": nn.ConvTranspose2d}
    more = {"output_padding": pair(layer["output_padding"], axes)} if "transpose" in kind else {}
    return names[kind](channels, layer["channels"], pair(layer["kernel"], axes), pair(layer["stride"], axes),
                       padding(layer, axes), groups=layer["groups"], bias=layer["bias"],
                       dilation=pair(layer["dilation"], axes), **more)


ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
               "flatten": nn.Flatten}


def module(layer, shape, outputs):
    kind, size = layer["kind"], int(np.prod(shape))
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind]()
    if kind == "linear":
        after = nn.Linear(size, outputs if layer["size"] == "output" else layer["size"])
        return after if len(shape) == 1 else nn.Sequential(nn.Flatten(), after)
    if kind == "variational":
        return Variational(size, layer["size"], layer["weight"])
    if kind.startswith("conv"):
        return convolution(layer, shape[0], kind)
    if kind == "batch_norm":
        norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d}[len(shape)]
        return norm(shape[0], layer["eps"], layer["momentum"])
    if kind == "layer_norm":
        return nn.LayerNorm(shape, layer["eps"])
    if kind == "unflatten":
        return nn.Unflatten(1, tuple(layer["shape"]))
    raise ValueError(f"the peer has no layer {kind}")


class SparseAutoencoder(nn.Module):
    """A top-k code and a dictionary. Only the directions of the units that are kept are read, as weighted bags of embeddings;
    no unit is dead yet, so there is no term for dead ones."""

    def __init__(self, inputs, size, k):
        super().__init__()
        weight = F.normalize(torch.randn(size, inputs), dim=1)
        self.k = k
        self.weight, self.bias = nn.Parameter(weight.clone()), nn.Parameter(torch.zeros(size))
        self.directions, self.centre = nn.Parameter(weight.clone()), nn.Parameter(torch.zeros(inputs))

    def forward(self, x):
        values, units = F.linear(x - self.centre, self.weight, self.bias).topk(self.k, dim=1)
        return F.embedding_bag(units, self.directions, per_sample_weights=values.relu(), mode="sum") + self.centre

    @torch.no_grad()
    def before_step(self):
        """Takes the part along the directions from their gradient."""
        along = (self.directions.grad * self.directions).sum(1, keepdim=True)
        self.directions.grad.addcmul_(along, self.directions, value=-1)

    @torch.no_grad()
    def after_step(self):
        self.directions.div_(self.directions.norm(dim=1, keepdim=True))


def build(layers, shape, outputs):
    """The layers on rows of a shape, channels first."""
    if [layer["kind"] for layer in layers] == ["sparse_code", "dictionary"]:
        return nn.Sequential(SparseAutoencoder(outputs, layers[0]["size"], layers[0]["k"]))
    modules = []
    for layer in layers:
        made = module(layer, shape, outputs)
        with torch.no_grad():
            made.eval()
            shape = tuple(made(torch.zeros(1, *shape)).shape[1:])
        modules.append(made.train())
    return nn.Sequential(*modules)


class SquaredError(nn.Module):
    def forward(self, output, target):
        return ((output - target) ** 2).sum()


class NegativeBinomial(nn.Module):
    """A dispersion a column; means are the exponential of the outputs times the row's size."""

    def __init__(self, loss, columns):
        super().__init__()
        self.log_theta = nn.Parameter(torch.zeros(columns))
        self.scale = loss["size_scale"] if loss["size"] == "library" else None

    def forward(self, output, y):
        log_mean = output if self.scale is None else output + torch.log(y.sum(1, keepdim=True) / self.scale)
        theta = self.log_theta.exp()
        log_sum = torch.log(theta + log_mean.exp())
        likelihood = (theta * (self.log_theta - log_sum) + y * (log_mean - log_sum)
                      + torch.lgamma(y + theta) - torch.lgamma(theta) - torch.lgamma(y + 1))
        return -likelihood.sum()


class Network:
    """A network in training: rows of a dense tensor or of sparse counts, Adam, batches without replacement."""

    def __init__(self, rows, layers, shape, loss, batch, learning_rate, threads, held_out=(), seed=0):
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.x, self.shape, self.batch, self.reduction = rows, tuple(shape), batch, loss["reduction"]
        columns = rows.shape[1]
        self.random = np.random.default_rng(seed)
        self.held_out = np.asarray(held_out, dtype=np.int64)
        self.rows = np.setdiff1d(np.arange(rows.shape[0]), self.held_out)
        self.model = build(layers, self.shape, columns)
        self.loss = NegativeBinomial(loss, columns) if loss["kind"] == "negative_binomial" else SquaredError()
        parameters = [*self.model.parameters(), *self.loss.parameters()]
        self.optimizer = torch.optim.Adam(parameters, learning_rate, fused=True)
        self.images = len(self.shape) == 3
        self.last = self.images and self.faster_channels_last()

    def faster_channels_last(self):
        """Whether a step is faster with channels last; the network goes on as it was."""
        state = {name: value.clone() for name, value in self.model.state_dict().items()}
        least = {}
        for self.last in (False, True):
            self.model.to(memory_format=torch.channels_last if self.last else torch.contiguous_format)
            self.steps(2)
            least[self.last] = min(self.steps(2)["step_ms"] for _ in range(3))
        last = least[True] < least[False]
        self.model.to(memory_format=torch.channels_last if last else torch.contiguous_format)
        self.model.load_state_dict(state)
        self.optimizer.state.clear()
        self.random = np.random.default_rng(0)
        return last

    def loss_of(self, rows):
        """The loss as loss.reduction says, of the mean latent values in evaluation."""
        target = self.x.take(rows)[1]
        x = target.reshape(-1, *self.shape)
        if self.images and self.last:
            x = x.contiguous(memory_format=torch.channels_last)
        total = self.loss(self.model(x).reshape(target.shape), target)
        total = total + sum(m.penalty for m in self.model if isinstance(m, Variational))
        return total / {"mean": target.numel(), "row_mean": len(rows), "sum": 1}[self.reduction]

    def set_weights(self, path):
        vector = torch.from_numpy(np.load(path).ravel())
        nn.utils.vector_to_parameters(vector, self.model.parameters())

    def loss_in_evaluation(self, rows):
        self.model.eval()
        with torch.no_grad():
            loss = self.loss_of(np.asarray(rows)).item()
        self.model.train()
        return {"loss": loss}

    def step(self, rows):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(rows)
        loss.backward()
        sparse = [module for module in self.model if isinstance(module, SparseAutoencoder)]
        for module in sparse:
            module.before_step()
        self.optimizer.step()
        for module in sparse:
            module.after_step()
        return loss.detach()

    def steps(self, count):
        batches = [np.sort(self.random.choice(self.rows, min(self.batch, len(self.rows)), replace=False))
                   for _ in range(count)]
        start = time.perf_counter()
        losses = [loss.item() for loss in [self.step(rows) for rows in batches]]
        return {"step_ms": 1e3 * (time.perf_counter() - start) / count, "losses": losses}

    def epoch(self):
        order = self.random.permutation(self.rows)
        start = time.perf_counter()
        for first in range(0, len(order), self.batch):
            self.step(np.sort(order[first:first + self.batch]))
        return {"seconds": time.perf_counter() - start, "validation_loss": self.validation_loss()}

    def validation_loss(self):
        self.model.eval()
        with torch.no_grad():
            parts = [self.held_out[i:i + self.batch] for i in range(0, len(self.held_out), self.batch)]
            total = sum(self.loss_of(rows).item() * len(rows) for rows in parts)
        self.model.train()
        return total / len(self.held_out)

    def code(self):
        """Of the held-out rows: the mean number of units that are not 0, the share of units that are 0 in all of them, and the
        share of the variance that is not explained."""
        encoder = self.model[0]
        active, counts, squares = 0, torch.zeros(encoder.bias.numel()), 0
        with torch.no_grad():
            for first in range(0, len(self.held_out), self.batch):
                x = self.x.take(self.held_out[first:first + self.batch])[1]
                values, units = F.linear(x - encoder.centre, encoder.weight, encoder.bias).topk(encoder.k, dim=1)
                kept = units[values > 0]
                active += kept.numel()
                counts.index_add_(0, kept, torch.ones(kept.numel()))
                squares += (encoder(x) - x).double().square().sum().item()
            rows = self.x.take(self.held_out)[1].double()
            variance = (rows - rows.mean(0)).square().sum().item()
        return {"active": active / len(self.held_out), "dead": (counts == 0).float().mean().item(),
                "unexplained": squares / variance}
