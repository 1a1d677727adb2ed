"""The grammar of .cnn files, its parser tables and the language reference."""

from pathlib import Path

GRAMMAR = Path(__file__).with_name("cnn.lark")
TABLES = Path(__file__).with_name("cnn.json")
