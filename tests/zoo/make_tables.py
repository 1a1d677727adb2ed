"""tests/zoo/data/torchvision.json.gz, made from torchvision itself: `python -m tests.zoo.make_tables`.

No weights are downloaded. Of every convolutional network for classification, segmentation and video: its `state_dict`
(path and shape, without the counters of batch normalisation), its trainable parameters, and half the operations that
torch's FLOP counter finds for one picture or clip, side heads included.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
SIDES = {"inception_v3": 299, "efficientnet_b1": 240, "efficientnet_b2": 288, "efficientnet_b3": 300,
         "efficientnet_b4": 380, "efficientnet_b5": 456, "efficientnet_b6": 528, "efficientnet_b7": 600,
         "efficientnet_v2_s": 384, "efficientnet_v2_m": 480, "efficientnet_v2_l": 480,
         "regnet_y_128gf": 384}  # fmt: skip
"""Sides of the pictures that torchvision's weights were trained for, where not 224."""

CLIPS = {"r3d_18": 112, "mc3_18": 112, "r2plus1d_18": 112, "s3d": 224}
"""Sides of the frames of the networks that take clips of 16."""

TRANSFORMERS = ("vit_", "swin", "maxvit", "mvit")


def main() -> None:
    write(DATA / "torchvision.json.gz", torchvision_tables())


def write(path: Path, table: Any) -> None:
    """Without a time in it, so that equal tables are equal files."""
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def torchvision_tables() -> dict[str, Any]:
    import torchvision

    models = torchvision.models
    names = [name for part in (models, models.video) for name in models.list_models(module=part)]
    dense = models.list_models(module=models.segmentation)
    return {
        **{name: torchvision_table(name) for name in names if not name.startswith(TRANSFORMERS)},
        **{name: torchvision_table(name, side=520) for name in dense},
    }


def torchvision_table(name: str, side: int | None = None) -> dict[str, Any]:
    import torch

    # the sizes of a RegNet are computed with tensors, which must be real
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        net = torchvision_net(name).to("meta")
    state = {path: list(value.shape) for path, value in net.state_dict().items() if "num_batches" not in path}
    trainable = sum(weight.numel() for weight in net.parameters())
    return {"state": state, "trainable": trainable, "macs": torch_macs(net, (side, side) if side else places(name))}


def torchvision_net(name: str) -> Any:
    """The network as the published weights have it: side heads of segmentation included."""
    import torchvision

    more: dict[str, Any] = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    if name in torchvision.models.list_models(module=torchvision.models.segmentation):
        more = {"weights_backbone": None, "aux_loss": not name.startswith("lraspp")}
    return torchvision.models.get_model(name, weights=None, **more)


def places(name: str) -> tuple[int, ...]:
    """The sizes of an input, channels not counted."""
    if name in CLIPS:
        return 16, CLIPS[name], CLIPS[name]
    side = SIDES.get(name, 224)
    return side, side


def torch_macs(net: Any, sizes: tuple[int, ...]) -> int:
    """Multiply-accumulates of one picture; the root alone is told that it trains, which switches side heads on."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    net.eval()
    net.training = True
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        net(torch.empty(1, 3, *sizes, device="meta"))
    return int(counter.get_total_flops()) // 2


if __name__ == "__main__":
    main()
