"""ONNX of other tools and older times: what is read computes what ONNX Runtime computes, and reads as if written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.frontends import onnx as frontend

from .graphs import LAST, MAP, agreeing, drawn, lines, real, whole, written

SEQUENCE = "float[N,7,6] x"
MEANS = "m = ReduceMean<axes=[%d]>(x) d = Sub(x, m) p = Pow(d, two) v = ReduceMean<axes=[%d]>(p)"
MOMENTS = MEANS + " e = Add(v, eps) s = Sqrt(e)"
AFFINE = {"two": real(2), "eps": real(1e-5), "w": drawn(6), "b": drawn(6)}
NORM = MOMENTS + " n = Div(d, s) g = Mul(n, w) y = Add(g, b)"
TF_NORM = MOMENTS + " r = Reciprocal(s) k = Mul(r, w) a = Mul(x, k) c = Mul(m, k) f = Sub(b, c) y = Add(a, f)"
TF2ONNX_NORM = (
    "m = ReduceMean<axes=[1]>(x) z = Neg(m) h = Reshape(m, sizes) d = Sub(x, h) p = Mul(d, d)"
    "v = ReduceMean<axes=[1]>(p) e = Add(v, eps) s = Sqrt(e) r = Reciprocal(s) k = Mul(r, w) a = Mul(x, k)"
    "c = Mul(z, k) f = Add(c, b) y = Add(a, f)"
)
TF2ONNX_SHARE = (
    "m = ReduceMean<axes=[1]>(x) h = Reshape(m, sizes) c = Sub(x, m) d = Sub(x, h) p = Mul(d, d)"
    "v = ReduceMean<axes=[1]>(p) e = Add(v, eps) s = Sqrt(e) y = Div(c, s)"
)
TF2ONNX = {"eps": real(1e-5), "w": drawn(1, 4, 1, 1), "b": drawn(1, 4, 1, 1), "sizes": whole(-1, 1, 8, 8)}
SIX = {"three": real(3), "zero": real(0), "six": real(6)}

READ: list[tuple[str, str, str, dict[str, Any]]] = [
    # --- normalisations in pieces
    ("layernorm eps=1e-5", SEQUENCE, NORM % (-1, -1), AFFINE),
    ("layernorm eps=1e-5", SEQUENCE, TF_NORM % (2, 2), AFFINE),
    ("layernorm eps=1e-6", MAP, NORM % (1, 1),
     {"two": real(2), "eps": real(1e-6), "w": drawn(4, 1, 1), "b": drawn(4, 1, 1)}),
    ("layernorm eps=1e-5", MAP, TF2ONNX_NORM, TF2ONNX),
    ("groupnorm 2, eps=1e-5", MAP,
     "r = Reshape(x, g) i = InstanceNormalization(r, one, nil) s = Shape(x) q = Reshape(i, s)"
     "h = Mul(q, w) y = Add(h, b)",
     {"g": whole(0, 2, -1), "one": real(1, 1), "nil": real(0, 0), "w": drawn(4, 1, 1), "b": drawn(4, 1, 1)}),
    # --- activations in pieces
    ("hard_swish", MAP, "a = Add(x, three) r = Relu(a) b = Min(r, six) c = Mul(b, sixth) y = Mul(x, c)",
     {**SIX, "sixth": real(1 / 6)}),
    ("mish", MAP, "e = Exp(x) a = Add(e, one) l = Log(a) b = Tanh(l) y = Mul(x, b)", {"one": real(1)}),
    ("rescale 0.2, offset=0.5 -> relu max=1", MAP, "y = HardSigmoid(x)", {}),
    ("relu6", MAP, "r = Relu(x) y = Min(r, six)", SIX),
    ("relu", MAP, "y = Clip(x, zero)", SIX),
    ("relu", MAP, "y = Max(zero, x)", SIX),
    ("sigmoid -> rescale -1, offset=1", MAP, "a = Sigmoid(x) y = Sub(one, a)", {"one": real(1)}),
    # --- pools in other words
    ("avgpool 1x8 | reshape 8x4 | global_avgpool", MAP,
     "a = ReduceMean<axes=[3], keepdims=0>(x) y = ReduceMean<axes=[2], keepdims=0>(a)", {}),
    ("global_avgpool", MAP, "a = ReduceSum<keepdims=0>(x, axes) y = Div(a, n)", {"axes": whole(2, 3), "n": real(64)}),
    ("maxpool 3x3, stride=2, pad=((1, 0), (1, 0))", MAP,
     'y = MaxPool<kernel_shape=[3,3], strides=[2,2], auto_pad="SAME_LOWER">(x)', {}),
    ("conv 3, 3x3, pad=same, bias=false", MAP, 'y = Conv<kernel_shape=[3,3], auto_pad="SAME_LOWER">(x, w)',
     {"w": drawn(3, 4, 3, 3)}),
    ("conv_transpose 3, 3x3, stride=2, pad=same", MAP,
     'y = ConvTranspose<kernel_shape=[3,3], strides=[2,2], auto_pad="SAME_UPPER">(x, w, b)',
     {"w": drawn(4, 3, 3, 3), "b": drawn(3)}),
    ("conv_transpose 3, 3x3, stride=2, pad=((1, 0), (1, 0))", MAP,
     "y = ConvTranspose<kernel_shape=[3,3], strides=[2,2], output_shape=[16,16]>(x, w, b)",
     {"w": drawn(4, 3, 3, 3), "b": drawn(3)}),
    # --- pieces of maps
    ("maxpool 1x1, stride=(2, 1)", MAP, "y = Slice(x, s, e, a, t)",
     {"s": whole(0), "e": whole(8), "a": whole(2), "t": whole(2)}),
    ("residual: | crop ((4, 0), (0, 0)) | shortcut: crop ((0, 4), (0, 0))", MAP,
     "a, b = Split<axis=2>(x, s) y = Add(a, b)", {"s": whole(4, 4)}),
    ("crop ((1, 0), (0, 0)) | zeropad ((0, 0), (1, 0))", MAP, "y = Pad(x, p)", {"p": whole(0, 0, -1, 1, 0, 0, 0, 0)}),
    ("channel_shuffle 4 -> pixel_shuffle 2", "float[N,8,4,4] x", "y = DepthToSpace<blocksize=2>(x)", {}),
    ("pixel_unshuffle 2 -> channel_shuffle 4", MAP, "y = SpaceToDepth<blocksize=2>(x)", {}),
    *((text, f"float[N,{channels},4,4] x",
       f"a = Reshape(x, p) b = Transpose<perm={order}>(a) y = Reshape(b, q)", {"p": whole(-1, *p), "q": whole(-1, *q)})
      for text, channels, order, p, q in (
        ("pixel_shuffle 2", 8, [0, 1, 4, 2, 5, 3], (2, 2, 2, 4, 4), (2, 8, 8)),
        ("channel_shuffle 4 -> pixel_shuffle 2", 8, [0, 3, 4, 1, 5, 2], (2, 2, 2, 4, 4), (2, 8, 8)),
        ("pixel_unshuffle 2", 2, [0, 1, 3, 5, 2, 4], (2, 2, 2, 2, 2), (8, 2, 2)),
        ("pixel_unshuffle 2 -> channel_shuffle 2", 2, [0, 3, 5, 1, 2, 4], (2, 2, 2, 2, 2), (8, 2, 2)))),
    ("permute (3, 1, 2) | flatten", MAP, "y = Flatten(x)", {}),
    # --- gates
    ("global_avgpool keep=true -> sigmoid | multiply input", MAP,
     "g = GlobalAveragePool(x) s = Sigmoid(g) h = Shape(x) q = Expand(s, h) y = Mul(x, q)", {}),
    ("global_avgpool | dense 4 -> sigmoid | multiply input", MAP,
     "g = ReduceMean<axes=[2,3], keepdims=0>(x) a = Gemm(g, w, b) s = Sigmoid(a) q = Unsqueeze(s, axes) y = Mul(x, q)",
     {"w": drawn(4, 4), "b": drawn(4), "axes": whole(2, 3)}),
    ("dense 3", "float[N,4] x", "y = Gemm<alpha=0.5, beta=2.0>(x, w, b)", {"w": drawn(4, 3), "b": drawn(1)}),
    # --- channels last, as from TensorFlow
    ("conv 4, 3x3, pad=1 -> relu | maxpool 2x2 | flatten -> dense 5 -> softmax", LAST,
     "t = Transpose<perm=[0,3,1,2]>(x) a = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(t, w, b) r = Relu(a)"
     "p = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r) u = Transpose<perm=[0,2,3,1]>(p) f = Reshape(u, row)"
     "m = MatMul(f, v) n = Add(m, d) y = Softmax<axis=-1>(n)",
     {"w": drawn(4, 3, 3, 3), "b": drawn(4), "row": whole(-1, 64), "v": drawn(64, 5), "d": drawn(5)}),
    ("rescale 0.007843138, offset=-1 | conv 4, 3x3, bias=false -> relu | global_avgpool", LAST,
     "q = Mul(x, k) c = Add(q, l) t = Transpose<perm=[0,3,1,2]>(c) a = Conv<kernel_shape=[3,3]>(t, w) r = Relu(a)"
     "u = Transpose<perm=[0,2,3,1]>(r) y = ReduceMean<axes=[1,2], keepdims=0>(u)",
     {"k": real(1 / 127.5), "l": real(-1), "w": drawn(4, 3, 3, 3)}),
    ("conv 5, 3x3, stride=2, pad=same -> relu", LAST,
     "q = Pad(x, p) t = Transpose<perm=[0,3,1,2]>(q) a = Conv<kernel_shape=[3,3], strides=[2,2]>(t, w)"
     "u = Transpose<perm=[0,2,3,1]>(a) c = Add(u, b) y = Relu(c)",
     {"p": whole(0, 0, 0, 0, 0, 1, 1, 0), "w": drawn(5, 3, 3, 3), "b": drawn(5)}),
    ("conv 4, 5, pad=2", "float[N,20,3] x",
     "t = Transpose<perm=[0,2,1]>(x) u = Unsqueeze(t, a) c = Conv<kernel_shape=[1,5], pads=[0,2,0,2]>(u, w, b)"
     "s = Squeeze(c, a) y = Transpose<perm=[0,2,1]>(s)",
     {"w": drawn(4, 3, 1, 5), "b": drawn(4), "a": whole(2)}),
    ("dense 3, per_place=true", SEQUENCE, "m = MatMul(x, w) y = Add(m, b)", {"w": drawn(6, 3), "b": drawn(3)}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "body", "numbers"), READ, ids=[row[0] for row in READ])
def test_pieces_are_read_as_layers(text: str, inputs: str, body: str, numbers: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, inputs, body, **numbers)
    agreeing(path)
    assert lines(path) == text


REFUSED: list[tuple[str, int, str, str, dict[str, Any]]] = [
    ("Softmax `y`: before opset 13 it runs over all axes from 1 on", 12, MAP, "y = Softmax<axis=1>(x)", {}),
    ("ReduceMean `m`: .*over the channels", 13, MAP, TF2ONNX_NORM, {**TF2ONNX, "sizes": whole(-1, 8, 1, 8)}),
    ("ReduceMean `m`: .*over the channels", 13, MAP, TF2ONNX_SHARE, {**TF2ONNX, "sizes": whole(-1, 8, 1, 8)}),
    ("Selu `y`: its alpha is 1", 13, MAP, "y = Selu<alpha=1.0, gamma=2.0>(x)", {}),
    ("Pad `y`: it pads with `wrap`", 19, MAP, 'y = Pad<mode="wrap">(x, p)', {"p": whole(0, 0, 1, 1, 0, 0, 1, 1)}),
    ("Pad `y`: it pads the batch or the channels", 13, MAP, "y = Pad(x, p)", {"p": whole(0, 0, 0, 0, 0, 2, 0, 0)}),
    ("Slice `y`: it turns the order round", 13, MAP, "y = Slice(x, s, e, a, t)",
     {"s": whole(7), "e": whole(-9), "a": whole(2), "t": whole(-1)}),
    ("Mul `y`: its numbers run along another axis", 13, "float[N,4,8,4] x", "y = Mul(x, k)", {"k": real(1, 2, 3, 4)}),
    ("QuantizeLinear `q`: .* before it was quantised", 13, MAP,
     "q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, s, z)", {"s": real(0.1), "z": np.array(0, np.uint8)}),
    ("MatMul `y`: .* as attention does", 13, SEQUENCE, "t = Transpose<perm=[0,2,1]>(x) y = MatMul(x, t)", {}),
    ("ArgMax `y`: .* `onnx.utils.extract_model` cuts it off", 13, MAP, "y = ArgMax<axis=1>(x)", {}),
    ("LayerNormalization `y`: it normalises other axes", 17, MAP, "y = LayerNormalization<axis=1>(x, w)",
     {"w": drawn(4, 8, 8)}),
    ("opset 6; 7 and later are read: onnx.version_converter", 6, MAP, "y = Relu(x)", {}),
]  # fmt: skip


def test_an_input_that_nothing_reads_is_left_out(tmp_path: Path) -> None:
    """tf2onnx leaves constants behind that it has folded."""
    assert lines(written(tmp_path, f"{MAP}, float[1,1,1,3] captured", "y = Relu(x)")) == "relu"


@pytest.mark.parametrize(("text", "opset", "inputs", "body", "numbers"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_what_cannot_be_said_is_refused_by_name(
    text: str, opset: int, inputs: str, body: str, numbers: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=text):
        frontend.read(written(tmp_path, inputs, body, opset, **numbers))


# --- sets of operators ------------------------------------------------------------------------------------------------

OPSETS = (7, 8, 9, 10, 11, 12, 13, 18, 21)
SINCE: list[tuple[str, int, int, str, dict[str, Any]]] = [
    ("softmax", 7, 21, "f = Flatten(x) g = MatMul(f, v) y = Softmax(g)", {"v": drawn(256, 3)}),
    ("softmax", 13, 21, "y = Softmax<axis=1>(x)", {}),
    ("batchnorm", 7, 21, "y = BatchNormalization(x, s, b, m, v)", {key: drawn(4) for key in "sbmv"}),
    ("crop", 7, 9, "y = Slice<axes=[2], starts=[1], ends=[-1]>(x)", {}),
    ("take_channels", 10, 21, "y = Slice(x, s, e, a)", {"s": whole(1), "e": whole(3), "a": whole(1)}),
    ("zeropad", 7, 10, "y = Pad<pads=[0,0,1,1,0,0,1,1], value=2.0>(x)", {}),
    ("zeropad", 11, 21, "y = Pad(x, p, v)", {"p": whole(0, 0, 1, 1, 0, 0, 1, 1), "v": real(2)}),
    ("relu6", 7, 10, "y = Clip<min=0.0, max=6.0>(x)", {}),
    ("relu6", 11, 21, "y = Clip(x, zero, six)", SIX),
    ("upsample", 7, 8, "y = Upsample<scales=[1.0,1.0,2.0,2.0]>(x)", {}),
    ("upsample", 9, 9, "y = Upsample(x, s)", {"s": real(1, 1, 1.5, 1.5)}),
    ("upsample", 10, 10, "y = Resize(x, s)", {"s": real(1, 1, 1.5, 1.5)}),
    ("global_avgpool", 7, 17, "y = ReduceMean<axes=[2,3], keepdims=0>(x)", {}),
    ("global_avgpool", 18, 21, "y = ReduceMean<keepdims=0>(x, a)", {"a": whole(2, 3)}),
    ("split", 7, 12, "a, b = Split<axis=1, split=[2,2]>(x) y = Sub(a, b)", {}),
    ("split", 13, 21, "a, b = Split<axis=1>(x, s) y = Sub(a, b)", {"s": whole(2, 2)}),
    ("layernorm", 18, 21, "m = ReduceMean(x, a) d = Sub(x, m) p = Mul(d, d) v = ReduceMean(p, a) e = Add(v, eps)"
     "s = Sqrt(e) y = Div(d, s)", {"a": whole(1), "eps": real(1e-5)}),
]  # fmt: skip
USES = [(opset, *row) for row in SINCE for opset in OPSETS if row[1] <= opset <= row[2]]


@pytest.mark.parametrize(
    ("opset", "word", "first", "last", "body", "numbers"), USES, ids=[f"{u[1]}-{u[0]}" for u in USES]
)
def test_every_set_of_operators_means_what_it_meant(
    opset: int, word: str, first: int, last: int, body: str, numbers: dict[str, Any], tmp_path: Path
) -> None:
    found = agreeing(written(tmp_path, MAP, body, opset, **numbers))
    assert word in [node.op.word for node in found.checked.nodes]
