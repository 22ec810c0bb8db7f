"""Golden values of losses of whole rows, by PyTorch in double precision: the loss of each row, and the derivatives of
their weighted sum.

    python tests/golden/make_losses.py     # needs torch 2.x

losses.json: a case a line: the loss in the engine's words, the shape of a row, and channels first o, target, value (a
row each), c (the weights of the rows) and d_o. Outputs and targets are floats, so that both sides start from the same
numbers.
"""
import json
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
ROWS = 3


def cosine(o, y, **_):
    return 1 - torch.nn.functional.cosine_similarity(o.flatten(1), y.flatten(1), dim=1)


def mixed(value, o, y, mse_share):
    return mse_share * (o - y).square().flatten(1).mean(1) + (1 - mse_share) * value


def gaussian(window):
    x = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    g = torch.exp(-x.square() / (2 * 1.5 ** 2))
    return g / g.sum()


def ssim(o, y, window=11, range=1.0, mse_share=0.5):
    """Wang, Bovik, Sheikh, Simoncelli 2004, equations 13 to 16; windows within the image."""
    x, t = (v if v.dim() == 4 else v[:, None] for v in (o, y))
    g = gaussian(window)
    kernel = torch.outer(g, g)[None, None]

    def mean(v):
        return torch.nn.functional.conv2d(v.reshape(-1, 1, *v.shape[2:]), kernel)

    mu_x, mu_y = mean(x), mean(t)
    s_x, s_y, s_xy = mean(x * x) - mu_x ** 2, mean(t * t) - mu_y ** 2, mean(x * t) - mu_x * mu_y
    c1, c2 = (0.01 * range) ** 2, (0.03 * range) ** 2
    similarity = (2 * mu_x * mu_y + c1) * (2 * s_xy + c2) / ((mu_x ** 2 + mu_y ** 2 + c1) * (s_x + s_y + c2))
    return mixed(1 - similarity.reshape(len(o), -1).mean(1), o, y, mse_share)


def spectral(o, y, fft_sizes=(64, 128, 256), hop_share=0.25, log_share=0.5, floor=0.001, mse_share=0.5):
    """Yamamoto, Song, Kim 2020, equations 4 to 6, of each channel by itself."""
    x, t = (v if v.dim() == 3 else v[:, None] for v in (o, y))
    length, total = x.shape[2], 0

    def magnitude(v, size, hop):
        z = torch.stft(v.reshape(-1, length), size, hop, window=torch.hann_window(size, dtype=torch.float64),
                       center=True, pad_mode="reflect", return_complex=True)
        return torch.sqrt(z.real ** 2 + z.imag ** 2 + floor ** 2).reshape(len(v), v.shape[1], -1)

    for size in fft_sizes:
        s_x, s_y = (magnitude(v, size, max(1, round(hop_share * size))) for v in (x, t))
        convergence = (s_y - s_x).norm(dim=2) / s_y.norm(dim=2)
        log = (s_y.log() - s_x.log()).abs().mean(2)
        total = total + ((1 - log_share) * convergence + log_share * log).mean(1)
    return mixed(total / len(fft_sizes), o, y, mse_share)


CASES = [
    (cosine, [7], {}),
    (cosine, [3, 4, 2], {}),
    (ssim, [11, 11], {}),
    (ssim, [2, 9, 12], {"window": 7, "range": 2.5, "mse_share": 0.25}),
    (ssim, [3, 5, 4], {"window": 3, "mse_share": 0}),
    (spectral, [40], {"fft_sizes": [8, 16, 32]}),
    (spectral, [2, 35], {"fft_sizes": [16, 4], "hop_share": 0.3, "log_share": 0.2, "floor": 0.1,
                          "mse_share": 0.1}),
    (spectral, [1, 32], {"fft_sizes": [32], "log_share": 1, "mse_share": 0}),
    (spectral, [33], {"fft_sizes": [16], "hop_share": 1, "log_share": 0, "mse_share": 0}),
]


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().double().ravel().tolist()]


def run(loss, shape, settings):
    torch.manual_seed(7)
    y = torch.rand(ROWS, *shape).double()
    o = (0.7 * y.float() + 0.4 * torch.rand(ROWS, *shape) - 0.1).double().requires_grad_()
    value = loss(o, y, **settings)
    c = torch.rand(ROWS).double() + 0.5
    (c * value).sum().backward()
    return {
        "loss": {"kind": loss.__name__, **settings},
        "shape": shape,
        "rows": ROWS,
        "o": numbers(o),
        "target": numbers(y),
        "value": numbers(value),
        "c": numbers(c),
        "d_o": numbers(o.grad),
    }


def main():
    cases = [json.dumps(run(*one), separators=(",", ":")) for one in CASES]
    text = f'{{"torch": "{torch.__version__}", "cases": [\n' + ",\n".join(cases) + "\n]}\n"
    (HERE / "losses.json").write_text(text)


if __name__ == "__main__":
    main()
