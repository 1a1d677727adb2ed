"""Pages stay pages: sizes, formats, the page to walk in, the command."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cnnc.compiler.backends.diagram import dot, html, picture, rendered

from cnnc.cli import main

from .networks import (
    DENSENET,
    FACENET,
    GOOGLENET,
    LONG,
    RESNET,
    UNET,
    VGG,
    compiled,
    needs_dot,
    needs_node,
)

SCRIPTS = Path(__file__).parents[2] / "compiler" / "backends" / "diagram"


@needs_dot
@pytest.mark.parametrize(
    "text", [RESNET, GOOGLENET, UNET, FACENET, DENSENET, VGG, LONG], ids=lambda t: t.split("model ")[1][:6]
)
def test_a_picture_fits_a_page_legibly(text: str) -> None:
    """On A4 with margins, upright or lying, letters of ten points are shown at four and a half or more."""
    drawn = rendered(picture(compiled(text)), "svg")
    width, height = drawn.width / 96, drawn.height / 96
    scale = max(min(7.5 / width, 10.9 / height), min(10.9 / width, 7.5 / height))
    assert scale * 10 >= 4.5
    assert 0.3 < width / height < 3.3


@needs_dot
def test_png_and_pdf_open(tmp_path: Path) -> None:
    from PIL import Image

    drawn = rendered(picture(compiled(RESNET)), "png")
    (tmp_path / "x.png").write_bytes(drawn.data)
    with Image.open(tmp_path / "x.png") as image:
        image.load()
        assert image.size == (drawn.width, drawn.height)
    paper = rendered(picture(compiled(RESNET)), "pdf")
    assert paper.data.startswith(b"%PDF")
    assert paper.width <= 96 * 8.27 + 1
    assert paper.height <= 96 * 11.7 + 1


@needs_dot
def test_direction_and_shapes() -> None:
    made = picture(compiled(VGG))
    across = rendered(made, "svg", direction="LR")
    down = rendered(made, "svg")
    assert across.width / across.height > down.width / down.height
    assert "224x224x64" in dot(made)
    assert "224x224x64" not in dot(made, shapes=False)


def test_page_is_self_contained() -> None:
    page = html(picture(compiled(GOOGLENET)))
    assert not re.search(r"(src|href)=|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", page)
    assert "default-src 'none'" in page


@needs_node
def test_scripts_parse(tmp_path: Path) -> None:
    script = html(picture(compiled(GOOGLENET))).rsplit("<script>", 1)[1].split("</script>")[0]
    (tmp_path / "page.js").write_text(script, "utf-8")
    subprocess.run(["node", "--check", tmp_path / "page.js"], check=True, timeout=60)


LAYOUT = """
const { layout } = require(process.argv[1]);
const model = JSON.parse(require("fs").readFileSync(0, "utf8"));
const size = (part) => ({ w: 90, h: 20 + 19 * part.lines.length });
const found = layout(model, new Set(model.open), size);
console.log(JSON.stringify({ nodes: [...found.nodes], wires: found.wires }));
"""


@needs_node
@pytest.mark.parametrize("depth", [1, 9])
@pytest.mark.parametrize("text", [RESNET, GOOGLENET, UNET, DENSENET], ids=lambda t: t.split("model ")[1][:6])
def test_page_layout_keeps_parts_apart(text: str, depth: int) -> None:
    page = html(picture(compiled(text), depth))
    data = re.search(r'id="model">(.*?)</script>', page, re.DOTALL)
    assert data
    model = json.loads(data[1])
    done = subprocess.run(
        ["node", "-e", LAYOUT, SCRIPTS / "layout.js"],
        input=data[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    at = {number: (r["x"], r["y"], r["x"] + r["w"], r["y"] + r["h"]) for number, r in found["nodes"]}
    for part in model["parts"]:
        inner = [at[n] for n in part["children"] if n in at]
        for k, (x0, y0, x1, y1) in enumerate(inner):
            left, top, right, bottom = at[part["id"]]
            assert left <= x0 < x1 <= right
            assert top <= y0 < y1 <= bottom
            for u0, v0, u1, v1 in inner[:k]:
                assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0
    assert all(isinstance(c, (int, float)) for wire in found["wires"] for point in wire["points"] for c in point)


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "net.cnn").write_text(GOOGLENET)
    return str(tmp_path / "net.cnn")


@pytest.mark.parametrize("form", ["html", "dot", "mmd", pytest.param("svg", marks=needs_dot)])
def test_command_writes_and_tells(form: str, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / f"out.{form}"
    assert main(["diagram", file, "-o", str(target)]) == 0
    assert target.stat().st_size > 500
    told = capsys.readouterr().out
    assert str(target) in told
    assert ("pixels" in told) == (form == "svg")


def test_command_without_the_program_tells_the_way_out(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["diagram", file, "-o", str(tmp_path / "out.svg")]) == 1
    told = capsys.readouterr().err
    assert "apt install graphviz" in told
    assert "out.html" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out.svg").exists()
    assert main(["diagram", file, "-o", str(tmp_path / "out.html")]) == 0


@pytest.mark.parametrize(
    "arguments", [["-o", "x.gif"], ["-o", "x"], ["--depth", "0"], ["--depth", "two"], ["--direction", "up"]]
)
def test_command_line_mistakes(arguments: list[str], file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram", file, *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err
