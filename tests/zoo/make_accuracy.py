"""zoo/accuracy.json, what published weights reach: `python -m tests.zoo.make_accuracy`.

torchvision tells it with its weights, of which none are downloaded. Keras publishes a table, copied here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ACCURACY = Path(__file__).parents[2] / "zoo" / "accuracy.json"

KERAS = {
    "xception": (79.0, 94.5), "vgg16": (71.3, 90.1), "vgg19": (71.3, 90.0),
    "resnet50": (74.9, 92.1), "resnet101": (76.4, 92.8), "resnet152": (76.6, 93.1),
    "resnet50v2": (76.0, 93.0), "resnet101v2": (77.2, 93.8), "resnet152v2": (78.0, 94.2),
    "inceptionv3": (77.9, 93.7), "inceptionresnetv2": (80.3, 95.3),
    "mobilenet": (70.4, 89.5), "mobilenetv2": (71.3, 90.1),
    "densenet121": (75.0, 92.3), "densenet169": (76.2, 93.2), "densenet201": (77.3, 93.6),
    "nasnetmobile": (74.4, 91.9), "nasnetlarge": (82.5, 96.0),
    "efficientnetb0": (77.1, 93.3), "efficientnetb1": (79.1, 94.4), "efficientnetb2": (80.1, 94.9),
    "efficientnetb3": (81.6, 95.7), "efficientnetb4": (82.9, 96.4), "efficientnetb5": (83.6, 96.7),
    "efficientnetb6": (84.0, 96.8), "efficientnetb7": (84.3, 97.0),
    "efficientnetv2b0": (78.7, 94.3), "efficientnetv2b1": (79.8, 95.0), "efficientnetv2b2": (80.5, 95.1),
    "efficientnetv2b3": (82.0, 95.8), "efficientnetv2s": (83.9, 96.7), "efficientnetv2m": (85.3, 97.4),
    "efficientnetv2l": (85.7, 97.5),
    "convnexttiny": (81.3,), "convnextsmall": (82.3,), "convnextbase": (85.3,), "convnextlarge": (86.3,),
    "convnextxlarge": (86.7,),
}  # fmt: skip
"""Top-1 and, where it is told, top-5 on the validation pictures of ImageNet: https://keras.io/api/applications/."""

KERAS_DOC = {"mobilenetv3large": (75.6,), "mobilenetv3small": (68.1,)}
"""Top-1 by the documentation of keras.applications.MobileNetV3Large, which the table leaves out."""

NAMES = {"acc@1": "top1", "acc@5": "top5", "miou": "miou", "pixel_acc": "pixel_accuracy"}


def main() -> None:
    ACCURACY.write_text(written({**torchvision_scores(), **keras_scores()}), encoding="utf-8")


def written(scores: dict[str, Any]) -> str:
    """One line for each set of weights."""
    blocks = (
        f'"{name}": [\n' + ",\n".join(f" {json.dumps(score)}" for score in found) + "\n]"
        for name, found in scores.items()
    )
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def torchvision_scores() -> dict[str, Any]:
    """Of every set of weights, what torchvision measured; the recommended ones first."""
    from torchvision import models

    from .make_tables import TRANSFORMERS

    parts = (models, models.video, models.segmentation)
    names = [name for part in parts for name in models.list_models(module=part) if not name.startswith(TRANSFORMERS)]
    found = {}
    for name in sorted(names):
        weights = list(models.get_model_weights(name))
        best = models.get_model_weights(name).DEFAULT if weights else None  # type: ignore[attr-defined]
        found[name] = [torchvision_score(w) for w in sorted(weights, key=lambda w: w is not best)]
    return {name: told for name, told in found.items() if told}


def torchvision_score(weights: Any) -> dict[str, Any]:
    ((data, measured),) = weights.meta["_metrics"].items()
    transforms = weights.transforms()
    side = getattr(transforms, "crop_size", None) or getattr(transforms, "resize_size", None)
    return {
        "weights": f"torchvision:{type(weights).__name__}.{weights.name}",
        "data": data,
        "measured": {NAMES[key]: value for key, value in measured.items()},
        "side": side[0] if side else None,
        "source": "torchvision's weights",
    }


def keras_scores() -> dict[str, Any]:
    sources = {"https://keras.io/api/applications/": KERAS, "keras.applications.MobileNetV3Large": KERAS_DOC}
    found = {
        f"keras/{name}": [keras_score(numbers, s)] for s, table in sources.items() for name, numbers in table.items()
    }
    return dict(sorted(found.items()))


def keras_score(numbers: tuple[float, ...], source: str) -> dict[str, Any]:
    measured = dict(zip(("top1", "top5"), numbers))
    return {"weights": "keras:imagenet", "data": "ImageNet-1K", "measured": measured, "side": None, "source": source}


if __name__ == "__main__":
    main()
