"""The weights for ImageNet that Keras publishes with keras.applications, by the names of its models.

The files are Keras's own, where Keras itself keeps them (`~/.keras/models`), so that neither downloads what the other
has. They come under the paths of our model of that name, `zoo:keras/NAME`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from difflib import get_close_matches
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import numpy as np

from .held import Held, WeightsError
from .stored import Layered, Stored

HOST = "https://storage.googleapis.com/"
THERE = "tensorflow/keras-applications/"
KERNELS = "_weights_tf_dim_ordering_tf_kernels"
CHUNK = 1 << 20
PATIENCE = 30
"""Seconds without an answer after which a download is given up."""


class File(NamedTuple):
    """A published file: its name on the disk, where it lies, the digest that Keras tells (MD5 or SHA-256), if any."""

    name: str
    place: str
    digest: str = ""

    @property
    def url(self) -> str:
        return HOST + self.place


def kernels(folder: str, model: str, digest: str) -> File:
    name = f"{model}{KERNELS}.h5"
    return File(name, f"{THERE}{folder}/{name}", digest)


def plain(folder: str, name: str, digest: str = "") -> File:
    return File(name, f"{folder}/{name}", digest)


V2, V3, NEXT = (f"{THERE}{folder}" for folder in ("efficientnet_v2", "mobilenet_v3", "convnext"))

FILES = {
    "convnexttiny": plain(NEXT, "convnext_tiny.h5", "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
    "convnextsmall": plain(NEXT, "convnext_small.h5",
                           "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c"),
    "convnextbase": plain(NEXT, "convnext_base.h5", "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6"),
    "convnextlarge": plain(NEXT, "convnext_large.h5",
                           "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6"),
    "convnextxlarge": plain(NEXT, "convnext_xlarge.h5",
                            "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee"),
    "densenet121": kernels("densenet", "densenet121", "9d60b8095a5708f2dcce2bca79d332c7"),
    "densenet169": kernels("densenet", "densenet169", "d699b8f76981ab1b30698df4c175e90b"),
    "densenet201": kernels("densenet", "densenet201", "1ceb130c1ea1b78c3bf6114dbdfd8807"),
    "efficientnetb0": plain("keras-applications", "efficientnetb0.h5", "902e53a9f72be733fc0bcb005b3ebbac"),
    "efficientnetb1": plain("keras-applications", "efficientnetb1.h5", "1d254153d4ab51201f1646940f018540"),
    "efficientnetb2": plain("keras-applications", "efficientnetb2.h5", "b15cce36ff4dcbd00b6dd88e7857a6ad"),
    "efficientnetb3": plain("keras-applications", "efficientnetb3.h5", "ffd1fdc53d0ce67064dc6a9c7960ede0"),
    "efficientnetb4": plain("keras-applications", "efficientnetb4.h5", "18c95ad55216b8f92d7e70b3a046e2fc"),
    "efficientnetb5": plain("keras-applications", "efficientnetb5.h5", "ace28f2a6363774853a83a0b21b9421a"),
    "efficientnetb6": plain("keras-applications", "efficientnetb6.h5", "165f6e37dce68623721b423839de8be5"),
    "efficientnetb7": plain("keras-applications", "efficientnetb7.h5", "8c03f828fec3ef71311cd463b6759d99"),
    "efficientnetv2b0": plain(V2, "efficientnetv2-b0.h5", "21ecbf6da12460d5c40bb2f29ceb2188"),
    "efficientnetv2b1": plain(V2, "efficientnetv2-b1.h5", "069f0534ff22adf035c89e2d9547a9dc"),
    "efficientnetv2b2": plain(V2, "efficientnetv2-b2.h5", "424e49f28180edbde1e94797771950a7"),
    "efficientnetv2b3": plain(V2, "efficientnetv2-b3.h5", "1f1fc43bd98a6e4fd8fdfd551e02c7a0"),
    "efficientnetv2s": plain(V2, "efficientnetv2-s.h5", "e1d88a8495beba45748fedd0cecbe016"),
    "efficientnetv2m": plain(V2, "efficientnetv2-m.h5", "a3bf6aa3276309f4fc6a34aa114c95cd"),
    "efficientnetv2l": plain(V2, "efficientnetv2-l.h5", "27e6d408b53c7ebc868fefa357689935"),
    "inceptionresnetv2": kernels("inception_resnet_v2", "inception_resnet_v2", "e693bd0210a403b3192acc6073ad2e96"),
    "inceptionv3": kernels("inception_v3", "inception_v3", "9a0d58056eeedaa3f26cb7ebd46da564"),
    "mobilenet": plain(f"{THERE}mobilenet", "mobilenet_1_0_224_tf.h5"),
    "mobilenetv2": plain(f"{THERE}mobilenet_v2", f"mobilenet_v2{KERNELS}_1.0_224.h5"),
    "mobilenetv3large": plain(V3, "weights_mobilenet_v3_large_224_1.0_float.h5", "59e551e166be033d707958cf9e29a6a7"),
    "mobilenetv3small": plain(V3, "weights_mobilenet_v3_small_224_1.0_float.h5", "8768d4c2e7dee89b9d02b2d03d65d862"),
    "nasnetlarge": File("nasnet_large.h5", f"{THERE}nasnet/NASNet-large.h5", "11577c9a518f0070763c2b964a382f17"),
    "nasnetmobile": File("nasnet_mobile.h5", f"{THERE}nasnet/NASNet-mobile.h5", "020fb642bf7360b370c678b08e0adf61"),
    "resnet50": kernels("resnet", "resnet50", "2cb95161c43110f7111970584f804107"),
    "resnet101": kernels("resnet", "resnet101", "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    "resnet152": kernels("resnet", "resnet152", "100835be76be38e30d865e96f2aaae62"),
    "resnet50v2": kernels("resnet", "resnet50v2", "3ef43a0b657b3be2300d5770ece849e0"),
    "resnet101v2": kernels("resnet", "resnet101v2", "6343647c601c52e1368623803854d971"),
    "resnet152v2": kernels("resnet", "resnet152v2", "a49b44d1979771252814e80f8ec446f9"),
    "vgg16": kernels("vgg16", "vgg16", "64373286793e3c8b2b4e3219cbf3544b"),
    "vgg19": kernels("vgg19", "vgg19", "cbe5617147190e668d6c5d5026f83318"),
    "xception": kernels("xception", "xception", "0a58e3b7378bc2990ea3b43d5981f1f6"),
}  # fmt: skip
"""What keras.applications loads for `weights="imagenet"`, by the name of the model in lower case."""

DEVIATIONS = (0.229, 0.224, 0.225)
"""Of ImageNet's pictures. What Keras's EfficientNets divide by the root of, behind the normalisation, for these weights
alone: their files hold deviations where variances belong."""


def published(name: str) -> Stored:
    """The weights of a model of keras.applications; WeightsError where there are none, or they cannot be had."""
    model = name.lower()
    if model not in FILES:
        close = get_close_matches(model, FILES, n=1)
        hint = f"did you mean `keras:{close[0]}`?" if close else "`cnnc zoo` lists its models"
        raise WeightsError(f"Keras publishes no weights `{name}`: {hint}")
    return under_our_paths(model, on_disk(FILES[model], f"keras:{name}"))._replace(name=f"keras:{model}")


def under_our_paths(model: str, file: Path) -> Stored:
    from ...compiler.pipeline import compile_path
    from .keras_file import read_keras
    from .keras_match import matched

    found = read_keras(file)
    assert isinstance(found, Layered)
    stored = matched(compile_path(f"zoo:keras/{model}").checked, found)
    variance = "normalization.variance"
    if not (model.startswith("efficientnetb") and variance in stored.held):
        return stored
    note = "the variances of the first normalisation are squares of what the file has: Keras adds a layer to that end"
    held = {**stored.held, variance: as_variance(stored.held[variance])}
    return stored._replace(held=held, notes=(*stored.notes, note))


def as_variance(held: Held) -> Held:
    """What the file calls variances times the deviations, which makes up for the layer that Keras adds."""
    return held.changed(lambda array: (array * np.asarray(DEVIATIONS)).astype(array.dtype))


# --- on the disk ------------------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where Keras keeps what it downloads."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def on_disk(file: File, asked: str) -> Path:
    """The file, downloaded where it is not there yet; WeightsError, with what to do by hand, where that fails."""
    path = folder() / file.name
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        download(file, path)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"`{asked}` cannot be downloaded ({reason}): put the file {file.url} at {path}, or give its path"
        ) from error
    return path


def download(file: File, path: Path) -> None:
    """Into a file beside `path` and, where its digest is the one that Keras tells, to `path`."""
    digest = hashlib.new("sha256" if len(file.digest) == 64 else "md5", usedforsecurity=False)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out, urlopen(file.url, timeout=PATIENCE) as answer:
            while chunk := answer.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
        if file.digest and digest.hexdigest() != file.digest:
            raise OSError(f"what came has the digest {digest.hexdigest()}, not {file.digest}")
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
