"""ONNX of networks with open sizes: what is computed of shapes in the graph is read as the layer that it stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.onnx import export
from cnnc.compiler.decompile import decompile, weights
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import run_onnx
from torch import nn

from .graphs import lines, whole, written

OPEN = [
    "conv 4, 2x2, stride=3, pad=same",
    "conv 4, 3x3, stride=2, pad=same",
    "depthwise_conv 2x2, stride=4, pad=same",
    "maxpool 2x2, stride=3, pad=same",
    "maxpool 3x3, stride=2, ceil=true",
    "maxpool 2x2, stride=4, pad=1, ceil=true",
    "l2pool 3x3, stride=2, ceil=true",
    "avgpool 2x2, stride=3, pad=same",
    "avgpool 3x3, stride=2, ceil=true",
    "avgpool 3x3, stride=2, pad=1, ceil=true",
    "avgpool 3x3, stride=2, pad=1, ceil=true, count_pad=false",
    "zeropad ((1, 2), (0, 3)) -> crop input",
    "maxpool 2x2 | upsample to=input",
    "maxpool 2x2 | upsample to=input, mode=bilinear",
    "upsample to=16",
    "channel_shuffle 3",
]


@pytest.mark.parametrize("text", OPEN)
def test_our_own_files_of_open_sizes_come_back(text: str, tmp_path: Path) -> None:
    rows = "".join(f"    {row}\n" for row in text.split(" | "))
    checked = compile_text(f"model A:\n    input ?x?x3\n{rows}").checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    assert lines(tmp_path / "net.onnx") == text


class Same(nn.Module):
    """A convolution with TensorFlow's border, worked out when it runs, as in timm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = (
            torch.clamp(((n / 2).ceil() - 1) * 2 + 3 - n, min=0).int() for n in map(torch.as_tensor, x.shape[-2:])
        )
        x = nn.functional.pad(x, [width // 2, width - width // 2, height // 2, height - height // 2])
        return torch.relu(self.conv(x))


class Skip(nn.Module):
    """A decoder that takes the size of what it joins."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.side = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        deep = nn.functional.interpolate(self.down(x), x.shape[-2:], mode="bilinear", align_corners=False)
        return torch.relu(deep + self.side(x))


@pytest.mark.parametrize(("module", "word"), [(Same, "pad=same"), (Skip, "upsample to=input, mode=bilinear")])
def test_pytorch_s_files_of_open_sizes(module: type[nn.Module], word: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, path = module().eval(), tmp_path / "net.onnx"
    axes = {"x": {0: "batch", 2: "height", 3: "width"}}
    torch.onnx.export(net, (torch.randn(1, 3, 20, 24),), path, dynamo=False, input_names=["x"], dynamic_axes=axes)
    network = frontend.read(path)
    found = decompile(network)
    assert word in found.text
    arrays, read = weights(network, found), lower(found.checked, seed=None).eval()
    read.load_state_dict({key: torch.from_numpy(np.array(arrays[key])) for key in found.checked.weights})
    for sizes in ((21, 33), (32, 19)):
        x = torch.randn(2, 3, *sizes)
        with torch.no_grad():
            torch.testing.assert_close(read(x), net(x), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(read(x).detach().numpy(), run_onnx(path, {"x": x.numpy()})[0], rtol=1e-4, atol=1e-5)


SIZE = "float[N,4,H,W] x"
REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Slice `y`", SIZE,
     "p = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) s = Shape<start=2>(p) y = Slice(x, z, s, a)",
     {"z": whole(0, 0), "a": whole(2, 3)}),
    ("Pad `q`: its border is computed from sizes in a way that no layer behind it does", SIZE,
     "s = Shape<start=2>(x) t = Div(s, two) p = Concat<axis=0>(z, t, z, z) q = Pad(x, p)"
     "y = Conv<kernel_shape=[3,3]>(q, w)",
     {"two": whole(4, 4), "z": whole(0, 0), "w": np.ones((4, 4, 3, 3), np.float32)}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "body", "numbers"), REFUSED)
def test_sizes_that_no_layer_computes_are_refused(
    text: str, inputs: str, body: str, numbers: dict[str, Any], tmp_path: Path
) -> None:
    """The corner of a map is not its middle."""

    with pytest.raises(Unreadable, match=text):
        frontend.read(written(tmp_path, inputs, body, 18, **numbers))


def test_what_open_sizes_are_is_asked_of_the_value(tmp_path: Path) -> None:
    """A factor that is no whole number gives another size than the ratio of sizes says."""
    body = 'y = Resize<mode="linear">(x, , s)'
    with pytest.raises(Unreadable, match="cut down to"):
        frontend.read(written(tmp_path, SIZE, body, 18, s=np.float32([1, 1, 1.5, 1.5])))
