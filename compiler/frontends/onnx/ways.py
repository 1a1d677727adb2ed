"""The way out where a node has no counterpart in the language."""

from __future__ import annotations

from .source import View

WHOLE = "the file from before it was quantised can be read"
FIXED = "exported with fixed sizes, or simplified, the file has no branches"
CUT = "what is done with a network's result is no layer: `onnx.utils.extract_model` cuts it off"
ATTENTION = "it multiplies two values of the network by each other, as attention does: there is no layer for that"

WAYS = {
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul",
                     "ConvInteger", "MatMulInteger"), WHOLE),
    **dict.fromkeys(("If", "Loop", "Scan"), FIXED),
    **dict.fromkeys(("ArgMax", "ArgMin", "TopK", "NonMaxSuppression", "NonZero", "RoiAlign", "OneHot"), CUT),
    **dict.fromkeys(("Einsum", "Attention", "MultiHeadAttention"), ATTENTION),
}  # fmt: skip


def way(view: View) -> str:
    """What to do about a node, as the end of a message; empty where nothing is known."""
    domain = view.attributes.get("domain", "")
    if domain == "com.microsoft":
        return ": the file from before ONNX Runtime optimised or quantised it can be read"
    return f": {WAYS[view.kind]}" if view.kind in WAYS else ""
