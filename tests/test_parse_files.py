"""What stands around parsing: files and their bytes, the tables and their cache, memory."""

from __future__ import annotations

import ast
import gc
import json
from pathlib import Path

import pytest
from cnnc.compiler import tables
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.format import format
from cnnc.compiler.reading import decode_source, read_source
from cnnc.grammar import GRAMMAR, TABLES

from .test_parse import ROOT, read, refused


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cnn"
    path.write_bytes(b"\xef\xbb\xbfmodel A:\r\n    relu # \xc3\xa9\r\n")
    source = read_source(path, "a.cnn")
    assert (source.name, source.text) == ("a.cnn", "model A:\r\n    relu # \u00e9\r\n")
    assert read_source(path).name == str(path)


@pytest.mark.parametrize(
    ("data", "place", "byte"), [(b"model A:\n  # \xe9\n", "a:2:5", "e9"), (b"\xff\xfem", "a:1:1", "ff")]
)
def test_what_is_no_utf8(data: bytes, place: str, byte: str) -> None:
    with pytest.raises(CompileError) as caught:
        decode_source(data, "a")
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.place, found.message) == ("encoding", place, f"the byte 0x{byte} is no UTF-8")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.cnn"
    with path.open("wb") as file:
        file.truncate(2**36)  # 64 GiB of nothing
    with pytest.raises(CompileError) as caught:
        read_source(path)
    assert caught.value.diagnostics[0].code == "limit"


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    """`python -m cnnc.grammar.build` writes them anew; a conflict in the grammar fails here too (with interegular)."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    shipped, built = tables.decode(TABLES.read_text(encoding="utf-8")), tables.build(grammar, strict=True)
    assert shipped["key"] == built["key"]
    assert len(shipped["data"]["parser"]["parser"]["states"]) == len(built["data"]["parser"]["parser"]["states"])


def test_other_tables_are_built_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "TABLES", tmp_path / "none.json")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tables.load(object())
    (kept,) = tmp_path.glob("cnnc/*.json")
    assert json.loads(kept.read_text())["key"] == tables.key_of(GRAMMAR.read_text())
    monkeypatch.setattr(tables, "build", None)
    tables.load(object())


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("{")
    monkeypatch.setattr(tables, "TABLES", tmp_path / "file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    tables.load(object())


def test_only_the_parser_knows_lark() -> None:
    importers = {
        path.name
        for path in (ROOT / "compiler").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            name.startswith("lark") for name in [getattr(node, "module", None) or "", *(a.name for a in node.names)]
        )
    }
    assert importers == {"tables.py", "parse.py", "recover.py"}


def test_the_collector_runs_again_afterwards() -> None:
    for wanted in (True, False):
        gc.enable() if wanted else gc.disable()
        read("model A:\n    relu\n")
        refused("relu\n")
        assert gc.isenabled() is wanted
    gc.enable()


def test_recursion_is_bounded() -> None:
    """A tree of the greatest depth can be walked, compared and formatted with the stack Python starts with."""
    module = read("let a = " + "-" * 95 + "1\n")
    assert read(format(module)).items == module.items
    assert hash(module.items[0]) == hash(read(format(module)).items[0])
