"""Tar files of WebDataset, written by its own writer."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import webdataset
from cnnc.runtime.data import DataError
from cnnc.runtime.data.braces import expanded
from PIL import Image

from .made import drawn, opened


def written(path: Path, count: int, first: int = 0, kind: str = "cls") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with webdataset.TarWriter(str(path)) as sink:
        for number in range(first, first + count):
            label = number % 3 if kind == "cls" else {"label": f"class {number % 3}", "url": "x"}
            sink.write({"__key__": f"sub/{number:06}", "png": drawn(5, 7, 3, seed=number), kind: label})


@pytest.mark.parametrize("kind", ["cls", "json"])
def test_examples_are_those_that_webdataset_reads(kind: str, tmp_path: Path) -> None:
    for shard in range(2):
        written(tmp_path / f"train-{shard:03}.tar", 6, 6 * shard, kind)
    written(tmp_path / "val-000.tar", 3, 0, kind)
    data = opened(tmp_path)
    assert (len(data.train), len(data.held), data.shape) == (12, 3, (5, 7, 3))
    assert data.classes == (("0", "1", "2") if kind == "cls" else ("class 0", "class 1", "class 2"))
    paths = [str(tmp_path / f"train-{shard:03}.tar") for shard in range(2)]
    theirs = list(webdataset.WebDataset(paths, shardshuffle=False).decode("rgb8"))
    for number, one in enumerate(theirs):
        assert np.array_equal(data.train.examples.load(number), one["png"])
        assert data.train.labels[number] == number % 3
    assert data.train.examples.name(7) == "train-001.tar/sub/000007.png"


def test_patterns(tmp_path: Path) -> None:
    for shard in range(3):
        written(tmp_path / f"a-{shard:02}.tar", 6)
    assert len(opened(f"{tmp_path}/a-{{00..02}}.tar").train) == 15
    assert len(opened(f"{tmp_path}/a-*.tar", test="a-02.tar").held) == 6
    with pytest.raises(DataError, match=r"a-03\.tar: there is no such tar file"):
        opened(f"{tmp_path}/a-{{00..03}}.tar")
    assert [path.name for path in expanded("{a,b}-{8..10}.tar")] == [f"{w}-{n}.tar" for w in "ab" for n in (8, 9, 10)]


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    with webdataset.TarWriter(str(tmp_path / "a.tar")) as sink:
        sink.write({"__key__": "one", "txt": "words"})
    with pytest.raises(DataError, match=r"a\.tar: one has \.txt: a picture, and"):
        opened(tmp_path / "a.tar")
    (tmp_path / "b.tar").write_bytes(b"none")
    with pytest.raises(DataError, match=r"b\.tar: no tar file"):
        opened(tmp_path / "b.tar")
    packed = tmp_path / "packed" / "a.tar.gz"
    packed.parent.mkdir()
    packed.touch()
    for text in (packed.parent, f'shards("{packed.parent}")', f'shards("{packed}")'):
        with pytest.raises(DataError, match=r"a\.tar\.gz: compressed tar files are not read"):
            opened(text)
    with pytest.raises(DataError, match="not from the network"):
        opened('shards("https://example.org/a.tar")')


def test_pictures_that_are_broken_are_left_out_with_their_classes(tmp_path: Path) -> None:
    with webdataset.TarWriter(str(tmp_path / "a.tar"), encoder=False) as sink:
        for number in range(8):
            buffer = io.BytesIO()
            Image.fromarray(drawn(5, 7, 3)).save(buffer, "png")
            content = b"" if number == 3 else buffer.getvalue()
            sink.write({"__key__": f"{number}", "png": content, "cls": str(number % 2).encode()})
    data = opened(tmp_path / "a.tar")
    assert data.skipped == ("a.tar/3.png: the file is empty",)
    labels = dict(zip(data.train.numbers.tolist(), data.train.labels.tolist()))
    assert all(label == (number + (number >= 3)) % 2 for number, label in labels.items())
