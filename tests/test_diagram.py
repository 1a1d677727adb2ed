"""Diagrams: what is folded, that no way is lost, that pages stay pages and names cannot break out."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from cnnc.compiler.backends.diagram import Picture, TooLarge, dot, html, mermaid, picture, rendered
from cnnc.compiler.backends.diagram.look import cell_lines, params
from cnnc.compiler.backends.diagram.picture import bypass
from cnnc.compiler.backends.diagram.tree import Box, Cell, Part
from cnnc.compiler.graph import Checked, Node
from cnnc.compiler.pipeline import Options, compile_text

from cnnc.cli import main

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
SCRIPTS = Path(__file__).parent.parent / "compiler" / "backends" / "diagram"

RESNET = """
block basic(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1, bias=false -> batchnorm -> relu
        conv width, 3x3, pad=1, bias=false -> batchnorm
        shortcut:
            if stride != 1 or input.channels != width:
                conv width, 1x1, stride=stride, bias=false -> batchnorm
    relu

model ResNet(depths=[3, 4, 6, 3]):
    input 224x224x3
    conv 64, 7x7, stride=2, pad=3, bias=false -> batchnorm -> relu
    maxpool 3x3, stride=2, pad=1
    for stage, depth in enumerate(depths):
        for i in range(depth):
            basic 64 * 2**stage, 2 if i == 0 and stage > 0 else 1 as "layer{stage + 1}.{i}"
    global_avgpool
    dense 1000 -> softmax
"""

GOOGLENET = """
defaults:
    conv pad=same, act=relu

block inception(c1, r3, c3, r5, c5, proj):
    concat:
        branch: conv c1, 1x1
        branch: conv r3, 1x1 -> conv c3, 3x3
        branch: conv r5, 1x1 -> conv c5, 5x5
        branch: maxpool 3, stride=1, pad=same -> conv proj, 1x1

block side_head:
    avgpool 5, stride=3
    conv 128, 1x1
    flatten
    dense 1024, act=relu -> dropout 0.7
    dense 1000 -> softmax

model GoogLeNet:
    input 224x224x3
    conv 64, 7x7, stride=2 -> maxpool 3, stride=2, pad=same
    conv 64, 1x1 -> conv 192, 3x3 -> maxpool 3, stride=2, pad=same
    inception 64, 96, 128, 16, 32, 32
    inception 128, 128, 192, 32, 96, 64
    maxpool 3, stride=2, pad=same
    inception 192, 96, 208, 16, 48, 64 as i4a
    side1 = i4a -> side_head
    inception 160, 112, 224, 24, 64, 64
    inception 128, 128, 256, 24, 64, 64
    inception 112, 144, 288, 32, 64, 64 as i4d
    side2 = i4d -> side_head
    inception 256, 160, 320, 32, 128, 128
    maxpool 3, stride=2, pad=same
    inception 256, 160, 320, 32, 128, 128
    inception 384, 192, 384, 48, 128, 128
    global_avgpool -> dropout 0.4
    dense 1000 -> softmax as head
    output head, side1, side2
"""

UNET = """
model UNet(width=64, depth=4):
    input 512x512x3
    for i in range(depth):
        double width * 2**i as e[i]
        maxpool 2
    double width * 2**depth
    for i in reversed(range(depth)):
        up width * 2**i, e[i]
    conv 1, 1x1 -> sigmoid

block double(width):
    repeat 2:
        conv width, 3x3, pad=same, act=relu

block up(width, skip):
    conv_transpose width, 2x2, stride=2
    concat skip
    double width
"""

FACENET = """
block embedding(width):
    for c in [64, 128, 256]:
        conv c, 3x3, pad=same, bias=false -> batchnorm -> relu
        maxpool 2
    global_avgpool
    dense width

model Triplet:
    share embed = embedding 128
    anchor = input 160x160x3
    positive = input 160x160x3
    negative = input 160x160x3
    a = anchor -> embed
    p = positive -> embed
    n = negative -> embed
    output a, p, n
"""

DENSENET = """
block dense_layer(growth):
    concat:
        branch: input
        branch: batchnorm -> relu -> conv 4 * growth, 1x1 -> batchnorm -> relu -> conv growth, 3x3, pad=same

model DenseNet:
    input 56x56x64
    for i, depth in enumerate([6, 12, 24, 16]):
        if i > 0:
            conv input.channels, 1x1 -> avgpool 2
        repeat depth: dense_layer 32
    global_avgpool
"""

VGG = """
model VGG16:
    input 224x224x3
    for width, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        repeat count: conv width, 3x3, pad=same, act=relu
        maxpool 2
    flatten
    repeat 2: dense 4096, act=relu -> dropout 0.5
    dense 1000 -> softmax
"""


LONG = "model Long:\n    input 64x64x3\n" + "".join(f"    conv {8 + i}, 3x3, act=relu\n" for i in range(30))


def compiled(text: str, **parameters: object) -> Checked:
    return compile_text(text, "test.cnn", Options(params=parameters, allow=frozenset({"huge-dense", "unused"}))).checked


def boxes(part: Part) -> Iterator[Box]:
    """All boxes of a tree, open or not."""
    if isinstance(part, Box):
        yield part
        for inner in part.parts:
            yield from boxes(inner)


def times_of(root: Box) -> dict[Part, int]:
    """How many equal ones each part of a tree stands for, those around it counted."""
    found: dict[Part, int] = {}

    def visit(part: Part, around: int) -> None:
        mine = around if isinstance(part, Box) and part.kind == "series" else around * part.times
        found[part] = mine
        for inner in part.parts if isinstance(part, Box) else ():
            visit(inner, mine)

    visit(root, 1)
    return found


# --- what is folded ---------------------------------------------------------------------------------------------------


def test_resnet34_is_drawn_by_stages() -> None:
    """The table of the paper: stages of 3, 4, 6 and 3 blocks, from the second on with a projection first."""
    made = picture(compiled(RESNET))
    stages = [(box.times, len(box.parts)) for box in boxes(made.root) if box.title == "basic"]
    assert stages == [(3, 3), (1, 4), (3, 3), (1, 4), (5, 3), (1, 4), (2, 3)]
    assert len(made.parts) < 40


@pytest.mark.parametrize("depths", [[2, 2, 2, 2], [3, 8, 36, 3]])
def test_depth_of_a_resnet_does_not_lengthen_its_picture(depths: list[int]) -> None:
    made = picture(compiled(RESNET, depths=depths))
    assert [box.times for box in boxes(made.root) if box.title == "basic"] == [
        depths[0], 1, depths[1] - 1, 1, depths[2] - 1, 1, depths[3] - 1]  # fmt: skip


def test_conv_norm_relu_share_a_node_unless_asked() -> None:
    made = picture(compiled(RESNET))
    stem = made.parts[1]
    assert isinstance(stem, Cell)
    assert [line.text for line in cell_lines(stem)] == ["conv 64, 7x7 /2", "batchnorm", "relu"]
    alone = picture(compiled(RESNET), 2, stack=False)
    assert all(len(part.nodes) == 1 for part in alone.parts)


def test_vgg_counts_equal_convolutions() -> None:
    """conv3: 256 from 128, then two alike; conv4 the same; conv5: three alike (table 1, column D)."""
    made = picture(compiled(VGG))
    told = [(cell_lines(p)[0].text, p.times) for p in made.parts if isinstance(p, Cell)]
    convolutions = [(int(text.split()[1][:-1]), times) for text, times in told if text.startswith("conv")]
    equal = [(64, 1), (64, 1), (128, 1), (128, 1), (256, 1), (256, 2), (512, 1), (512, 2), (512, 3)]
    assert convolutions == equal


def test_googlenet_is_nine_inceptions_and_one_in_full() -> None:
    made = picture(compiled(GOOGLENET))
    assert sum(isinstance(p, Box) and p.title == "inception" for p in made.parts) == 9
    assert {inset.root.title for inset in made.insets} == {"inception", "side_head"}
    inset = next(i for i in made.insets if i.root.title == "inception")
    assert len(inset.parts) == 4 + 3 + 1  # figure 2b: six convolutions and a pooling, and the concatenation


def test_repeats_need_equal_wiring() -> None:
    """Parallel towers are no repeats, however equal."""
    made = picture(compiled(FACENET))
    assert all(part.times == 1 for box in boxes(made.root) for part in box.parts)
    assert sum(box.title == "embed" for box in boxes(made.root)) == 3


def test_value_read_from_afar_ends_a_run() -> None:
    text = """
model Far:
    input 8x8x4
    for i in range(5):
        conv 4, 3x3, pad=same as c[i]
    for i in reversed(range(5)):
        conv 4, 3x3, pad=same -> add c[i]
"""
    made = picture(compiled(text))
    assert [part.times for part in made.parts].count(1) == len(made.parts)
    assert sum(arc.skip for arc in made.arcs) == 5


ONE_STATE = """
model One:
    input 8x8x4
    conv 4, 3x3, pad=same as a
    conv 4, 1x1 as b
    relu as r1
    (a, r1) -> add as s1
    relu as r2
    (s1, r2) -> add
"""

TWO_STATES = """
model Two:
    input 8x8x4
    conv 4, 3x3, pad=same as a
    c1 = a -> relu
    d1 = a -> conv 4, 1x1
    c2 = c1 -> relu
    d2 = d1 -> conv 4, 1x1
    (c2, d2) -> add
"""


@pytest.mark.parametrize("text", [ONE_STATE, TWO_STATES])
def test_turns_take_one_value_for_one_value(text: str) -> None:
    """A first turn that is fed by two values is no picture of turns that hand on one, nor the other way round."""
    made = picture(compiled(text), 9, stack=False)
    assert all(part.times == 1 for box in boxes(made.root) for part in box.parts)


def test_alike_layers_are_gathered_where_a_page_overflows() -> None:
    made = picture(compiled(DENSENET))
    assert [p.times for p in made.parts if isinstance(p, Box) and p.kind == "series"] == [6, 12, 24, 16]
    assert all(bypass(p) for p in made.parts if isinstance(p, Box))


def test_unet_stands_on_two_arms() -> None:
    made = picture(compiled(UNET))
    skips = [arc for arc in made.arcs if arc.skip]
    assert len(skips) == 4
    assert dot(made).count("rank=same") == 4


def test_no_fold_draws_everything() -> None:
    checked = compiled(RESNET)
    made = picture(checked, 9, folding=False, stack=False)
    assert len(made.parts) == len(checked.nodes)


def test_too_many_nodes_are_refused() -> None:
    text = "model Long:\n    input 8x8x4\n" + "".join(f"    conv {4 + i}, 1x1\n" for i in range(700))
    with pytest.raises(TooLarge, match="701 nodes"):
        picture(compiled(text), 1)
    assert len(picture(compiled(text)).parts) < 60


# --- no way is lost ---------------------------------------------------------------------------------------------------


class Maker:
    """Random networks: blocks within blocks, residuals, branches, repeats, values read from afar."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.blocks: list[str] = []

    def text(self) -> str:
        body = ["model Net:", "    input 8x8x4", *self.body("    ", 3)]
        if self.random.random() < 0.5:
            body += ["    as early", *self.body("    ", 2), "    add early"]
        return "\n".join([*self.blocks, *body]) + "\n"

    def body(self, indent: str, depth: int) -> list[str]:
        return [line for _ in range(self.random.randint(1, 3)) for line in self.statement(indent, depth)]

    def statement(self, indent: str, depth: int) -> list[str]:
        kind = self.random.choice(["layer", "layer", "residual", "branches", "repeat", "block"]) if depth else "layer"
        inner = indent + "    "
        if kind == "residual":
            return [f"{indent}residual:", *self.body(inner, depth - 1)]
        if kind == "branches":
            merge = self.random.choice(["add", "average", "maximum"])
            branches = [[f"{inner}branch:", *self.body(inner + "    ", depth - 1)] for _ in range(2)]
            return [f"{indent}{merge}:", *branches[0], *branches[1]]
        if kind == "repeat":
            return [f"{indent}repeat {self.random.randint(2, 4)}:", *self.body(inner, depth - 1)]
        if kind == "block":
            return [indent + self.block(depth)]
        return [indent + self.random.choice(["conv 4, 3x3, pad=same", "conv 4, 1x1 -> batchnorm -> relu", "relu"])]

    def block(self, depth: int) -> str:
        names = [text.split("\n")[0][6:-1] for text in self.blocks]
        if names and self.random.random() < 0.5:
            return self.random.choice(names)
        written = self.body("    ", depth - 1)
        name = f"block{len(self.blocks)}"
        self.blocks.append("\n".join([f"block {name}:", *written, ""]))
        return name


@cache
def random_pictures() -> tuple[Picture, ...]:
    return tuple(
        picture(checked, depth, folding=folding, stack=bool(seed % 2))
        for seed in range(60)
        for checked in [compiled(Maker(seed).text())]
        for folding in (True, False)
        for depth in (None, 1, 2, 3, 9)
    )


def test_arcs_are_the_quotient_of_the_edges() -> None:
    """An arc stands exactly where the graph has an edge, apart from those that lead to a later equal turn."""
    for made in random_pictures():
        home = {node: part for part in made.parts for node in part.nodes}
        expected = set()
        for target in made.checked.nodes:
            for port in target.inputs:
                (a, before), (b, after) = made.folded.place(port.node), made.folded.place(target)
                later = any(run == other and t != u for (run, t), (other, u) in zip(before, after))
                if not later and home[a] is not home[b]:
                    expected.add((home[a], home[b]))
        assert {(arc.source, arc.target) for arc in made.arcs} == expected


def test_every_layer_is_drawn_once_or_counted() -> None:
    for made in random_pictures():
        times = times_of(made.root)
        cells = [part for box in boxes(made.root) for part in box.parts if isinstance(part, Cell)]
        assert sum(len(cell.nodes) * times[cell] for cell in cells) == len(made.checked.nodes)
        assert sum(params(part) * times[part] for part in made.parts) == made.checked.params


def test_what_is_read_from_within_ends_a_cell() -> None:
    for made in random_pictures():
        readers: dict[Node, set[Node]] = {}
        for node in made.checked.nodes:
            for port in node.inputs:
                readers.setdefault(port.node, set()).add(node)
        for part in made.parts:
            if isinstance(part, Cell):
                assert all(readers[a] == {b} for a, b in pairwise(part.nodes))


def test_a_stand_in_is_equal() -> None:
    for made in random_pictures():
        for node in made.checked.nodes:
            drawn, _ = made.folded.place(node)
            assert (drawn.op, drawn.shapes, drawn.facts.outputs) == (node.op, node.shapes, node.facts.outputs)
            assert len({p.node for p in drawn.inputs}) == len({p.node for p in node.inputs})


def ancestors(node: Node) -> set[Node]:
    found, waiting = set(), [node]
    while waiting:
        for port in waiting.pop().inputs:
            if port.node not in found:
                found.add(port.node)
                waiting.append(port.node)
    return found


def test_every_skip_shows_at_every_depth() -> None:
    """A value merged with something made from it: an arc past what is made, or the mark on the closed box."""
    seen = 0
    for made in random_pictures():
        arcs = {(arc.source, arc.target): arc for arc in made.arcs}
        for merge in made.checked.nodes:
            origins = {port.node for port in merge.inputs}
            for origin in origins:
                if not any(origin in ancestors(other) for other in origins - {origin}):
                    continue
                (_, before), (_, after) = made.folded.place(origin), made.folded.place(merge)
                start, end = made.drawn(origin), made.drawn(merge)
                turned = any(run == other and t != u for (run, t), (other, u) in zip(before, after))
                seen += 1
                assert start is not None
                assert end is not None
                assert turned or start is end or (start, end) in arcs
                assert start is not end or bypass(end) or turned
    assert seen > 500


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_dot_draws_every_arc(direction: str) -> None:
    """Also across columns, where a numbered circle carries it on, and up the second arm of a U."""
    checks = [picture(compiled(text)) for text in (RESNET, GOOGLENET, UNET, DENSENET, VGG)]
    for made in [*checks, *random_pictures()[::9]]:
        names = {part: f"n{k}" for k, part in enumerate(made.parts)}
        written = re.findall(r"^ *(\w+)(?::box:[se])? -> (\w+)(.*)", dot(made, direction=direction), re.MULTILINE)
        wires = {(b, a) if "dir=back" in style else (a, b) for a, b, style in written}
        feet = {foot[5:]: a for a, foot in wires if foot.startswith("leave")}
        carried = {(feet[a[5:].split("_")[0]], b) for a, b in wires if a.startswith("enter")}
        direct = {(a, b) for a, b in wires if a[0] == "n" and b[0] == "n"}
        assert direct | carried == {(names[arc.source], names[arc.target]) for arc in made.arcs}


# --- pages ------------------------------------------------------------------------------------------------------------


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


# --- names cannot break out -------------------------------------------------------------------------------------------

HOSTILE = '</script><script>alert(1)</script>"]; evil [label="\\N <b>&amp;\n\u202e' + "x" * 500


@pytest.fixture
def hostile() -> Checked:
    checked = compiled(RESNET)
    checked.name = HOSTILE
    for node in checked.nodes:
        node.path = HOSTILE
        for frame in node.frame.outward():
            frame.name = frame.path = HOSTILE if frame.parent is None else HOSTILE * (frame.depth % 3 + 1)
    return checked


@needs_dot
def test_hostile_names_stay_text_in_dot(hostile: Checked) -> None:
    made = picture(hostile, 2)
    plain = subprocess.run(["dot", "-Tplain"], input=dot(made), capture_output=True, text=True, timeout=60)
    names = {line.split()[1] for line in plain.stdout.splitlines() if line.startswith("node ")}
    assert plain.returncode == 0
    assert all(re.fullmatch(r"n\d+|enter\d+_\d+|leave\d+|i\d+_\d+_\w+", name) for name in names)
    assert b"<script" not in rendered(made, "svg").data


def test_hostile_names_stay_text_in_the_page(hostile: Checked) -> None:
    page = html(picture(hostile))
    assert page.count("<script") == page.count("</script>") == 2
    assert "alert(1)" in page  # as text within the JSON
    data = re.search(r'<script type="application/json" id="model">(.*?)</script>', page, re.DOTALL)
    assert data
    assert any(HOSTILE in part["path"] for part in json.loads(data[1])["parts"])


def test_hostile_names_stay_text_in_mermaid(hostile: Checked) -> None:
    for line in mermaid(picture(hostile)).splitlines():
        assert "<script" not in line
        assert line.count('"') in (0, 2)


# --- the page ---------------------------------------------------------------------------------------------------------


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


# --- the command ------------------------------------------------------------------------------------------------------


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
