"""Networks that embed, generate and read sequences, built in torch from their papers, apart from the zoo."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from .references_dense import Net, conv3, flat, norm

# --- embedding --------------------------------------------------------------------------------------------------------


class Koch(Net):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b, window in [(1, 64, 10), (64, 128, 7), (128, 128, 4), (128, 256, 4)]:
            layers += [self.put(nn.Conv2d(a, b, window)), nn.ReLU(), nn.MaxPool2d(2)]
        self.convs = nn.Sequential(*layers[:-1])
        self.code = self.put(nn.Linear(6 * 6 * 256, 4096))
        self.last = self.put(nn.Linear(4096, 1))

    def embed(self, x: Tensor) -> Tensor:
        return self.code(flat(self.convs(x))).sigmoid()  # type: ignore[no-any-return]

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.last((self.embed(a) - self.embed(b)).abs()).sigmoid()  # type: ignore[no-any-return]


# --- generation -------------------------------------------------------------------------------------------------------


def conv_autoencoder() -> nn.Module:
    relu = nn.ReLU()
    down: list[nn.Module] = []
    for a, b in [(1, 16), (16, 8), (8, 8)]:
        down += [conv3(a, b), relu, nn.MaxPool2d(2, ceil_mode=True)]
    up = [conv3(8, 8), relu, nn.Upsample(scale_factor=2), conv3(8, 8), relu, nn.Upsample(scale_factor=2)]
    return nn.Sequential(*down, *up, nn.Conv2d(8, 16, 3), relu, nn.Upsample(scale_factor=2), conv3(16, 1), nn.Sigmoid())


class Generator(Net):
    """`same` for 5x5 with a stride of one half takes 1 place off before and 2 behind."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.first = self.put(nn.Linear(100, 16 * 8 * width, bias=False))
        self.norm = self.put(nn.BatchNorm1d(16 * 8 * width, eps=1e-3))
        self.rest = []
        for a, b in [(8, 4), (4, 2), (2, 1)]:
            larger = self.put(nn.ConvTranspose2d(a * width, b * width, 5, 2, bias=False))
            self.rest.append((larger, nn.Sequential(self.put(norm(b * width)), nn.ReLU())))
        self.rest.append((self.put(nn.ConvTranspose2d(width, 3, 5, 2, bias=False)), nn.Sequential(nn.Tanh())))

    def forward(self, z: Tensor) -> Tensor:
        x = self.norm(self.first(z)).relu().reshape(len(z), 4, 4, 8 * self.width).movedim(-1, 1)
        for larger, behind in self.rest:
            x = behind(larger(x)[..., 1:-2, 1:-2])
        return x  # type: ignore[no-any-return]


class Discriminator(Net):
    """`same` for 5x5 with stride 2 puts 1 place before and 2 behind."""

    def __init__(self, width: int) -> None:
        super().__init__()
        pad = nn.ZeroPad2d((1, 2, 1, 2))
        layers = [pad, self.put(nn.Conv2d(3, width, 5, 2, bias=False)), nn.LeakyReLU(0.2)]
        for a, b in [(1, 2), (2, 4), (4, 8)]:
            layers += [pad, self.put(nn.Conv2d(a * width, b * width, 5, 2, bias=False)), self.put(norm(b * width))]
            layers.append(nn.LeakyReLU(0.2))
        self.body = nn.Sequential(*layers)
        self.last = self.put(nn.Linear(16 * 8 * width, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(flat(self.body(x))).sigmoid()  # type: ignore[no-any-return]


class Johnson(Net):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.ReflectionPad2d(40))
        for a, b, window, stride in [(3, 32, 9, 1), (32, 64, 3, 2), (64, 128, 3, 2)]:
            self.down.extend(self.layer(nn.Conv2d(a, b, window, stride, window // 2)))
        self.residuals = []
        for _ in range(5):
            body = [*self.layer(nn.Conv2d(128, 128, 3)), *self.layer(nn.Conv2d(128, 128, 3))[:-1]]
            self.residuals.append(nn.Sequential(*body))
        self.up = nn.Sequential()
        for a, b in [(128, 64), (64, 32)]:
            self.up.extend(self.layer(nn.ConvTranspose2d(a, b, 3, 2, 1, 1)))
        self.up.append(self.put(nn.Conv2d(32, 3, 9, 1, 4)))

    def layer(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
        return [self.put(conv), self.put(norm(conv.out_channels)), nn.ReLU()]

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        for body in self.residuals:
            x = x[..., 2:-2, 2:-2] + body(x)
        return 127.5 * (self.up(x).tanh() + 1)  # type: ignore[no-any-return]


class Instance(Net):
    """The transformer network of PyTorch's example, by its structure."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential()
        for a, b, window, stride in [(3, 32, 9, 1), (32, 64, 3, 2), (64, 128, 3, 2)]:
            self.down.extend(self.layer(a, b, window, stride))
        self.residuals = [nn.Sequential(*self.layer(128, 128, 3), *self.layer(128, 128, 3)[:-1]) for _ in range(5)]
        self.up = nn.Sequential()
        for a, b in [(128, 64), (64, 32)]:
            self.up.extend([nn.Upsample(scale_factor=2), *self.layer(a, b, 3)])
        self.up.extend([nn.ReflectionPad2d(4), self.put(nn.Conv2d(32, 3, 9))])

    def layer(self, a: int, b: int, window: int, stride: int = 1) -> list[nn.Module]:
        conv, instance = nn.Conv2d(a, b, window, stride), nn.InstanceNorm2d(b, affine=True)
        return [nn.ReflectionPad2d(window // 2), self.put(conv), self.put(instance), nn.ReLU()]

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        for body in self.residuals:
            x = x + body(x)
        return self.up(x)  # type: ignore[no-any-return]


# --- sequences --------------------------------------------------------------------------------------------------------


class WaveNet(Net):
    """Figure 4; what the last layer adds to its input is read by nobody, and so it has no such convolution."""

    def __init__(self, stacks: int, depth: int) -> None:
        super().__init__()
        self.first = self.put(nn.Conv1d(256, 32, 2))
        self.gates = []
        for i in range(stacks * depth):
            step = 2 ** (i % depth)
            gate = self.put(nn.Conv1d(32, 32, 2, dilation=step)), self.put(nn.Conv1d(32, 32, 2, dilation=step))
            skip = self.put(nn.Conv1d(32, 512, 1))
            further = self.put(nn.Conv1d(32, 32, 1)) if i < stacks * depth - 1 else None
            self.gates.append((step, *gate, skip, further))
        self.one, self.two = self.put(nn.Conv1d(512, 512, 1)), self.put(nn.Conv1d(512, 256, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(functional.pad(x, (1, 0)))
        total = torch.zeros(())
        for step, tanh, sigmoid, skip, further in self.gates:
            seen = functional.pad(x, (step, 0))
            z = tanh(seen).tanh() * sigmoid(seen).sigmoid()
            total = total + skip(z)
            x = x if further is None else x + further(z)
        return self.two(self.one(total.relu()).relu()).softmax(1)  # type: ignore[no-any-return]


class TCN(Net):
    """Section 3 and appendix A for sequential MNIST: eight levels of 25 units, windows of 7."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = []
        for i in range(8):
            before = 1 if i == 0 else 25
            pair = [self.put(weight_norm(nn.Conv1d(n, 25, 7, dilation=2**i))) for n in (before, 25)]
            self.levels.append((2**i, *pair, self.put(nn.Conv1d(1, 25, 1)) if i == 0 else nn.Identity()))
        self.last = self.put(nn.Linear(25, 10))

    def forward(self, x: Tensor) -> Tensor:
        for step, one, two, shortcut in self.levels:
            y = one(functional.pad(x, (6 * step, 0))).relu()
            y = two(functional.pad(y, (6 * step, 0))).relu()
            x = (y + shortcut(x)).relu()
        return self.last(x[..., -1]).softmax(1)  # type: ignore[no-any-return]
