"""Imports: relative to their file, below the root, each file once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.limits import DEPTH, FILES
from cnnc.compiler.pipeline import check_path, compile_path
from cnnc.compiler.recipes.course import Batch
from cnnc.runtime.jobs.prepare import chosen

BLOCK = "block part(n=3):\n    dense n\n"
NET = 'import part from "{}"\nmodel Net:\n    input 8\n    part\n'


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def compiled(name: str) -> Checked:
    return compile_path(name).checked


def refused(name: str) -> list[tuple[str, str]]:
    """The code of each error and the file it is in."""
    with pytest.raises(CompileError) as caught:
        compile_path(name)
    return [(d.code, d.span.source.name) for d in caught.value.diagnostics]


def test_an_import_is_relative_to_the_file_that_imports() -> None:
    write("blocks/deep/part.cnn", BLOCK)
    write("blocks/more.cnn", 'import part from "deep/part.cnn"\nblock more: part\n')
    assert (
        compiled(write("net.cnn", 'import more from "blocks/more.cnn"\nmodel N:\n    input 8\n    more\n')).params == 27
    )


def test_an_import_may_go_up_below_the_working_directory() -> None:
    write("part.cnn", BLOCK)
    assert compiled(write("nets/net.cnn", NET.format("../part.cnn"))).params == 27


def test_an_import_under_another_name() -> None:
    write("part.cnn", BLOCK + "block other:\n    relu\n")
    head = 'import part as p, other from "part.cnn"\nblock part:\n    tanh\n'
    text = head + "model N:\n    input 8\n    p -> part -> other\n"
    assert [n.op.word for n in compiled(write("net.cnn", text)).nodes] == ["input", "dense", "tanh", "relu"]


def test_a_model_can_be_imported_and_its_lets_and_defaults_stay_with_it() -> None:
    write("a.cnn", "defaults:\n    dense bias=false\nlet n = 4\nmodel A:\n    input 8\n    dense n\n")
    text = 'import A from "a.cnn"\nlet n = 5\nmodel B:\n    input 8\n    A\n    dense n\n'
    assert compiled(write("b.cnn", text)).params == 8 * 4 + (4 + 1) * 5


def test_two_files_may_import_a_third() -> None:
    write("part.cnn", BLOCK)
    write("a.cnn", 'import part from "part.cnn"\nblock a: part\n')
    write("b.cnn", 'import part from "part.cnn"\nblock b: part\n')
    text = 'import a from "a.cnn"\nimport b from "b.cnn"\nmodel N:\n    input 8\n    a -> b\n'
    assert compiled(write("net.cnn", text)).params == 27 + 12


def test_an_import_from_the_zoo() -> None:
    text = 'import basic from "zoo:blocks/resnet"\nmodel N:\n    input 8x8x4\n    basic 4\n'
    assert compiled(write("net.cnn", text)).params > 0


def test_an_error_in_an_imported_file_is_told_there() -> None:
    write("part.cnn", "block part:\n    dense widht\n")
    assert refused(write("net.cnn", NET.format("part.cnn"))) == [("unknown-name", "part.cnn")]


def test_a_broken_imported_file_is_told_there_and_nothing_else() -> None:
    write("part.cnn", "block part:\n    dense .5\n")
    assert refused(write("net.cnn", NET.format("part.cnn"))) == [("syntax", "part.cnn")]


def test_files_may_not_import_each_other() -> None:
    write("a.cnn", 'import b from "b.cnn"\nblock a: b\n')
    write("b.cnn", 'import a from "a.cnn"\nblock b: a\n')
    text = 'import a from "a.cnn"\nmodel N:\n    input 8\n    a\n'
    assert refused(write("net.cnn", text)) == [("import", "b.cnn")]


def test_a_file_may_not_import_itself() -> None:
    assert refused(write("net.cnn", NET.format("net.cnn"))) == [("import", "net.cnn")]


@pytest.mark.parametrize("path", ["../outside.cnn", "nets/../../outside.cnn", "./../outside.cnn"])
def test_nothing_outside_the_root_is_read(path: str) -> None:
    write("../outside.cnn", BLOCK)
    assert refused(write("net.cnn", NET.format(path))) == [("import", "net.cnn")]


def test_a_file_outside_the_working_directory_has_its_own_folder_for_a_root() -> None:
    write("../other/part.cnn", BLOCK)
    write("../outside.cnn", BLOCK)
    assert compiled(write("../other/net.cnn", NET.format("part.cnn"))).params == 27
    assert refused(write("../other/bad.cnn", NET.format("../outside.cnn"))) == [("import", "../other/bad.cnn")]


def test_a_link_that_leaves_the_root_is_not_followed() -> None:
    write("../outside.cnn", BLOCK)
    os.symlink("../outside.cnn", "inside.cnn")
    assert refused(write("net.cnn", NET.format("inside.cnn"))) == [("import", "net.cnn")]


def test_a_link_inside_the_root_is_followed() -> None:
    write("blocks/part.cnn", BLOCK)
    os.symlink("blocks/part.cnn", "link.cnn")
    assert compiled(write("net.cnn", NET.format("link.cnn"))).params == 27


def test_a_folder_and_a_pipe_are_no_files() -> None:
    os.mkdir("folder.cnn")
    os.mkfifo("pipe.cnn")
    assert refused(write("net.cnn", NET.format("folder.cnn"))) == [("import", "net.cnn")]
    assert refused(write("net.cnn", NET.format("pipe.cnn"))) == [("import", "net.cnn")]


def test_a_chain_of_too_many_files() -> None:
    for i in range(DEPTH + 1):
        write(f"f{i}.cnn", f'import b{i + 1} from "f{i + 1}.cnn"\nblock b{i}: b{i + 1}\n')
    text = 'import b0 from "f0.cnn"\nmodel N:\n    input 8\n    relu\n'
    assert refused(write("net.cnn", text)) == [("limit", f"f{DEPTH - 2}.cnn")]


def test_too_many_files() -> None:
    lines = [f'import b{i} from "{write(f"f{i}.cnn", f"block b{i}: relu" + chr(10))}"\n' for i in range(FILES)]
    text = "".join(lines) + "model N:\n    input 8\n    relu\n"
    assert refused(write("net.cnn", text)) == [("limit", "net.cnn")]


LIBRARY = """let widths = [8, 16]
let twice(n) = factor * n
let factor = 2

train fast:
    data digits
    batch factor * 20
"""


def test_a_let_is_imported_and_knows_the_names_of_its_own_file() -> None:
    write("lib.cnn", LIBRARY)
    head = 'import widths, twice as double from "lib.cnn"\n'
    text = head + "model N:\n    input 5\n    for w in widths:\n        dense double(w)\n"
    assert compiled(write("net.cnn", text)).params == 6 * 16 + 17 * 32


def test_a_recipe_is_imported_and_knows_the_names_of_its_own_file() -> None:
    write("lib.cnn", LIBRARY)
    text = 'import fast as quick from "lib.cnn"\nmodel N:\n    input 8x8x1\n    flatten -> dense 10 -> softmax\n'
    found = compile_path(write("net.cnn", text))
    recipe = chosen(found, "quick")
    assert [said.entry for said in recipe.said][1:] == [Batch(size=40)]


def test_names_are_imported_once() -> None:
    write("lib.cnn", LIBRARY)
    head = 'import widths, factor as widths, fast, fast from "lib.cnn"\n'
    text = head + "let widths = 3\ntrain fast: batch 2\nmodel N:\n    input 8\n    relu\n"
    found = check_path(write("net.cnn", text))
    assert [(d.code, d.span.line) for d in found] == [("rebound", 1), ("rebound", 1), ("rebound", 2), ("rebound", 3)]


def test_an_imported_recipe_is_taken_by_name_only() -> None:
    write("lib.cnn", LIBRARY)
    text = 'import fast from "lib.cnn"\nmodel N:\n    input 8x8x1\n    flatten -> dense 10 -> softmax\n'
    assert chosen(compile_path(write("net.cnn", text)), None).said == ()
    own = compile_path(write("own.cnn", text + "train slow: batch 1\n"))
    assert [said.entry for said in chosen(own, None).said] == [Batch(size=1)]
