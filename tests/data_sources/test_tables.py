"""Tables of files, texts and numbers; time series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.recipes import data as rule
from cnnc.runtime.data import DataError
from cnnc.runtime.data.meant import meant

from .made import fill, opened


def written(folder: Path, text: str, name: str = "a.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("file,label", "pictures/{0:03}.png,{1}"),
        ("", "pictures/{0:03}.png,{1}"),
        ("id;species;image", "{0};{1};pictures/{0:03}.png"),
    ],
)
def test_paths_and_classes(head: str, row: str, tmp_path: Path) -> None:
    fill(tmp_path / "pictures", 10)
    lines = [row.format(number, "cat" if number % 2 else "dog") for number in range(10)]
    data = opened(written(tmp_path, "\n".join([head, *lines])))
    assert data.classes == ("cat", "dog")
    assert data.shape == (4, 6, 3)
    assert (len(data.train), len(data.held)) == (8, 2)
    number = int(data.train.numbers[0])
    assert data.train.examples.name(number) == f"pictures/{number:03}.png"
    assert data.classes[data.train.labels[0]] == ("cat" if number % 2 else "dog")


def test_rows_whose_files_are_missing_or_broken_are_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    (tmp_path / "001.png").write_bytes(b"")
    (tmp_path / "002.png").unlink()
    path = written(tmp_path, "file,label\n" + "\n".join(f"{n:03}.png,{'ab'[n // 3]}" for n in range(6)))
    data = opened(path)
    assert data.skipped == ("001.png: the file is empty", "002.png: there is no such file")
    assert dict(zip(data.train.numbers, data.train.labels)) | dict(zip(data.held.numbers, data.held.labels)) == {
        0: 0, 1: 1, 2: 1, 3: 1,
    }  # fmt: skip
    with pytest.raises(DataError, match=r"2 of 6 files are not to be used; the first: 001\.png"):
        opened(path, bad="fail")


def test_values_and_a_column_that_divides(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    rows = "\n".join(f"{n:03}.png,{n / 10},{n},{'train' if n < 3 else 'val'}" for n in range(4))
    path = written(tmp_path, "file,steering,speed,split\n" + rows)
    data = opened(f'csv("{path}", values=(steering, speed))')
    assert (data.target, data.classes, len(data.train), len(data.held)) == ("values", ("steering", "speed"), 3, 1)
    assert data.held.labels.tolist() == [[pytest.approx(0.3), 3.0]]


@pytest.mark.parametrize("words", [("train", "val"), ("Training", "VALID"), ("train", "validation"), ("train", "test"),
                                   ("train", "testing")])  # fmt: skip
def test_words_for_the_two_parts(words: tuple[str, str], tmp_path: Path) -> None:
    fill(tmp_path, 8)
    rows = "\n".join(f"{n:03}.png,{'xy'[n % 2]},{words[n // 6]}" for n in range(8))
    data = opened(written(tmp_path, "file,label,split\n" + rows))
    assert (len(data.train), len(data.held)) == (6, 2)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("tset", "`split` is `tset`: train or training is expected .*; did you mean `test`?"),
        ("vla", "`split` is `vla`: .*; did you mean `val`?"),
        ("unlabeled", "`split` is `unlabeled`: .* of rows to learn from, val, valid, .* testing of rows to hold out$"),
        ("0", "`split` is `0`"), ("True", "`split` is `True`"), ("", "`split` is empty"),
    ],
)  # fmt: skip
def test_other_words_for_a_part_are_told_with_their_line(word: str, told: str, tmp_path: Path) -> None:
    fill(tmp_path, 8)
    words = ["train"] * 5 + [word, "val", "val"]
    rows = "\n".join(f"{n:03}.png,{'xy'[n % 2]},{words[n]}" for n in range(8))
    with pytest.raises(DataError, match=rf"a\.csv:7: {told}"):
        opened(written(tmp_path, "file,label,split\n" + rows))


def test_rows_of_numbers_are_vectors(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,species\n" + "\n".join(f"{n},{-n}.5,{'xy'[n % 2]}" for n in range(10)))
    data = opened(path)
    assert (data.shape, data.classes) == ((2,), ("x", "y"))
    assert data.train.examples.load(3).tolist() == [3.0, -3.5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found nothing"),
        ("file,label\n", "found only names"),
        ("file,label\na.png,x,3\n", r"a\.csv:2: 3 columns, 2 in the first row"),
        ("1,2,3\n1,2,3\n", "in columns without names"),
        ("width,height\n1,2\n3,4\n", "which column is the class"),
        ("a,b,label\n1,2,x\n2,z,y\n1,2,y\n", r"a\.csv:3: `b` is a number in other rows, here `z`"),
        ("a,b,label\n1,male,x\n2,female,y\n", "`b` holds words beside columns of numbers"),
        ("file,label\na.png,x\nb.png,x\n", "none of 2 files is there, .*a.png is the first: say with `folder=`"),
        ("text,label\nhello,x\nhi,x\n", "two classes at least"),
        ("text,label\nhello,Cat\nhi,cat\n", "`Cat` and `cat` differ in nothing but case"),
    ],
)
def test_tables_that_cannot_be_used_are_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        opened(written(tmp_path, text))


@pytest.mark.parametrize("names", ["file\tlabel", "Image\tkind\tsplit", "\ufefffile\tlabel"])
def test_a_table_with_tabs_is_known_by_its_names(names: str, tmp_path: Path) -> None:
    fill(tmp_path / "cs" / "pictures", 10)
    lines = [f"pictures/{n:03}.png\t{'xy'[n % 2]}" + ("\tval" if n > 7 else "\ttrain") * ("split" in names)
             for n in range(10)]  # fmt: skip
    path = written(tmp_path / "cs", "\n".join([names, *lines]), "tab.tsv")
    for text in (path, f'csv("{path}")'):
        data = opened(text)
        assert (data.classes, data.shape, len(data.train), len(data.held)) == (("x", "y"), (4, 6, 3), 8, 2)
    with pytest.raises(DataError, match=r"tab\.tsv:1: series have no names of columns.*`csv\(\".*tab\.tsv\"\)`"):
        opened(f'series("{path}")')


def test_a_table_with_tabs_alone_in_a_folder_is_known_by_its_names(tmp_path: Path) -> None:
    path = written(tmp_path, "text\tlabel\n" + "good\tx\nbad\ty\n" * 4, "tab.tsv")
    assert meant(str(tmp_path)) == rule.Csv(path=str(path))
    written(tmp_path, "1\t0.5\t1.5\n2\t3\t4\n", "tab.tsv")
    assert meant(str(tmp_path)) == rule.Series(path=str(path))


# --- texts ------------------------------------------------------------------------------------------------------------


def test_characters_are_one_hot(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,label\n"Ab, c!",x\nb,y\nccccccccc,x\nÄ☃a,y\n')
    data = opened(path, alphabet="abc!", length=6)
    assert (data.shape, data.target, data.classes) == ((6, 4), "classes", ("x", "y"))
    rows = [data.train.examples.load(number) for number in range(4)]
    assert rows[0].dtype == np.bool_
    assert [tuple(map(int, place)) for place in np.argwhere(rows[0])] == [(0, 0), (1, 1), (4, 2), (5, 3)]
    assert rows[1].sum() == 1
    assert rows[2].sum() == 6
    assert [tuple(map(int, place)) for place in np.argwhere(rows[3])] == [(2, 0)]


def test_capitals_count_where_the_alphabet_has_them(tmp_path: Path) -> None:
    path = written(tmp_path, "sequence,label\nACGT,x\nacgt,y\nTTTT,x\nAAAA,y\n")
    data = opened(path, alphabet="ACGT", length=4)
    assert data.train.examples.load(0).astype(int).tolist() == np.eye(4, dtype=int).tolist()
    assert not data.train.examples.load(1).any()


def test_news_have_no_names_of_columns(tmp_path: Path) -> None:
    folder = tmp_path / "ag_news_csv"
    folder.mkdir()
    (folder / "classes.txt").write_text("World\nSports\nBusiness\nSci/Tech\n")
    row = '"{0}","Title {0}","Told, ""quoted"" and long"\n'
    for name in ("train.csv", "test.csv"):
        written(folder, "".join(row.format(1 + n % 4) for n in range(8)), name)
    data = opened("ag_news", root=str(tmp_path), alphabet="abcdefghijklmnopqrstuvwxyz", length=1014)
    assert data.classes == ("World", "Sports", "Business", "Sci/Tech")
    assert (data.shape, len(data.train), len(data.held)) == ((1014, 26), 8, 8)
    first = data.train.examples.load(0)
    assert "".join("abcdefghijklmnopqrstuvwxyz"[row.argmax()] if row.any() else " " for row in first[:20]) == (
        "title   told   quote"
    )
    by_path = opened(folder / "train.csv", length=50)
    assert (by_path.classes, by_path.shape) == (data.classes, (50, 70))


# --- series -----------------------------------------------------------------------------------------------------------


def test_ucr_files_are_a_class_and_values(tmp_path: Path) -> None:
    folder = tmp_path / "UCRArchive_2018" / "Waves"
    folder.mkdir(parents=True)
    written(folder, "1\t0.5\t1.5\t2.5\n-1\t3\t4\t5\n", "Waves_TRAIN.tsv")
    written(folder, "-1\t0.25\t0\t0\n", "Waves_TEST.tsv")
    for data in (opened('ucr("Waves")', root=str(tmp_path)), opened(folder / "Waves_TRAIN.tsv")):
        assert (data.classes, data.shape) == (("-1", "1"), (3, 1))
        assert data.train.labels.tolist() == [1, 0]
        assert data.train.examples.load(0)[:, 0].tolist() == [0.5, 1.5, 2.5]
        assert data.held.labels.tolist() == [0]


def test_missing_values_and_shorter_series_are_filled_and_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a,1,NaN,3,4\na,1,2,NaN,NaN\nb,5,6,7,8\nb,5,6,7,8\n", "a.tsv")
    data = opened(path)
    assert data.train.examples.load(0)[:, 0].tolist() == [1, 2, 3, 4]
    assert data.train.examples.load(1)[:, 0].tolist() == [1, 2, 0, 0]
    assert [said[:8] for said in data.remarks] == ["1 series", "1 values"]


def test_ts_files_have_several_channels(tmp_path: Path) -> None:
    text = "#comment\n@problemName x\n@classLabel true 1 2\n@data\n1,2,3:4,5,6:one\n0,0,0:1,?,3:two\n"
    data = opened(written(tmp_path, 2 * text, "a.ts"))
    assert (data.shape, data.classes) == ((3, 2), ("one", "two"))
    assert data.train.examples.load(0).tolist() == [[1, 4], [2, 5], [3, 6]]
    assert data.train.examples.load(1)[:, 1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no series"),
        ("1\n", r"a\.tsv:1: a class and values"),
        ("1\t2\n1\tx\n", r"a\.tsv:2: a number is expected, found `x`"),
        ("kind\tfirst\tlast\n1\t2\t3\n", r"a\.tsv:1: series have no names of columns; .*`csv\(\".*a\.tsv\"\)`"),
    ],
)
def test_series_that_cannot_be_read_are_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        opened(written(tmp_path, text, "a.tsv"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("foo,bar\nq,w\nz,x\n", "3 of 3 classes: each class needs two; the class is taken from column 0"),
        ("text,label\nq,w\nz,x\n", "2 of 2 classes: each class needs two; the class is taken from `label`"),
    ],
)
def test_of_a_table_that_is_taken_otherwise_than_meant_the_column_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        opened(written(tmp_path, text))
