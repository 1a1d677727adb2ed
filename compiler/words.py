"""Words that stand for themselves in arguments: the choices of all operators and initialisers, and those of recipes."""

from __future__ import annotations

from .ops import INITIALIZERS, OPERATORS


def choices() -> frozenset[str]:
    """Every word that some argument takes."""
    found = {"valid", "same", "causal"}
    for table in (OPERATORS, INITIALIZERS):
        for record in table.values():
            for field in record.fields.values():
                found.update(field.choices)
    return frozenset(found)


WORDS = choices()
