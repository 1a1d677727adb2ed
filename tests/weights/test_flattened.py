"""PyTorch flattens maps channels first: real modules of PyTorch's, their files, and the same outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.flattened import reordered
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.weights import Loading, WeightsError, load, load_into
from cnnc.runtime.weights.under import as_asked
from cnnc.runtime.weights.write import write
from torch import nn


def net(text: str) -> Any:
    return compile_text(text).checked


class Generator(nn.Module):
    """DCGAN's: a vector becomes a map, behind a normalisation of the vector."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 5 * 4 * 3)
        self.bn = nn.BatchNorm1d(60)
        self.up = nn.ConvTranspose2d(5, 2, 4, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(torch.relu(self.bn(self.fc(x))).view(-1, 5, 4, 3))  # type: ignore[no-any-return]


GENERATOR = """
model M:
    input 6
    dense 60 as fc -> batchnorm eps=1e-5 as bn -> relu -> reshape 4x3x5
    conv_transpose 2, 4x4, stride=2, pad=1 as up
"""


class Code(nn.Module):
    """An auto-encoder: flattened, mixed, and made a map again; the same weight is reordered on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2 * 3 * 4, 2 * 3 * 4)
        self.out = nn.Conv2d(2, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.fc(x.flatten(1))).unflatten(1, (2, 3, 4)))  # type: ignore[no-any-return]


CODE = """
model M:
    input 3x4x2
    flatten -> dense 24 as fc -> tanh -> reshape 3x4x2 -> conv 3, 1x1 as out
"""


class Joined(nn.Module):
    """Two flattened maps one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 2)
        self.bn = nn.BatchNorm1d(24 + 18)
        self.fc = nn.Linear(42, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.cat([x.flatten(1), self.conv(x).flatten(1)], 1)
        return self.fc(self.bn(both))  # type: ignore[no-any-return]


JOINED = """
model M:
    x = input 3x4x2
    a = x -> flatten
    b = x -> conv 3, 2x2 as conv -> flatten
    (a, b) -> concat -> batchnorm eps=1e-5 as bn -> dense 4 as fc
"""

CASES = [(Generator, GENERATOR, (6,)), (Code, CODE, (2, 3, 4)), (Joined, JOINED, (2, 3, 4))]


def module(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    made = kind()
    for part in made.modules():
        if isinstance(part, nn.BatchNorm1d):
            for value in (part.weight, part.bias, part.running_mean, part.running_var):
                assert value is not None
                nn.init.uniform_(value, 0.5, 1.5)
    return made.eval()


@pytest.mark.parametrize(("kind", "text", "shape"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_a_state_dict_of_pytorch_gives_its_outputs(
    kind: type[nn.Module], text: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    theirs, checked = module(kind), net(text)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    ours = lower(checked, seed=None).eval()
    load_into(ours, checked, tmp_path / "theirs.pt")
    x = torch.randn(2, *shape)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kind", "text", "shape"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_pytorch_loads_what_we_write_for_it(
    kind: type[nn.Module], text: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    theirs, checked = module(kind), net(text)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    write(tmp_path / "ours.safetensors", load(checked, tmp_path / "theirs.pt"), checked, "channels_last")
    back, flatten = as_asked(Loading(tmp_path / "ours.safetensors"), checked, "channels_first")
    write(tmp_path / "back.pt", back, checked, flatten)
    found = torch.load(tmp_path / "back.pt", weights_only=True)
    for name, value in found.items():
        assert torch.equal(value, theirs.state_dict()[name]), name


def test_what_no_order_of_weights_makes_up_for_is_refused(tmp_path: Path) -> None:
    text = "model M:\n    input 3x4x2\n    flatten -> take_channels [0, 1, 2] -> batchnorm -> dense 2\n"
    assert reordered(net(text)).lost == ["take_channels1"]
    text = text.replace("flatten ->", "flatten -> batchnorm ->")
    torch.save({path: torch.zeros(w.shape) for path, w in net(text).weights.items()}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"`take_channels1` of `M` takes values of a flattened map"):
        load(net(text), tmp_path / "w.pt", "channels_first")


# --- what files say of themselves -------------------------------------------------------------------------------------

FLAT = "model M:\n    input 2x2x3\n    flatten -> dense 2 as fc\n"
KERNEL = torch.arange(24.0).reshape(2, 12)


def flat_kernel(path: Path, layout: str | None = None) -> np.ndarray[Any, Any]:
    return load(net(FLAT), path, layout)["fc.weight"]


def channels_last() -> np.ndarray[Any, Any]:
    """KERNEL for maps flattened in the written order."""
    return KERNEL.reshape(2, 3, 2, 2).permute(0, 2, 3, 1).reshape(2, 12).numpy()


def state() -> dict[str, torch.Tensor]:
    return {"fc.weight": KERNEL, "fc.bias": torch.zeros(2)}


def test_files_of_pytorch_modules_are_known(tmp_path: Path) -> None:
    theirs = nn.Sequential()
    theirs.fc = nn.Linear(12, 2)
    theirs.load_state_dict(state())
    torch.save({"epoch": 3, "state_dict": theirs.state_dict()}, tmp_path / "w.ckpt")
    np.testing.assert_array_equal(flat_kernel(tmp_path / "w.ckpt"), channels_last())


def test_files_of_our_modules_are_known(tmp_path: Path) -> None:
    ours = lower(net(FLAT))
    ours.load_state_dict(state())
    torch.save(ours.state_dict(), tmp_path / "ours.pt")
    torch.save(nn.Sequential(ours).state_dict(), tmp_path / "wrapped.pt")
    for name in ("ours.pt", "wrapped.pt"):
        np.testing.assert_array_equal(flat_kernel(tmp_path / name), KERNEL.numpy())


def test_files_of_the_hub_and_of_hugging_face_are_known(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    torch.save(state(), tmp_path / "flat-0123abcd.pth")
    save_file(state(), tmp_path / "hf.safetensors", {"format": "pt"})
    for name in ("flat-0123abcd.pth", "hf.safetensors"):
        np.testing.assert_array_equal(flat_kernel(tmp_path / name), channels_last())


def test_bare_mappings_are_asked_about(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "bare.pt")
    with pytest.raises(WeightsError, match="does not say how it flattens maps"):
        flat_kernel(tmp_path / "bare.pt")
    np.testing.assert_array_equal(flat_kernel(tmp_path / "bare.pt", "channels_first"), channels_last())
    np.testing.assert_array_equal(flat_kernel(tmp_path / "bare.pt", "channels_last"), KERNEL.numpy())
