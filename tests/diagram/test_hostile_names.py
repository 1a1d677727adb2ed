"""Names cannot break out of the formats that diagrams are written in."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from cnnc.compiler.backends.diagram import dot, html, mermaid, picture, rendered
from cnnc.compiler.graph import Checked

from .networks import (
    RESNET,
    compiled,
    needs_dot,
)

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
