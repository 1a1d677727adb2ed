"""Write the parser tables that ship beside the grammar: `python -m cnnc.grammar.build`."""

from __future__ import annotations

from ..compiler import tables
from . import GRAMMAR, TABLES


def main() -> None:
    """Build cnn.json from cnn.lark; a conflict, or two words that cannot be told apart, is an error."""
    TABLES.write_text(tables.encode(tables.build(GRAMMAR.read_text(encoding="utf-8"), strict=True)), encoding="utf-8")


if __name__ == "__main__":
    main()
