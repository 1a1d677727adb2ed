"""Borders put around a map, and cut away from it."""

from torch import nn

from .harness import Row

ROWS = [
    Row("zeropad", "4x5x3: zeropad 2", lambda k: k.layers.ZeroPadding2D(2), lambda: nn.ZeroPad2d(2)),
    Row("zeropad-each", "4x5x3: zeropad (1, 2)", lambda k: k.layers.ZeroPadding2D((1, 2))),
    Row("zeropad-pairs", "4x5x3: zeropad ((0, 1), (2, 3))", lambda k: k.layers.ZeroPadding2D(((0, 1), (2, 3)))),
    Row("zeropad-1d", "4x3: zeropad (1, 2)", lambda k: k.layers.ZeroPadding1D((1, 2))),
    Row(
        "zeropad-3d",
        "2x3x4x3: zeropad ((0, 1), (1, 0), (2, 1))",
        lambda k: k.layers.ZeroPadding3D(((0, 1), (1, 0), (2, 1))),
    ),
    Row("zeropad-open", "?x?x3: zeropad 1", lambda k: k.layers.ZeroPadding2D(1)),
    Row(
        "zeropad-value",
        "4x5x3: zeropad ((1, 0), (0, 2)), value=-1.5",
        torch=lambda: nn.ConstantPad2d((0, 2, 1, 0), -1.5),
    ),
    Row("reflection-pad-1d", "4x3: reflection_pad (2, 3)", torch=lambda: nn.ReflectionPad1d((2, 3))),
    Row("reflection-pad", "4x5x3: reflection_pad ((1, 2), (4, 0))", torch=lambda: nn.ReflectionPad2d((4, 0, 1, 2))),
    Row("reflection-pad-3d", "2x3x4x3: reflection_pad 1", torch=lambda: nn.ReflectionPad3d(1)),
    Row("edge-pad-1d", "4x3: edge_pad (2, 5)", torch=lambda: nn.ReplicationPad1d((2, 5))),
    Row("edge-pad", "4x5x3: edge_pad ((1, 2), (6, 0))", torch=lambda: nn.ReplicationPad2d((6, 0, 1, 2))),
    Row("edge-pad-3d", "2x3x4x3: edge_pad 1", torch=lambda: nn.ReplicationPad3d(1)),
    Row("crop", "7x6x3: crop 2", lambda k: k.layers.Cropping2D(2)),
    Row("crop-pairs", "7x6x3: crop ((0, 1), (2, 0))", lambda k: k.layers.Cropping2D(((0, 1), (2, 0)))),
    Row("crop-1d", "7x3: crop ((6, 0),)", lambda k: k.layers.Cropping1D((6, 0))),
    Row("crop-3d", "4x5x6x3: crop (1, 2, 1)", lambda k: k.layers.Cropping3D((1, 2, 1))),
    Row("crop-open", "?x?x3: crop 1", lambda k: k.layers.Cropping2D(1)),
    Row(
        "crop-value",
        "8x7x3, 4x4x2: a -> crop b",
        lambda k: lambda a, b: k.layers.CenterCrop(4, 4)(a),
        type="CenterCrop",
    ),
    Row("crop-value-open", "?x?x3, 4x3x2: a -> crop b", lambda k: lambda a, b: k.layers.CenterCrop(4, 3)(a)),
]
