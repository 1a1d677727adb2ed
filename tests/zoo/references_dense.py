"""Networks of dense prediction, built in torch from their papers, apart from the zoo.

Layers with weights are registered in the order in which data reach them, branches from first to last; maps lie channels
first, and what is flattened for a dense layer is flattened channels last, as `flatten` does.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
"""VGG16: widths and numbers of convolutions."""


class Net(nn.Module):
    """A network whose layers are registered by the method that adds them, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList()

    def put(self, layer: nn.Module) -> nn.Module:
        self.layers.append(layer)
        return layer


def flat(x: Tensor) -> Tensor:
    return x.movedim(1, -1).flatten(1)


# --- dense prediction -------------------------------------------------------------------------------------------------


class UNet(Net):
    """Figure 1: nothing is padded, the middle of what is passed across is kept; relu behind the up-convolutions."""

    def __init__(self) -> None:
        super().__init__()
        widths = [64, 128, 256, 512, 1024]
        self.down = [self.pair(a, b) for a, b in zip([1, *widths], widths)]
        self.up = []
        for below, width in zip(widths[:0:-1], widths[-2::-1]):
            self.up.append((self.put(nn.ConvTranspose2d(below, width, 2, 2)), self.pair(2 * width, width)))
        self.last = self.put(nn.Conv2d(64, 2, 1))

    def pair(self, before: int, width: int) -> nn.Module:
        one, two = self.put(nn.Conv2d(before, width, 3)), self.put(nn.Conv2d(width, width, 3))
        return nn.Sequential(one, nn.ReLU(), two, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.down[:-1]:
            kept.append(stage(x))
            x = functional.max_pool2d(kept[-1], 2)
        x = self.down[-1](x)
        for (larger, stage), skip in zip(self.up, reversed(kept)):
            x = larger(x).relu()
            edge = (skip.shape[2] - x.shape[2]) // 2
            x = stage(torch.cat([x, skip[..., edge : edge + x.shape[2], edge : edge + x.shape[3]]], 1))
        return self.last(x).softmax(1)  # type: ignore[no-any-return]


class RoadUNet(Net):
    def __init__(self) -> None:
        super().__init__()
        widths = [16, 32, 64, 128, 256]
        self.down = [self.pair(a, b) for a, b in zip([3, *widths], widths)]
        self.up = []
        for below, width in zip(widths[:0:-1], widths[-2::-1]):
            self.up.append((self.put(nn.ConvTranspose2d(below, width, 2, 2)), self.pair(2 * width, width)))
        self.last = self.put(nn.Conv2d(16, 1, 1))

    def pair(self, before: int, width: int) -> nn.Module:
        one, two = self.put(nn.Conv2d(before, width, 3, 1, 1)), self.put(nn.Conv2d(width, width, 3, 1, 1))
        return nn.Sequential(one, nn.ReLU(), two, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.down[:-1]:
            kept.append(stage(x))
            x = functional.max_pool2d(kept[-1], 2)
        x = self.down[-1](x)
        for (larger, stage), skip in zip(self.up, reversed(kept)):
            x = stage(torch.cat([larger(x), skip], 1))
        return torch.sigmoid(2 * self.last(x))


class FCN8s(Net):
    """`fcn8s` of the authors' Caffe models: offsets 5, 9 and 31 of their crops."""

    def __init__(self, classes: int = 21) -> None:
        super().__init__()
        before = 3
        self.stages = []
        for width, convs in STAGES:
            stage = []
            for _ in range(convs):
                stage += [self.put(nn.Conv2d(before, width, 3, 1, 100 if before == 3 else 1)), nn.ReLU()]
                before = width
            self.stages.append(nn.Sequential(*stage, nn.MaxPool2d(2, ceil_mode=True)))
        self.fc6, self.fc7 = self.put(nn.Conv2d(512, 4096, 7)), self.put(nn.Conv2d(4096, 4096, 1))
        self.score = self.put(nn.Conv2d(4096, classes, 1))
        self.twice = self.put(nn.ConvTranspose2d(classes, classes, 4, 2, bias=False))
        self.score4 = self.put(nn.Conv2d(512, classes, 1))
        self.again = self.put(nn.ConvTranspose2d(classes, classes, 4, 2, bias=False))
        self.score3 = self.put(nn.Conv2d(256, classes, 1))
        self.whole = self.put(nn.ConvTranspose2d(classes, classes, 16, 8, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        pools = []
        for stage in self.stages:
            x = stage(x)
            pools.append(x)
        x = self.twice(self.score(self.fc7(self.fc6(x).relu()).relu()))
        x = x + self.score4(pools[3])[..., 5 : 5 + x.shape[2], 5 : 5 + x.shape[3]]
        x = self.again(x)
        x = x + self.score3(pools[2])[..., 9 : 9 + x.shape[2], 9 : 9 + x.shape[3]]
        return self.whole(x)[..., 31 : 31 + height, 31 : 31 + width].softmax(1)  # type: ignore[no-any-return]


class Unpooling(Net):
    """SegNet and DeconvNet: down through VGG16 with its places kept, `middle`, and back."""

    def __init__(self, back: Callable[[int, int], nn.Module], up: list[list[int]], middle: bool, last: int) -> None:
        super().__init__()
        before = 3
        self.down = []
        for width, convs in STAGES:
            self.down.append(self.stage([before] + [width] * convs, conv3))
            before = width
        self.middle = nn.Sequential()
        if middle:
            for layer in (nn.Conv2d(512, 4096, 7), nn.Conv2d(4096, 4096, 1), nn.ConvTranspose2d(4096, 512, 7)):
                self.middle.extend([self.put(layer), self.put(norm(layer.out_channels)), nn.ReLU()])
        self.up = []
        for widths in up:
            self.up.append(self.stage([before, *widths], back))
            before = widths[-1]
        self.last = self.put(nn.Conv2d(before, 11 if last == 3 else 21, last, padding=last // 2))

    def stage(self, widths: list[int], layer: Callable[[int, int], nn.Module]) -> nn.Module:
        parts: list[nn.Module] = []
        for a, b in pairwise(widths):
            parts += [self.put(layer(a, b)), self.put(norm(b)), nn.ReLU()]
        return nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.down:
            x = stage(x)
            size = x.shape[2:]
            x, places = functional.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            kept.append((places, size))
        x = self.middle(x)
        for stage in self.up:
            places, size = kept.pop()
            room = x.new_zeros(*x.shape[:2], size[0] * size[1])
            x = stage(room.scatter(2, places.flatten(2), x.flatten(2)).view(*x.shape[:2], *size))
        return self.last(x).softmax(1)  # type: ignore[no-any-return]


def conv3(a: int, b: int) -> nn.Module:
    return nn.Conv2d(a, b, 3, padding=1)


def norm(width: int) -> nn.Module:
    return nn.BatchNorm2d(width, eps=1e-3)


def segnet() -> nn.Module:
    return Unpooling(conv3, [[512] * 3, [512, 512, 256], [256, 256, 128], [128, 64], [64]], False, 3)


def deconvnet() -> nn.Module:
    up = [[512] * 3, [512, 512, 256], [256, 256, 128], [128, 64], [64, 64]]
    return Unpooling(lambda a, b: nn.ConvTranspose2d(a, b, 3, padding=1), up, True, 1)


def dilated(widths: list[int]) -> nn.Module:
    """The front end and a module of the given widths for 21 classes."""
    layers: list[nn.Module] = []
    before = 3
    for stage, (width, convs) in enumerate(STAGES):
        for _ in range(convs):
            layers += [nn.Conv2d(before, width, 3, dilation=2 if stage == 4 else 1), nn.ReLU()]
            before = width
        if stage < 3:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.Conv2d(512, 4096, 7, dilation=4), nn.ReLU(), nn.Conv2d(4096, 4096, 1), nn.ReLU()]
    layers += [nn.Conv2d(4096, 21, 1), nn.ZeroPad2d(1 + 1 + 2 + 4 + 8 + 16 + 1)]
    for a, b, step in zip([21, *widths], widths, [1, 1, 2, 4, 8, 16, 1]):
        layers += [nn.Conv2d(a, b, 3, dilation=step), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 21, 1), nn.Softmax(1))


def colorization() -> nn.Module:
    """The authors' network in PyTorch, without the decoding of its 313 bins."""
    layers: list[nn.Module] = []
    before = 1
    stages = [
        (64, 2, 2, 1),
        (128, 2, 2, 1),
        (256, 3, 2, 1),
        (512, 3, 1, 1),
        (512, 3, 1, 2),
        (512, 3, 1, 2),
        (512, 3, 1, 1),
    ]
    for width, convs, stride, dilation in stages:
        for i in range(convs):
            step = stride if i == convs - 1 else 1
            layers += [nn.Conv2d(before, width, 3, step, dilation, dilation), nn.ReLU()]
            before = width
        layers.append(norm(width))
    layers += [nn.ConvTranspose2d(512, 256, 4, 2, 1), nn.ReLU(), conv3(256, 256), nn.ReLU(), conv3(256, 256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(256, 313, 1), nn.Softmax(1))
