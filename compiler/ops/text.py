"""From tokens to numbers. The input is a vector of whole numbers: `input 1014`."""

from __future__ import annotations

from ..shape import Shape
from .base import Facts, Initializer, Op, OpError, Weight, operator
from .initializers import Uniform
from .record import arg, option


def tokens(x: Shape, word: str) -> int | None:
    """The length of the sequence."""
    if x.rank:
        raise OpError(
            f"`{word}` takes a sequence of whole numbers such as `input 1014`, found the map {x}", code="rank"
        )
    return x.channels


@operator("embedding")
class Embedding(Op):
    """A trained vector for each token: a sequence of length n becomes a map of n places.

    Keras: Embedding. PyTorch: Embedding.
    """

    family = "text"
    whole_inputs = (0,)
    examples = ("100: embedding 20000, 128",)
    torch_differs = "PyTorch draws from the normal distribution of deviation 1, Keras uniformly from -0.05 to 0.05."

    vocabulary: int = arg("number of different tokens, counted from 0", min=1)
    width: int = arg("length of each vector", min=1)
    init: Initializer | None = option("how the vectors begin", default=None)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        length = tokens(inputs[0], self.word)
        weight = Weight((self.vocabulary, self.width), init=self.init or Uniform(), fans=(self.vocabulary, self.width))
        return Facts((Shape((length, self.width)),), {"weight": weight})

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Embedding"


@operator("one_hot")
class OneHot(Op):
    """For each token a vector of zeros with a 1 at its number: characters as the Char-CNN wants them.

    A number outside the range gives zeros: a character that the alphabet has not. Keras: ops.one_hot. PyTorch:
    functional.one_hot.
    """

    family = "text"
    whole_inputs = (0,)
    examples = ("1014: one_hot 70",)

    depth: int = arg("number of different tokens, counted from 0", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts((Shape((tokens(inputs[0], self.word), self.depth)),))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "OneHot"
