"""ONNX of other tools and older times: what is read computes what ONNX Runtime computes, and reads as if written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.frontends.unread import Unreadable

from .graphs import LAST, MAP, agreeing, drawn, lines, real, whole, written

SEQUENCE = "float[N,7,6] x"
MOMENTS = "m = ReduceMean<axes=[%d]>(x) d = Sub(x, m) p = Pow(d, two) v = ReduceMean<axes=[%d]>(p) e = Add(v, eps) s = Sqrt(e)"
NORM = MOMENTS + " n = Div(d, s) g = Mul(n, w) y = Add(g, b)"
TF_NORM = MOMENTS + " r = Reciprocal(s) k = Mul(r, w) a = Mul(x, k) c = Mul(m, k) f = Sub(b, c) y = Add(a, f)"
SIX = {"three": real(3), "zero": real(0), "six": real(6)}

READ: list[tuple[str, str, str, dict[str, Any]]] = [
    # --- normalisations in pieces
    ("layernorm eps=1e-5", SEQUENCE, NORM % (-1, -1), {"two": real(2), "eps": real(1e-5), "w": drawn(6), "b": drawn(6)}),
    ("layernorm eps=1e-5", SEQUENCE, TF_NORM % (2, 2),
     {"two": real(2), "eps": real(1e-5), "w": drawn(6), "b": drawn(6)}),
    ("layernorm eps=1e-6", MAP, NORM % (1, 1),
     {"two": real(2), "eps": real(1e-6), "w": drawn(4, 1, 1), "b": drawn(4, 1, 1)}),
    ("groupnorm 2, eps=1e-5", MAP,
     "r = Reshape(x, g) i = InstanceNormalization(r, one, nil) s = Shape(x) q = Reshape(i, s) h = Mul(q, w) y = Add(h, b)",
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
    ("residual: | crop ((4, 0), (0, 0)) | shortcut: crop ((0, 4), (0, 0))", MAP, "a, b = Split<axis=2>(x, s) y = Add(a, b)",
     {"s": whole(4, 4)}),
    ("crop ((1, 0), (0, 0)) | zeropad ((0, 0), (1, 0))", MAP, "y = Pad(x, p)", {"p": whole(0, 0, -1, 1, 0, 0, 0, 0)}),
    ("channel_shuffle 4 -> pixel_shuffle 2", "float[N,8,4,4] x", "y = DepthToSpace<blocksize=2>(x)", {}),
    ("pixel_unshuffle 2 -> channel_shuffle 4", MAP, "y = SpaceToDepth<blocksize=2>(x)", {}),
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
