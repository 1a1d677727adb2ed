"""`parse(format(m)) == m`, comments stay, formatting twice is formatting once; and the layout of hand-written files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cnnc.compiler import syntax as s
from cnnc.compiler.format import format
from cnnc.compiler.parse import parse
from cnnc.compiler.source import Source
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cnnc.cli import main

from .trees import modules

FILES = Path(__file__).parent / "format"
quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


def read(text: str) -> s.Module:
    return parse(Source("test.cnn", text))


def formatted(text: str) -> str:
    return format(read(text))


@quick
@given(modules)
def test_a_tree_comes_back(module: s.Module) -> None:
    text = format(module)
    again = read(text)
    assert again.items == module.items
    assert format(again) == text


@quick
@given(modules, st.data())
def test_comments_stay(module: s.Module, data: st.DataObject) -> None:
    """Put behind lines and between them, at any depth, also inside of statements that go on."""
    lines = format(module).split("\n")
    strings = '"""' in "".join(lines)
    for number in data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=4, unique=True)) if not strings else ():
        if data.draw(st.booleans()):
            lines[number] += f"  # behind {number}"
        else:
            depth = data.draw(st.sampled_from([0, 4, 8]))
            lines[number] = f"{' ' * depth}# above {number}\n{lines[number]}"
    written = read("\n".join(lines))
    assert written.items == module.items
    text = format(written)
    again = read(text)
    assert again.items == module.items
    assert Counter(c.text for c in again.comments) == Counter(c.text for c in written.comments)
    assert format(again) == text


@pytest.mark.parametrize("path", sorted(FILES.glob("*.formatted.cnn")), ids=lambda path: path.name.split(".")[0])
def test_the_layout(path: Path) -> None:
    """Both files were written by hand."""
    wanted = path.read_text(encoding="utf-8")
    text = path.with_name(path.name.replace(".formatted", "")).read_text(encoding="utf-8")
    assert formatted(text) == wanted
    assert formatted(wanted) == wanted
    assert read(wanted).items == read(text).items


def test_line_ends() -> None:
    assert formatted("model A:\r\n    relu  # a\r\n") == "model A:\n    relu  # a\n"


def test_an_empty_file() -> None:
    assert formatted("") == ""
    assert formatted("\n\n# only\n\n\n# this\n") == "# only\n\n# this\n"


def test_a_file_that_cannot_be_written_is_named_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.cnn"
    path.write_text("model A:\n    input   4\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "elsewhere")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["fmt", str(path)]) != 0
    assert capsys.readouterr().err == f"cnnc: {path}: No space left on device\n"
    assert path.read_text() == "model A:\n    input   4\n"
