"""Golden values of ten training steps, by PyTorch in double precision: losses, gradient norms, every gradient of the
first and the last step, every weight after each step.

    python tests/golden/make_golden.py && deno fmt tests/golden     # needs torch 2.x, numpy, scipy

rows.npz     76 sparse rows of 40 columns (scipy.sparse.save_npz, float32): nine batches of 8 and one of 4, in order
golden.json  the cases: the model in the config's words, losses, and the tensors in the order of golden.bin
golden.bin   float32, a case after the other: initial tensors; then for each step its gradients (first and last step
             only) and the tensors after it. Parameters and buffers are in PyTorch's order.
Starting weights and data are floats, so that both sides start from the same numbers.
"""
import json
import pathlib

import numpy as np
import scipy.sparse
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
ROWS, COLUMNS, BATCH, STEPS = 76, 40, 8, 10
ADAM = {"name": "adam", "betas": [0.9, 0.999], "eps": 1e-8}


def linear(size, **more):
    return {"kind": "linear", "size": size, **more}


def plain(kind, **more):
    return {"kind": kind, **more}


def case(name, encoder, decoder, optimizer, learning_rate, reduction="mean", clip=0, loss=None, transforms=()):
    return {
        "name": name,
        "encoder": encoder,
        "decoder": decoder,
        "optimizer": optimizer,
        "loss": {"reduction": reduction, **(loss or plain("mse"))},
        "transforms": list(transforms),
        "learning_rate": learning_rate,
        "gradient_clip": clip,
    }


def around(kind, tied=False, **more):
    """4-3-4 with one activation between the layers."""
    f = plain(kind, **more)
    tie = {"tied": True} if tied else {}
    return [linear(4), f, linear(3)], [linear(4, **tie), f, linear("output", **tie)]


TRIPLE = [plain("scale", factor=3)]

CASES = [
    case("one layer each, sgd, row_mean", [linear(4)], [linear("output", bias=False)], {"name": "sgd"}, 0.05, "row_mean"),
    case("relu, adam", *around("relu"), ADAM, 0.01),
    case("leaky_relu, sgd with nesterov momentum and weight decay, sum", *around("leaky_relu", slope=0.2),
         {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, 0.0005, "sum"),
    case("elu, sgd with momentum", *around("elu", alpha=0.7), {"name": "sgd", "momentum": 0.8}, 0.3),
    case("gelu and layer_norm, adamw",
         [linear(4), plain("layer_norm", eps=1e-5), plain("gelu"), linear(3)],
         [linear(4), plain("gelu"), plain("layer_norm", eps=1e-3), linear("output")],
         {"name": "adamw", "weight_decay": 0.1, "betas": [0.8, 0.95], "eps": 1e-6}, 0.01),
    case("silu, rmsprop", *around("silu"), {"name": "rmsprop", "alpha": 0.9, "eps": 1e-4}, 0.003),
    case("tanh, rmsprop with momentum and weight decay, row_mean", *around("tanh"),
         {"name": "rmsprop", "alpha": 0.99, "eps": 1e-4, "momentum": 0.5, "weight_decay": 0.02}, 0.002, "row_mean"),
    # A bias before batch norm has a gradient of 0 but for rounding, which Adam would blow up to whole steps.
    case("sigmoid and batch_norm, adam with weight decay",
         [linear(4, bias=False), plain("batch_norm", eps=1e-5, momentum=0.3), plain("sigmoid"), linear(3)],
         [linear(4), plain("sigmoid"), plain("batch_norm", eps=1e-2, momentum=0.1), linear("output")],
         {**ADAM, "weight_decay": 0.05}, 0.01),
    case("clipped by norm, adam", *around("tanh"), ADAM, 0.01, "row_mean", 0.5),
    case("tied, adam", *around("relu", tied=True), ADAM, 0.01),
    case("tied, clipped, sgd with momentum, sum", *around("silu", tied=True), {"name": "sgd", "momentum": 0.9}, 0.01,
         "sum", 2.0),
    case("mae, adam", *around("tanh"), ADAM, 0.01, "row_mean", loss=plain("mae")),
    case("huber, sgd with momentum", *around("tanh"), {"name": "sgd", "momentum": 0.8}, 0.01, "row_mean",
         loss=plain("huber", delta=0.6)),
    case("binary_cross_entropy, adam", *around("tanh"), ADAM, 0.01, loss=plain("binary_cross_entropy"),
         transforms=[plain("clip", min=0, max=1)]),
    case("poisson, adam", *around("tanh"), ADAM, 0.01, loss=plain("poisson"), transforms=TRIPLE),
    case("negative_binomial, adam", *around("tanh"), ADAM, 0.02, "row_mean", loss=plain("negative_binomial"),
         transforms=TRIPLE),
    case("negative_binomial with softplus and library sizes, clipped, sgd", *around("tanh"), {"name": "sgd"}, 0.05,
         "row_mean", 1.0, loss=plain("negative_binomial", link="softplus", size="library", size_scale=25),
         transforms=TRIPLE),
    case("negative_binomial as DCA clips it, adam", *around("tanh"), ADAM, 0.02, "row_mean",
         loss=plain("negative_binomial", clamp="dca"), transforms=TRIPLE),
    case("zero_inflated_negative_binomial, adam", *around("tanh"), ADAM, 0.02, "row_mean",
         loss=plain("zero_inflated_negative_binomial"), transforms=TRIPLE),
    case("zero_inflated_negative_binomial with library sizes, sgd with momentum and weight decay",
         [linear(4)], [linear("output", bias=False)], {"name": "sgd", "momentum": 0.9, "weight_decay": 0.01}, 0.01,
         "mean", loss=plain("zero_inflated_negative_binomial", size="library", size_scale=25), transforms=TRIPLE),
    case("tanh, adagrad with a falling rate and weight decay", *around("tanh"),
         {"name": "adagrad", "learning_rate_decay": 0.1, "weight_decay": 0.02, "eps": 1e-6}, 0.02),
]


class Loss(nn.Module):
    """Values of all elements of a batch, from the layers' outputs o and the targets y."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        if "negative_binomial" in spec["kind"]:
            self.log_theta = nn.Parameter(torch.zeros(COLUMNS))

    @property
    def heads(self):
        return 2 if self.spec["kind"].startswith("zero_inflated") else 1

    def forward(self, o, y):
        kind = self.spec["kind"]
        if kind == "mse":
            return (o - y).square()
        if kind == "mae":
            return nn.L1Loss(reduction="none")(o, y)
        if kind == "huber":
            return nn.HuberLoss(reduction="none", delta=self.spec["delta"])(o, y)
        if kind == "binary_cross_entropy":
            return nn.BCEWithLogitsLoss(reduction="none")(o, y)
        size = y.sum(1, keepdim=True) / self.spec["size_scale"] if self.spec.get("size") == "library" else 1.0
        o, *rest = o.split(COLUMNS, dim=1)
        mean = nn.functional.softplus(o) if self.spec.get("link") == "softplus" else o.exp()
        if kind == "poisson":
            return nn.PoissonNLLLoss(log_input=True, full=False, reduction="none")(o, y) + torch.lgamma(y + 1)
        dca = self.spec.get("clamp") == "dca"
        theta = self.log_theta.exp()
        if dca:  # Eraslan et al. 2019, its code's NB.loss
            mean, theta = mean.clamp(1e-5, 1e6) * size, theta.clamp(1e-4, 1e4)
            eps = 0.0  # 1e-10 there, against theta and mean of 0, which the bounds exclude
            first = torch.lgamma(theta + eps) + torch.lgamma(y + 1) - torch.lgamma(y + theta + eps)
            second = (theta + y) * torch.log(1 + mean / (theta + eps)) + y * (
                torch.log(theta + eps) - torch.log(mean + eps))
            return first + second
        # Lopez et al. 2018, scvi-tools' log_nb_positive and log_zinb_positive; its eps of 1e-8 is left out, which
        # changes values of this size in the 8th digit.
        mean = mean * size
        empty = mean == 0  # rows without counts have means of 0, and no likelihood to lose
        mean = torch.where(empty, torch.ones_like(mean), mean)
        both = torch.log(theta + mean)
        plain = theta * (torch.log(theta) - both) + y * (torch.log(mean) - both) + torch.lgamma(y + theta) \
            - torch.lgamma(theta) - torch.lgamma(y + 1)
        plain = torch.where(empty, torch.zeros_like(plain), plain)
        if not rest:
            return -plain
        logit, softplus = rest[0], nn.functional.softplus
        zero = softplus(-logit + plain) - softplus(-logit)
        return -torch.where(y == 0, zero, -softplus(-logit) - logit + plain)


# Makers of further kinds: (layer, width) -> (module, width). A module may have begin(step, rows), which is called
# before each forward pass, penalty(), which is added to the loss times the reduction's factor, and end() after the update.
MORE = {}


class Tied(nn.Module):
    """A decoder layer with the transposed weight of an encoder layer, and its own bias."""

    def __init__(self, mirrored, size, bias):
        super().__init__()
        self.mirrored = [mirrored]  # in a list: not a parameter of this module
        self.bias = nn.Parameter(torch.empty(size).uniform_(-0.3, 0.3)) if bias else None

    def forward(self, x):
        return nn.functional.linear(x, self.mirrored[0].weight.t(), self.bias)


def module(layer, width, mirrors, heads):
    kind = layer["kind"]
    if kind == "linear":
        size = COLUMNS * heads if layer["size"] == "output" else layer["size"]
        if layer.get("tied"):
            return Tied(mirrors.pop(), size, layer.get("bias", True)), size
        made = nn.Linear(width, size, bias=layer.get("bias", True))
        mirrors.append(made)
        return made, size
    if kind in MORE:
        return MORE[kind](layer, width)
    made = {
        "relu": lambda: nn.ReLU(),
        "leaky_relu": lambda: nn.LeakyReLU(layer["slope"]),
        "elu": lambda: nn.ELU(layer["alpha"]),
        "gelu": lambda: nn.GELU(),
        "silu": lambda: nn.SiLU(),
        "tanh": lambda: nn.Tanh(),
        "sigmoid": lambda: nn.Sigmoid(),
        "layer_norm": lambda: nn.LayerNorm(width, eps=layer["eps"]),
        "batch_norm": lambda: nn.BatchNorm1d(width, eps=layer["eps"], momentum=layer["momentum"]),
    }[kind]()
    return made, width


class Autoencoder(nn.Module):
    def __init__(self, encoder, decoder, loss):
        super().__init__()
        width, mirrors = COLUMNS, []
        for name, layers in (("encoder", encoder), ("decoder", decoder)):
            made = []
            for layer in layers:
                one, width = module(layer, width, mirrors, loss.heads)
                made.append(one)
            setattr(self, name, nn.Sequential(*made))
        self.loss = loss

    def forward(self, x):
        return self.decoder(self.encoder(x))


def optimizer_of(spec, parameters, learning_rate):
    names = {"learning_rate_decay": "lr_decay"}
    settings = {names.get(key, key): value for key, value in spec.items() if key != "name"}
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
             "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}
    return kinds[spec["name"]](parameters, lr=learning_rate, foreach=False, **{"weight_decay": 0, **settings})


def rows():
    rng = np.random.default_rng(7)
    latent = rng.gamma(1.0, 1.0, (ROWS, 3)) @ rng.gamma(0.6, 0.6, (3, COLUMNS))
    dense = np.where(rng.random((ROWS, COLUMNS)) < 0.25, np.log1p(latent), 0)
    dense[5] = 0  # an empty row
    return scipy.sparse.csr_matrix(dense.astype(np.float32))


def transformed(x, transforms):
    for transform in transforms:
        x = x * transform["factor"] if transform["kind"] == "scale" else x.clamp(transform["min"], transform["max"])
    return x


def run(spec, matrix, out):
    torch.manual_seed(3)
    model = Autoencoder(spec["encoder"], spec["decoder"], Loss(spec["loss"]))  # drawn as floats, trained as doubles
    for one in model.modules():  # nothing left at 0 and 1
        if isinstance(one, (nn.LayerNorm, nn.BatchNorm1d)):
            nn.init.uniform_(one.weight, 0.5, 1.5)
            nn.init.uniform_(one.bias, -0.5, 0.5)
    model = model.double().train()
    # A tied module keeps its mirror by reference: double() changed that in place.
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    parameters = dict(model.named_parameters())
    optimizer = optimizer_of(spec["optimizer"], model.parameters(), spec["learning_rate"])
    x = transformed(torch.from_numpy(matrix.toarray()), spec["transforms"]).double()
    losses, norms = [], []

    def dump(values):
        for value in values:
            out.append(value.detach().to(torch.float32).numpy().ravel())

    dump(tensors.values())
    for step in range(STEPS):
        rows = range(step * BATCH, min((step + 1) * BATCH, ROWS))
        batch = x[rows.start:rows.stop]
        for one in model.modules():
            if hasattr(one, "begin"):
                one.begin(step + 1, rows)
        values = model.loss(model(batch), batch)
        loss = {"mean": values.mean(), "row_mean": values.sum(1).mean(), "sum": values.sum()}[
            spec["loss"]["reduction"]]
        factor = {"mean": 1 / values.numel(), "row_mean": 1 / len(rows), "sum": 1}[spec["loss"]["reduction"]]
        for one in model.modules():
            if hasattr(one, "penalty"):
                loss = loss + factor * one.penalty()
        optimizer.zero_grad()
        loss.backward()
        if step in (0, STEPS - 1):
            dump(parameter.grad for parameter in parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), spec["gradient_clip"] or float("inf"))
        optimizer.step()
        for one in model.modules():
            if hasattr(one, "end"):
                one.end()
        losses.append(loss.item())
        norms.append(norm.item())
        dump(tensors.values())
    for layer in spec["encoder"] + spec["decoder"]:
        layer.pop("number", None)  # of make_codes.py
    return {
        **spec,
        "losses": losses,
        "gradient_norms": norms,
        "tensors": [{"name": name, "shape": list(value.shape), "trained": name in parameters}
                    for name, value in tensors.items()],
    }


def write(name, cases):
    """Writes NAME.json and NAME.bin."""
    out = []
    cases = [run(spec, rows(), out) for spec in cases]
    head = {"torch": torch.__version__, "rows": ROWS, "columns": COLUMNS, "batch_size": BATCH, "steps": STEPS}
    (HERE / f"{name}.json").write_text(json.dumps({**head, "cases": cases}) + "\n")
    np.concatenate(out).astype("<f4").tofile(HERE / f"{name}.bin")


if __name__ == "__main__":
    scipy.sparse.save_npz(HERE / "rows.npz", rows())
    write("golden", CASES)
