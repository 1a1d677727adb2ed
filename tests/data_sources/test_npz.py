"""Arrays in .npz: what they are follows from names, types and shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.data import DataError, Dataset
from cnnc.runtime.data.statistics import statistics
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from .made import drawn, opened

N = 20
TWO = np.arange(N) % 2
HOT = np.eye(2, dtype=np.int64)[TWO]


def written(folder: Path, **arrays: NDArray[Any]) -> Dataset:
    np.savez(folder / "a.npz", **arrays)  # type: ignore[arg-type]
    return opened(folder / "a.npz")


def test_the_names_of_keras_are_two_parts(tmp_path: Path) -> None:
    x, y = drawn(N, 28, 28), np.arange(N, dtype=np.uint8) % 3
    data = written(tmp_path, x_train=x, y_train=y, x_test=x[:6], y_test=y[:6, None])
    assert (len(data.train), len(data.held), data.shape, data.target) == (N, 6, (28, 28, 1), "classes")
    assert data.held.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert np.array_equal(data.train.examples.load(3)[..., 0], x[3])


@pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1")])
def test_one_piece_is_divided(names: tuple[str, str], tmp_path: Path) -> None:
    data = written(tmp_path, **{names[0]: drawn(N, 8, 8, 3), names[1]: TWO})
    assert (len(data.train), len(data.held)) == (16, 4)


@pytest.mark.parametrize(
    ("y", "target", "classes"),
    [
        (TWO, "classes", ("0", "1")),
        (TWO * 2 - 1, "classes", ("-1", "1")),
        (np.array(["dog", "cat"])[TWO], "classes", ("cat", "dog")),
        (HOT, "classes", ("0", "1")),
        (TWO == 1, "classes", ("0", "1")),
        (np.ones_like(HOT) - (HOT * TWO[:, None]), "tags", ("0", "1")),
        (TWO + 0.5, "values", ("value",)),
        (HOT * 0.3, "values", ("value 0", "value 1")),
        (drawn(N, 8, 8) % 3, "masks", ("0", "1", "2")),
        (drawn(N, 8, 8, 1) // 128 * 255, "masks", ("0", "1")),
    ],
    ids=["numbers", "signs", "names", "one-hot", "bool", "tags", "value", "values", "masks", "black and white"],
)
def test_what_is_known_follows_from_its_type(
    y: NDArray[Any], target: str, classes: tuple[str, ...], tmp_path: Path
) -> None:
    data = written(tmp_path, x=drawn(N, 8, 8, 1), y=y)
    assert (data.target, data.classes) == (target, classes)
    if target == "classes":
        there = {name: {str(v) for v in y.reshape(len(y), -1)[data.train.numbers[data.train.labels == i], -1]}
                 for i, name in enumerate(classes)}  # fmt: skip
        assert all(len(values) == 1 for values in there.values())
    if target == "masks":
        assert data.train.masks is not None
        assert set(np.unique(data.train.masks.load(0))) <= set(range(len(classes)))


def test_without_labels_examples_are_to_be_given_back(tmp_path: Path) -> None:
    assert written(tmp_path, x=drawn(N, 8, 8, 1)).target == "input"


def test_channels_of_pytorch_are_moved_and_that_is_told(tmp_path: Path) -> None:
    x = drawn(N, 3, 8, 9)
    data = written(tmp_path, x=x, y=TWO)
    assert data.shape == (8, 9, 3)
    assert np.array_equal(data.train.examples.load(0), x[0].transpose(1, 2, 0))
    assert "moved" in data.remarks[0]


@pytest.mark.parametrize(
    ("shape", "gray", "found"),
    [((N, 30, 2), False, (30, 2)), ((N, 8, 9, 10), True, (8, 9, 10, 1)), ((N, 7), False, (7,))],
)
def test_examples_of_any_rank(shape: tuple[int, ...], gray: bool, found: tuple[int, ...], tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones(shape, np.float64), y=TWO)
    data = opened(f'npz("{tmp_path}/a.npz", gray={str(gray).lower()})')
    assert data.shape == found
    assert data.train.examples.load(0).dtype == np.float32


def test_two_files_are_two_parts(tmp_path: Path) -> None:
    for name, count in (("train.npz", N), ("test.npz", 4)):
        np.savez(tmp_path / name, x=drawn(count, 8, 8, 1), y=TWO[:count])
    assert len(opened(tmp_path / "train.npz").held) == 4


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"q": TWO}, "`x` and `y`, are expected, found q"),
        ({"x": drawn(N, 8, 8, 1), "y": TWO[1:]}, "20 examples, and 19 that are known"),
        ({"x": np.array(["a", "b"]), "y": TWO[:2]}, "examples are numbers"),
        ({"x": drawn(N, 8, 8, 1), "y": np.full(N, 2)}, "no example in 0, 1"),
        ({"x": drawn(N, 8, 8, 1), "y": drawn(N, 9, 9)}, "what is known is"),
        ({"x": drawn(N, 8, 8, 1), "y": np.array(3)}, "what is known of them must be an array .* found only `3`"),
        ({"x": np.array(3), "y": TWO}, "the examples must be an array with an entry for each example, found only `3`"),
        ({"x": drawn(N, 8, 8, 1), "y": TWO, "classes": np.array("cat")}, "1 names of classes, and 2 classes"),
        ({"x_train": drawn(N, 8, 8, 1), "y_train": TWO, "x_test": drawn(N, 8, 8, 1), "y_test": np.array(3)},
         "what is known of them must be"),
        ({"x_train": drawn(N, 8, 8, 1), "y_train": TWO, "x_test": drawn(9, 8, 8, 1), "y_test": TWO},
         "9 examples, and 20 that are known"),
        ({"x": np.array([{}], object), "y": TWO[:1]}, "no arrays that can be read"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(arrays: dict[str, NDArray[Any]], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        written(tmp_path, **arrays)


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=drawn(N, 8, 8, 1), y=TWO)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    with pytest.raises(DataError, match=r"a\.npz: no arrays"):
        opened(tmp_path / "a.npz")


def test_measured_values_of_any_size_are_standardized_as_scikit_learn_does(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).normal(size=(40, 6, 6, 5))
    x = drawn * [1e-5, 1, 1e4, 1e-3, 0] + [3e-4, 0.5, -7e5, 10, 0.3]
    data = written(tmp_path, x=x, y=np.arange(40) % 2)
    mean, std = statistics(data.train, 5)
    learned = x[data.train.numbers].reshape(-1, 5)
    np.testing.assert_allclose((learned - mean) / std, StandardScaler().fit_transform(learned), rtol=0.01, atol=0.01)
