"""Partial loads, parts, other channels, published weights: what is taken, what is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from cnnc.compiler.ends import first_kernels, heads
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.weights import Loading, WeightsError, fitted, load, load_into, save
from torch import nn

TEXT = """
model Net(classes=3):
    input 6x6x3
    conv 4, 3x3 as stem -> batchnorm as bn -> relu
    global_avgpool -> dense classes as fc
"""


def net(text: str = TEXT, **params: Any) -> Checked:
    return compile_text(text, options=Options(params=params)).checked


def numbers(checked: Checked) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    return {path: draw.normal(size=w.shape).astype(np.float32) for path, w in checked.weights.items()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save(tmp_path / "w.safetensors", numbers(net()))
    return tmp_path / "w.safetensors"


def test_heads_for_other_classes_are_left_out_on_demand(file: Path) -> None:
    seven = net(classes=7)
    with pytest.raises(WeightsError, match=r"fc\.weight: 7x4 in the network, 3x4 in the file"):
        load(seven, file)
    module = lower(seven, seed=1)
    begun = module.fc.weight.detach().clone()
    report = load_into(module, seven, Loading(file, partial=True))
    assert torch.equal(module.fc.weight, begun)
    assert torch.equal(module.stem.weight, torch.from_numpy(numbers(net())["stem.weight"]))
    assert set(report.loaded) == set(seven.weights) - {"fc.weight", "fc.bias"}
    assert [line.partition(":")[0] for line in report.begun] == ["fc.bias", "fc.weight"]
    assert not report.complete


def test_other_shapes_are_errors_even_so(file: Path) -> None:
    wider = net(TEXT.replace("conv 4", "conv 5"))
    with pytest.raises(WeightsError, match=r"stem\.weight: 5x3x3x3 in the network, 4x3x3x3 in the file"):
        load(wider, Loading(file, partial=True))


def test_what_is_missing_and_what_is_unknown(file: Path) -> None:
    other = net(TEXT.replace("as fc", "as top"))
    with pytest.raises(WeightsError) as caught:
        load(other, file)
    assert "top.weight: 3x4 in the network, missing in the file" in str(caught.value)
    assert "fc.weight: 3x4 in the file, unknown to the network" in str(caught.value)
    report = fitted(other, Loading(file, partial=True)).report
    assert report.missing == (
        "top.weight: 3x4 in the network, missing in the file",
        "top.bias: 3 in the network, missing in the file",
    )
    assert len(report.unexpected) == 2
    assert str(report).startswith(f"{file}: 6 weights loaded, 2 missing, 2 not in the network\n  missing: top.weight")


def test_first_convolutions_take_other_channels_only_when_asked(file: Path) -> None:
    """An input whose channels are all alike gives the same map as before."""
    grey, wide = (net(TEXT.replace("6x6x3", f"6x6x{n}")) for n in (1, 4))
    with pytest.raises(WeightsError, match=r"stem\.weight: 4x1x3x3 in the network, 4x3x3x3 in the file"):
        load(grey, file)
    plane = torch.randn(2, 1, 6, 6)
    kernel = torch.from_numpy(numbers(net())["stem.weight"])
    expected = nn.functional.conv2d(plane.expand(-1, 3, -1, -1), kernel)
    for other, channels in ((grey, 1), (wide, 4)):
        found = fitted(other, Loading(file, adapt=True))
        if channels == 1:
            made = nn.functional.conv2d(plane, torch.from_numpy(found.arrays["stem.weight"]))
            torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)
        assert found.report.adapted == (f"stem.weight: {channels} channels, 3 in the file",)
    four = fitted(wide, Loading(file, adapt=True)).arrays["stem.weight"]
    np.testing.assert_allclose(four[:, 3], kernel[:, 0].numpy() * 0.75)


def test_a_part_is_filled_from_the_weights_of_the_part_alone(file: Path) -> None:
    outer = net("model Outer:\n    input 6x6x3\n    body as body\n    conv 4, 1x1 as more\n\n" + PART)
    found = fitted(outer, Loading(file, part="body"))
    assert set(found.arrays) == {path for path in outer.weights if path.startswith("body.")}
    np.testing.assert_array_equal(found.arrays["body.stem.weight"], numbers(net())["stem.weight"])
    with pytest.raises(WeightsError, match="has no weights below `head`"):
        load(outer, Loading(file, part="head"))


PART = "block body():\n    conv 4, 3x3 as stem -> batchnorm as bn -> relu\n"


def test_prefixes_that_all_names_share_are_no_part_of_the_names(tmp_path: Path) -> None:
    state = {f"model.{path}": torch.from_numpy(array) for path, array in numbers(net()).items()}
    torch.save(state, tmp_path / "w.pt")
    torch.save({f"_orig_mod.module.{path}": value for path, value in state.items()}, tmp_path / "wrapped.pt")
    for name in ("w.pt", "wrapped.pt"):
        found = load(net(), tmp_path / name)
        np.testing.assert_array_equal(found["stem.weight"], numbers(net())["stem.weight"])


def test_numbers_of_any_precision_come_as_float32(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        state = {path: torch.from_numpy(array).to(dtype) for path, array in numbers(net()).items()}
        torch.save(state, tmp_path / "w.pt")
        save_file(state, tmp_path / "w.safetensors")
        for name in ("w.pt", "w.safetensors"):
            found = load(net(), tmp_path / name)["stem.weight"]
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, state["stem.weight"].float().numpy())


def test_arrays_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **numbers(net()))
    np.testing.assert_array_equal(load(net(), tmp_path / "w.npz")["fc.weight"], numbers(net())["fc.weight"])
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"is no \.npz file"):
        load(net(), tmp_path / "bad.npz")


# --- the two ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "expected"), [
    ("resnet18", {"fc"}), ("googlenet", {"fc", "aux1.fc2", "aux2.fc2"}), ("squeezenet1_0", {"classifier.1"}),
    ("densenet121", {"classifier"}), ("fcn_resnet50", {"classifier.4", "aux_classifier.4"}),
])  # fmt: skip
def test_heads_are_what_torchvision_exchanges_for_other_classes(name: str, expected: set[str]) -> None:
    found = heads(compile_path(f"zoo:{name}").checked)
    assert {path.rpartition(".")[0] for path in found} == expected


@pytest.mark.parametrize(("name", "expected"), [
    ("resnet18", {"conv1.weight"}), ("keras/efficientnetb0", {"stem_conv.weight"}),
    ("densenet121", {"features.conv0.weight"}),
])  # fmt: skip
def test_first_kernels_see_the_channels_of_the_input(name: str, expected: set[str]) -> None:
    assert first_kernels(compile_path(f"zoo:{name}").checked) == expected


# --- torchvision's ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps what it downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def small() -> Checked:
    return compile_path("zoo:resnet18", Options(inputs={"": Shape((32, 32, 3))})).checked


def test_published_weights_by_name(hub: Path) -> None:
    """A file of torchvision's by the name under which torchvision would have downloaded it."""
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18().eval()
    torch.save(theirs.state_dict(), hub / "resnet18-f37072fd.pth")
    x = torch.randn(2, 3, 32, 32)
    for name in ("resnet18", "ResNet18_Weights.IMAGENET1K_V1"):
        ours = lower(small(), seed=None, head="folded").eval()
        load_into(ours, small(), f"torchvision:{name}")
        with torch.no_grad():
            torch.testing.assert_close(ours(x), theirs(x))


def test_old_names_of_densenets_layers(hub: Path) -> None:
    """Published files write `denselayer1.conv.1.weight`, which torchvision renames while loading."""
    torch.manual_seed(0)
    state = torchvision.models.densenet121().state_dict()
    old = {name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") if "denselayer" in name else name: value
           for name, value in state.items()}  # fmt: skip
    torch.save(old, hub / "densenet121-a639ec97.pth")
    found = load(compile_path("zoo:densenet121").checked, "torchvision:densenet121")
    path = "features.denseblock1.denselayer1.conv2.weight"
    np.testing.assert_array_equal(found[path], state[path].numpy())


def test_without_a_network_it_is_told_which_file_goes_where(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: Any, **named: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(WeightsError) as caught:
        load(small(), "torchvision:resnet18")
    message = str(caught.value)
    assert "cannot be downloaded (no route to host)" in message
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in message
    assert str(hub / "resnet18-f37072fd.pth") in message


@pytest.mark.parametrize(("name", "hint"), [
    ("resnet19", r"did you mean `torchvision:resnet1\d`"),
    ("ResNet50_Weights.IMAGENET", r"there are ResNet50_Weights\.IMAGENET1K_V1, ResNet50_Weights\.IMAGENET1K_V2"),
])  # fmt: skip
def test_unknown_names_are_told_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(WeightsError, match=rf"publishes no weights `{name}`: {hint}"):
        load(small(), f"torchvision:{name}")


# --- files as they come -----------------------------------------------------------------------------------------------


def state() -> dict[str, Any]:
    return {path: torch.from_numpy(array) for path, array in numbers(net()).items()}


@pytest.mark.parametrize("wrapped", [
    lambda w: {"epoch": 3, "state_dict": {f"model.{k}": v for k, v in w.items()}, "optimizer_states": [{}]},
    lambda w: {f"module.{k}": v for k, v in w.items()},
    lambda w: {"n_averaged": torch.tensor(3), **{f"module.{k}": v for k, v in w.items()}},
    lambda w: {"model": {"hidden": 3}, "ema": w},
    lambda w: {"state_dict": w, "state_dict_ema": {k: v + 1 for k, v in w.items()}},
    lambda w: {"ema": {"module": w, "decay": 0.9}},
])  # fmt: skip
def test_checkpoints_of_many_makers(wrapped: Any, tmp_path: Path) -> None:
    torch.save(wrapped(state()), tmp_path / "w.pt")
    found = fitted(net(), tmp_path / "w.pt")
    np.testing.assert_array_equal(found.arrays["stem.weight"], numbers(net())["stem.weight"])
    averaged = "state_dict_ema" in wrapped(state())
    told = ("these are `state_dict` of the file, which also holds `state_dict_ema`",)
    assert found.report.notes == (told if averaged else ())


def test_weights_in_several_files(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    names = {path: f"part-{number % 2}.safetensors" for number, path in enumerate(state())}
    for part in sorted(set(names.values())):
        save_file({path: value for path, value in state().items() if names[path] == part}, tmp_path / part)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    np.testing.assert_array_equal(load(net(), index)["fc.weight"], numbers(net())["fc.weight"])
    (tmp_path / "part-1.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"names `part-1\.safetensors`, which is not beside it"):
        load(net(), index)
    index.write_text(json.dumps({"weight_map": {"x": "../elsewhere.safetensors"}}))
    with pytest.raises(WeightsError, match="which is no file of weights beside it"):
        load(net(), index)
    index.write_text("[]")
    with pytest.raises(WeightsError, match="is no index of files of weights"):
        load(net(), index)


class Code:
    """What would touch a file if it were run."""

    def __reduce__(self) -> Any:
        return os.system, ("touch ran",)


@pytest.mark.parametrize(("content", "told"), [
    ({"a": Code()}, "`posix.system`, and no code of a file is run"),
    (nn.Linear(2, 2), "`torch.nn.modules.linear.Linear`, and no code of a file is run"),
    ([1, 2], "holds no `state_dict`"),
    ({"a": torch.ones(2, dtype=torch.complex64)}, "is complex"),
    ({"a": torch.ones(2, 2).to_sparse()}, "is sparse or quantized"),
    ({"a": torch.ones(2, device="meta")}, "is without numbers"),
])  # fmt: skip
def test_what_is_no_array_of_numbers_is_told(
    content: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, "w.pt")
    with pytest.raises(WeightsError, match=told):
        load(net(), "w.pt")
    assert not Path("ran").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npz"])
@pytest.mark.parametrize("length", [0, 5, 200])
def test_files_cut_short_are_told(suffix: str, length: int, tmp_path: Path) -> None:
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".npz":
        np.savez(whole, **numbers(net()))
    else:
        torch.save(state(), whole) if suffix == ".pt" else save(whole, numbers(net()))
    cut.write_bytes(whole.read_bytes()[:length])
    with pytest.raises(WeightsError, match="cut"):
        load(net(), cut)


def test_numbers_of_8_bits_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({path: value.to(torch.float8_e4m3fn) for path, value in state().items()}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="8 bits, which lack their scale"):
        load(net(), tmp_path / "w.safetensors")


def test_a_run_folder_stands_for_its_best_weights(tmp_path: Path) -> None:
    save(tmp_path / "best.safetensors", numbers(net()))
    found = load(net(), tmp_path)
    assert all(np.array_equal(found[path], value) for path, value in numbers(net()).items())
    (tmp_path / "none").mkdir()
    with pytest.raises(WeightsError, match=r"none is a folder, and no run, which would have best\.safetensors in it"):
        load(net(), tmp_path / "none")
