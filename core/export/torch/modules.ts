/** Classes of layers that torch.nn has not, in Python. A file gets those that its network needs. */
export const CLASSES = {
  ShapedLinear: `
class ShapedLinear(nn.Linear):
    """A linear layer between rows with shapes."""

    def __init__(self, inputs, output, bias=True):
        super().__init__(inputs, math.prod(output), bias)
        self.output = output

    def forward(self, x):
        return super().forward(x.flatten(1)).reshape(-1, *self.output)
`,
  TiedLinear: `
class TiedLinear(nn.Module):
    """A linear layer whose weight is the transpose of another one's."""

    def __init__(self, mirrored, bias):
        super().__init__()
        self.mirrored = [mirrored]  # in a list, so that its weight is not a weight of this module too
        self.bias = nn.Parameter(torch.zeros(mirrored.in_features)) if bias else None

    def forward(self, x):
        return functional.linear(x.flatten(1), self.mirrored[0].weight.T, self.bias)
`,
  Reshape: `
class Reshape(nn.Module):
    """Gives rows another shape."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(-1, *self.shape)
`,
  Padded: `
def padded(kind, pad):
    """A convolution with zeros around the rows that are not the same on both sides."""

    class Padded(kind):
        def forward(self, x):
            return super().forward(functional.pad(x, pad))

    return Padded
`,
  WithChannel: `
def with_channel(kind):
    """A convolution of rows without channels, which have one."""

    class WithChannel(kind):
        def forward(self, x):
            return super().forward(x.unsqueeze(1))

    return WithChannel
`,
  Residual: `
class Residual(nn.Module):
    """x + f(x)"""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)
`,
  DenseSkip: `
class DenseSkip(nn.Module):
    """x and behind it f(x)"""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)
`,
  Shortcut: `
class Shortcut(nn.Module):
    """f(a) + b of a row whose last \`size\` values are b"""

    def __init__(self, *layers, size):
        super().__init__()
        self.layers, self.size = nn.Sequential(*layers), size

    def forward(self, x):
        return self.layers(x[:, :-self.size]) + x[:, -self.size:]
`,
  Layers: `
class Layers(nn.Module):
    """Layers one after the other."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
`,
  Variational: `
class Variational(nn.Module):
    """The code of a variational autoencoder: its mean, and in training a sample."""

    def __init__(self, inputs, size):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(inputs, size), nn.Linear(inputs, size)

    def forward(self, x):
        x = x.flatten(1)
        if not self.training:
            return self.mean(x)
        deviation = torch.exp(self.log_variance(x).clamp(-15, 15) / 2)
        return self.mean(x) + deviation * torch.randn_like(deviation)
`,
  TopK: `
class TopK(nn.Module):
    """Keeps the k largest values of a row; of equal ones the first, by places and then by channels."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        rows = x.movedim(1, -1)
        flat = rows.flatten(1)
        values, at = flat.sort(dim=1, descending=True, stable=True)
        kept = torch.zeros_like(flat).scatter(1, at[:, :self.k], values[:, :self.k])
        return kept.reshape(rows.shape).movedim(-1, 1)
`,
  BatchTopK: `
class BatchTopK(nn.Module):
    """Keeps values from a threshold on, which training has found."""

    def __init__(self):
        super().__init__()
        self.register_buffer("threshold", torch.zeros(1))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        return torch.where(x < self.threshold, 0, x)
`,
  JumpReLU: `
class JumpReLU(nn.Module):
    """x where it is above the threshold of its channel, else 0"""

    def __init__(self, channels):
        super().__init__()
        self.log_threshold = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        threshold = self.log_threshold.exp().reshape(-1, *[1] * (x.dim() - 2))
        return torch.where(x > threshold, x, 0)
`,
  VectorQuantised: `
class VectorQuantised(nn.Module):
    """Replaces the channels of each place by the nearest vector of the codebook."""

    def __init__(self, codes, channels, statistics):
        super().__init__()
        self.codebook = nn.Parameter(torch.zeros(codes, channels))
        for name, shape in statistics.items():  # by which training moves the codebook
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float if shape else torch.long))

    def forward(self, x):
        places = x.movedim(1, -1)
        distances = (self.codebook**2).sum(1) - 2 * places @ self.codebook.T
        return self.codebook[distances.argmin(-1)].movedim(-1, 1)
`,
  MaskTokens: `
class MaskTokens(nn.Module):
    """Hides tokens in training, which this file does not do; \`token\` is what then stands in their places."""

    def __init__(self, channels):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return x
`,
  PositionalEmbedding: `
class PositionalEmbedding(nn.Embedding):
    """Adds a vector to the channels of each place."""

    def forward(self, x):
        return x + self.weight.T.reshape(x.shape[1:])
`,
  Covariate: `
class Covariate(nn.Embedding):
    """Adds a vector of the row's category to the channels of each place."""

    category = None  # of each row, from 0; set before each call

    def forward(self, x):
        return x + super().forward(self.category).reshape(-1, x.shape[1], *[1] * (x.dim() - 2))
`,
  SelfAttention: `
class SelfAttention(nn.MultiheadAttention):
    """Mixes the places of a row."""

    def __init__(self, channels, heads):
        super().__init__(channels, heads, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return super().forward(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2).reshape(x.shape)
`,
  LocallyConnected: `
class LocallyConnected(nn.Module):
    """A convolution with weights of its own for each place."""

    def __init__(self, output, channels, kernel, bias, pad, stride, dilation):
        super().__init__()
        places = output[1] * output[2]
        self.output, self.pad = output, pad
        self.windows = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
        self.weight = nn.Parameter(torch.zeros(places, output[0], channels, *kernel))
        self.bias = nn.Parameter(torch.zeros(places, output[0])) if bias else None

    def forward(self, x):
        x = x.reshape(len(x), -1, *x.shape[-2:])
        columns = functional.unfold(functional.pad(x, self.pad), **self.windows)
        y = torch.einsum("ndo,ofd->nfo", columns, self.weight.flatten(2))
        if self.bias is not None:
            y = y + self.bias.T
        return y.reshape(-1, *self.output)
`,
} as const;

export type ClassName = keyof typeof CLASSES;
