"""The parser made of grammar/cnn.lark: its tables are read from a file, for building them takes lark half a second.

They ship as grammar/cnn.json, written by `python -m cnnc.grammar.build`, and serve one grammar and one version of lark.
For another version they are built once and kept in the user's cache; where that cannot be written, each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from ..grammar import GRAMMAR, TABLES
from .kept import cache_folder, keep
from .layout import Token, Words

STARTS = ["module", "expr"]


class Parser:
    """The LALR(1) tables, the words they are about, and what each rule becomes (`reductions`, a method per rule)."""

    def __init__(self, stored: dict[str, Any], reductions: object) -> None:
        tables = lark.Lark._load_from_dict(stored["data"], stored["memo"], transformer=reductions)
        self.words = Words((t.name, t.pattern.to_regexp(), t.priority) for t in tables.terminals)
        self._tables = tables

    def begin(self, start: str) -> Run:
        """A parse of its own, by the rule `start`."""
        return Run(self._tables.parse_interactive(start=start))


class Run:
    """One parse under way. `feed(token)` takes a token; for the last, of type `$END`, it returns what became of all."""

    def __init__(self, parser: Any) -> None:
        self.feed: Callable[[Token], Any] = parser.feed_token
        self.stack: list[int] = parser.parser_state.state_stack
        self.values: list[Any] = parser.parser_state.value_stack
        self._states: dict[int, dict[str, Any]] = parser.parser_state.parse_conf.states

    def takes(self, kind: str) -> bool:
        """Whether a terminal can come next: the steps that would lead to it are gone through without making nodes.

        The tables alone promise too much, since LALR(1) merges states that differ in what may follow.
        """
        stack = self.stack[:]
        while True:
            action = self._states[stack[-1]].get(kind)
            if action is None:
                return False
            rule = action[1]
            if isinstance(rule, int):  # the state after taking it
                return True
            if rule.expansion:
                del stack[-len(rule.expansion) :]
            stack.append(self._states[stack[-1]][rule.origin.name][1])

    def expected(self) -> set[str]:
        """The terminals that can come next."""
        return {kind for kind in self._states[self.stack[-1]] if kind.isupper() and self.takes(kind)}


def load(reductions: object) -> Parser:
    """The parser of this grammar, from where it is had fastest."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    key = key_of(grammar)
    for path in (TABLES, _cache(key)):
        stored = _read(path)
        if stored is not None and stored["key"] == key:
            return Parser(stored, reductions)
    text = encode(build(grammar))
    keep(text.encode(), _cache(key))
    return Parser(decode(text), reductions)


def build(grammar: str, strict: bool = False) -> dict[str, Any]:
    """The tables as plain data. `strict` also refuses what lark would settle by itself (it needs interegular)."""
    built = lark.Lark(grammar, parser="lalr", lexer="basic", start=STARTS, strict=strict)
    data, memo = built.memo_serialize([TerminalDef, Rule])
    return {"key": key_of(grammar), "data": data, "memo": memo}


def key_of(grammar: str) -> str:
    """Tables with this key were made of this grammar, by this lark."""
    return hashlib.sha256(f"{lark.__version__}\n{grammar}".encode()).hexdigest()


def encode(tables: dict[str, Any]) -> str:
    return json.dumps(tables, separators=(",", ":")) + "\n"


def decode(text: str) -> dict[str, Any]:
    tables = json.loads(text, object_hook=_whole_keys)
    assert isinstance(tables, dict)
    return tables


def _whole_keys(pairs: dict[str, Any]) -> dict[Any, Any]:
    """JSON has made texts of the numbers that are keys; back again."""
    return {int(key): value for key, value in pairs.items()} if next(iter(pairs), "").isdigit() else pairs


def _read(path: Path) -> dict[str, Any] | None:
    """The tables in a file; None where there are none, or something else."""
    with suppress(OSError, ValueError, AssertionError):
        tables = decode(path.read_text(encoding="utf-8"))
        if {"key", "data", "memo"} <= tables.keys():
            return tables
    return None


def _cache(key: str) -> Path:
    return cache_folder() / f"grammar-{key[:16]}.json"
