"""Texts as characters, each one-hot over an alphabet (Zhang, Zhao and LeCun, 2015)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data
from .dataset import Array, DataError

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{}\n "
"""The characters that are known where the recipe does not say: those of the paper, and the space."""
LENGTH = 1014
"""Characters of an example where the recipe does not say, as in the paper."""


class Texts:
    """(length, characters of the alphabet) bool: what is longer is cut, what is unknown or missing has no mark.

    Capital letters count as small ones where the alphabet has none.
    """

    def __init__(self, texts: list[str], name: str, data: Data) -> None:
        self.texts, self.called = texts, name
        self.length = data.length or LENGTH
        self.alphabet = data.alphabet or ALPHABET
        if len(set(self.alphabet)) < len(self.alphabet):
            twice = next(c for c in self.alphabet if self.alphabet.count(c) > 1)
            raise DataError(f"the alphabet has `{twice}` twice")
        self.small = self.alphabet == self.alphabet.lower()
        self.places = self.table()

    def __len__(self) -> int:
        return len(self.texts)

    def load(self, number: int) -> Array:
        text = self.texts[number]
        codes = np.frombuffer((text.lower() if self.small else text)[: self.length].encode("utf-32-le"), "<u4")
        places = self.places[np.minimum(codes, len(self.places) - 1)]
        marks = np.zeros((self.length, len(self.alphabet)), np.bool_)
        known = np.flatnonzero(places >= 0)
        known = known[known < self.length]
        marks[known, places[known]] = True
        return marks

    def name(self, number: int) -> str:
        return f"{self.called}/{number}"

    def table(self) -> NDArray[np.int64]:
        """From code points to places in the alphabet; -1 is unknown, as is everything from the last on."""
        codes = [ord(character) for character in self.alphabet]
        found = np.full(max(codes) + 2, -1, np.int64)
        found[codes] = np.arange(len(codes))
        return found

    @property
    def shape(self) -> tuple[int, int]:
        return self.length, len(self.alphabet)
