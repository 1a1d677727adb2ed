"""One network of each family, with torchvision's weights by their paths, computes what torchvision computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lower import lower
from torch import nn

SMALL = {
    "densenet121": (64, 64), "efficientnet_b0": (64, 64), "efficientnet_v2_s": (64, 64), "inception_v3": (299, 299),
    "mc3_18": (8, 32, 32), "mnasnet0_5": (64, 64), "mobilenet_v2": (64, 64), "mobilenet_v3_large": (64, 64),
    "mobilenet_v3_small": (64, 64), "r2plus1d_18": (8, 32, 32), "r3d_18": (8, 32, 32), "regnet_x_400mf": (64, 64),
    "regnet_y_400mf": (64, 64), "resnext50_32x4d": (64, 64), "shufflenet_v2_x0_5": (65, 65),
    "squeezenet1_0": (96, 96), "squeezenet1_1": (96, 96), "wide_resnet50_2": (64, 64),
}  # fmt: skip
"""The sizes of an input at which both are compared."""


def theirs(name: str) -> nn.Module:
    """torchvision's network, with running statistics that are not trivial, in evaluation mode."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"init_weights": True} if name == "inception_v3" else {}
    net = torchvision.models.get_model(name, weights=None, **options)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    return net.eval()  # type: ignore[no-any-return]


@pytest.mark.proof
@pytest.mark.parametrize("name", SMALL)
def test_torchvisions_weights_give_torchvisions_values(name: str) -> None:
    sizes = SMALL[name]
    checked = compile_path(f"zoo:{name}", Options(inputs={"": Shape((*sizes, 3))})).checked
    reference, net = theirs(name), lower(checked, seed=None).eval()
    state = {path: value for path, value in reference.state_dict().items() if not path.endswith("num_batches_tracked")}
    net.load_state_dict(state)
    pictures = torch.randn(2, 3, *sizes)
    with torch.no_grad():
        found, expected = net(pictures), reference(pictures).softmax(1)
    first = found[0] if isinstance(found, tuple) else found
    assert (first - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert (expected - expected.mean(1, keepdim=True)).abs().max() > 1e-5
