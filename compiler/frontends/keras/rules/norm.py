"""Normalisation, and the factors of channels."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ....ops.initializers import Ones, Zeros
from ...unread import Unread
from ..activations import function
from ..arguments import flat
from ..beginnings import initial, told
from ..call import Call, reads


@reads("BatchNormalization", "LayerNormalization", "GroupNormalization")
def normalization(call: Call) -> list[Ref]:
    config = call.config
    axis = config.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if axes not in ([-1], [len(call.shape)]):
        raise Unread(f"it normalises the axis {axis}, not the channels")
    if config.get("rms_scaling"):
        raise Unread("its rms_scaling is set")
    given = {
        "eps": config.get("epsilon", 1e-3),
        "scale": config.get("scale", True),
        "center": config.get("center", True),
    }
    if "groups" in config:
        groups = config["groups"]
        alone = groups in (-1, call.shape.channels)  # Keras puts the number in for -1 when it builds
        return call.one(make("instancenorm", **given) if alone else make("groupnorm", groups=groups, **given))
    if "momentum" in config:
        return call.one(make("batchnorm", momentum=config["momentum"], **given))
    return call.one(make("layernorm", **given))


@reads("RMSNormalization")
def rmsnorm(call: Call) -> list[Ref]:
    if call.config.get("axis", -1) not in (-1, [-1], len(call.shape)):
        raise Unread(f"it normalises the axis {call.config['axis']}, not the channels")
    return call.one(make("rmsnorm", eps=call.config.get("epsilon", 1e-6)))


@reads("Normalization")
def normalize(call: Call) -> list[Ref]:
    mean, variance = call.config.get("mean"), call.config.get("variance")
    if mean is None or variance is None:
        return call.one(make("normalize"))
    numbers = [float(n) for n in flat(variance)]
    return call.one(make("normalize", mean=tuple(map(float, flat(mean))), std=tuple(n**0.5 for n in numbers)))


@reads("UnitNormalization")
def l2_normalize(call: Call) -> list[Ref]:
    return call.then(make("l2_normalize"))


@reads("EinsumDense")
def einsum(call: Call) -> list[Ref]:
    """A factor for each channel, or a dense layer at each place."""
    config = call.config
    left, _, made = config["equation"].replace(" ", "").partition("->")
    taken, _, kernel = left.partition(",")
    bias = config.get("bias_axes")
    if kernel == taken[-1:] == made[-1:] and taken == made and bias in (None, kernel):
        init = initial(config.get("kernel_initializer") or "glorot_uniform")
        one = 1.0 if isinstance(init, Ones) else 0.0 if isinstance(init, Zeros) else getattr(init, "value", None)
        if one is None or (bias and one != 1):
            call.unsaid.append((call.name, "kernel", told(config.get("kernel_initializer", "glorot_uniform"))))
        return call.one(make("channel_affine") if bias else make("layer_scale", init=1.0 if one is None else one))
    dense = len(kernel) == 2 and taken[:-1] == made[:-1] and kernel == taken[-1] + made[-1] != kernel[::-1]
    if not dense or bias not in (None, made[-1]):
        raise Unread(f"it sums by `{config['equation']}`" + (f" with a bias along `{bias}`" if bias else ""))
    out = config["output_shape"] if isinstance(config["output_shape"], int) else config["output_shape"][-1]
    act = function(config.get("activation"))
    return call.one(make("dense", out=out, bias=bool(bias), act=act, per_place=call.shape.rank > 0))


@reads("LayerScale")
def layer_scale(call: Call) -> list[Ref]:
    return call.one(make("layer_scale", init=call.config.get("init_values", 1e-6)))
