"""PyTorch modules, by torch.export: the same values, under the same keys."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
import torch
from cnnc.compiler.decompile import decompile, weights
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from torch import nn

from cnnc.cli import main
from tests.room import require_room

from .test_onnx import Odd, computed, unsettled

torchvision = pytest.importorskip("torchvision")


def compared(module: nn.Module, shape: Shape, name: str) -> Any:
    """The file that a module becomes, once its values are those of the module."""
    network = read_module(module, shape, name, name)
    found = decompile(network)
    x = torch.randn(1, shape[-1] or 1, *(n or 1 for n in shape[:-1]))
    with torch.no_grad():
        expected = module(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    made = computed(found, weights(network, found), x)
    scale = float(expected.abs().max())
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5 * scale)
    return found


def test_a_module_of_many_parts() -> None:
    found = compared(unsettled(Odd()), Shape((32, 32, 3)), "Odd")
    assert found.level == "loops"
    keys = {key for key in Odd().state_dict() if "num_batches" not in key}
    assert found.checked.weights.keys() == keys


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"])
def test_torchvision_s_models_keep_their_keys(name: str) -> None:
    """So that every `state_dict` for the module fits the file, the published ones too."""
    module = unsettled(getattr(torchvision.models, name)(weights=None))
    found = compared(module, Shape((64, 64, 3)), name)
    assert found.checked.weights.keys() == {key for key in module.state_dict() if "num_batches" not in key}


def test_the_classes_of_modules_name_blocks() -> None:
    text = compared(torchvision.models.resnet18(weights=None).eval(), Shape((64, 64, 3)), "ResNet18").text
    assert "block basic_block(" in text


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cumsum(torch.sin(self.conv(x)), 1)


def test_what_has_no_counterpart_is_named_with_its_place() -> None:
    with pytest.raises(Unreadable) as wrong:
        read_module(Recurrent(), Shape((8, 8, 3)), "mine:Recurrent", "Recurrent")
    assert "aten.sin" in str(wrong.value)


def test_the_command_finds_modules_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["from torch import nn", "def tiny():", "    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())"]
    Path("ours_tiny.py").write_text("\n".join(lines), "utf-8")
    assert main(["import", "ours_tiny:tiny", "--input", "8x8x3"]) == 0
    written = capsys.readouterr().out
    assert (
        written
        == '"""Imported from ours_tiny:tiny."""\n\nmodel Tiny:\n    input 8x8x3\n    conv 4, 3x3 as "0" -> relu\n'
    )


CLASSIFIERS = [name for name in torchvision.models.list_models(module=torchvision.models) if not name.startswith(
    ("vit", "swin", "maxvit"))]  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_convolutional_classifier_of_torchvision(name: str) -> None:
    module = unsettled(torchvision.models.get_model(name, weights=None))
    require_room(sum(p.numel() for p in module.parameters()))
    side = 299 if name == "inception_v3" else 224
    found = compared(module, Shape((side, side, 3)), name)
    assert found.level == "loops"
    keys = {k for k in module.state_dict() if "num_batches" not in k and not k.lower().startswith("aux")}
    assert found.checked.weights.keys() == keys
    del module
    gc.collect()
