"""From tokens to numbers."""

import numpy as np

from .harness import Row


def tokens(draw):
    return [draw.integers(0, 9, (2, 7))]


def odd_tokens(draw):
    """Also numbers outside the range."""
    return [draw.integers(-3, 9, (2, 7))]


ROWS = [
    Row("embedding", "7: embedding 9, 4", lambda k: k.layers.Embedding(9, 4), inputs=tokens),
    Row("embedding-open", "?: embedding 9, 4", lambda k: k.layers.Embedding(9, 4), inputs=tokens, shape="?x4"),
    Row("one_hot", "7: one_hot 9", lambda k: lambda x: k.ops.one_hot(x, 9), inputs=tokens, type="OneHot", shape="7x9"),
    Row("one_hot-outside", "7: one_hot 4", inputs=odd_tokens,
        expected=lambda x: (x[..., None] == np.arange(4)).astype(np.float32)),
]  # fmt: skip
