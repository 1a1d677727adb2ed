"""ConvNeXt, S3D and the segmentation networks, with torchvision's weights by their paths, give torchvision's logits."""

from __future__ import annotations

import pytest
import torch
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

from .make_tables import torchvision_net

QUICK = {"convnext_tiny": (64, 96), "lraspp_mobilenet_v3_large": (97, 65)}
SLOW = {
    "convnext_small": (64, 64), "convnext_base": (64, 64), "convnext_large": (64, 64), "s3d": (16, 224, 224),
    "fcn_resnet50": (65, 97), "fcn_resnet101": (64, 64), "deeplabv3_resnet50": (65, 97),
    "deeplabv3_resnet101": (64, 64), "deeplabv3_mobilenet_v3_large": (97, 65),
}  # fmt: skip
"""The sizes of an input at which both are compared; odd ones show where a border goes."""


@torch.no_grad()
def theirs(name: str, pictures: Tensor) -> nn.Module:
    """torchvision's network in evaluation mode, no number in it 0 or 1: biases and gains are drawn, statistics are from
    a batch, without which the differences between pictures would fade on their way."""
    net: nn.Module = torchvision_net(name)
    for path, weight in net.named_parameters():
        if path.endswith("layer_scale"):  # 1e-6 at first, which would hide what the block computes
            weight.uniform_(0.2, 0.6)
        elif weight.dim() == 1:
            weight.add_(torch.randn_like(weight) * 0.1)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.momentum = None  # the mean of all batches, of which there is one
    net.train()(pictures)
    return net.eval()


def results(made: Tensor | dict[str, Tensor] | tuple[Tensor, ...]) -> list[Tensor]:
    """torchvision gives maps by name, the first first."""
    if isinstance(made, Tensor):
        return [made]
    return list(made.values() if isinstance(made, dict) else made)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.proof) for name in SLOW)])
def test_torchvisions_weights_give_torchvisions_logits(name: str) -> None:
    sizes = {**QUICK, **SLOW}[name]
    checked = compile_path(f"zoo:{name}", Options(inputs={"": Shape((*sizes, 3))})).checked
    torch.manual_seed(0)
    pictures = torch.randn(2, 3, *sizes)
    reference, net = theirs(name, pictures), lower(checked, seed=None, head="folded").eval()
    net.load_state_dict({p: w for p, w in reference.state_dict().items() if not p.endswith("num_batches_tracked")})
    with torch.no_grad():
        found, expected = results(net(pictures)), results(reference(pictures))
    assert len(found) == len(expected)
    for ours, reference_map in zip(found, expected):
        assert (ours - reference_map).abs().max() <= 1e-5 * reference_map.abs().max()
        assert reference_map.std(0).max() > 1e-3, "both pictures give the same"


def test_without_the_side_head_the_first_output_is_the_same() -> None:
    """torchvision makes these networks without a side head where no weights are asked for."""
    checked = compile_path("zoo:fcn_resnet50", Options(params={"aux_loss": False})).checked
    assert [output.name for output in checked.outputs] == ["out"]
    # num_params of FCN_ResNet50_Weights, less the head: 1024 * 256 * 9 + 2 * 256 + 256 * 21 + 21
    assert checked.trainable == 35_322_218 - 2_365_205
    assert not any(path.startswith("aux") for path in checked.weights)
