"""One run that all these tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

import cnnc
from tests.training.tiny import MODEL


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> cnnc.Run:
    """A small network that learned the digits well enough to be right mostly and wrong at times."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.cnn").write_text(MODEL)
    threads = torch.get_num_threads()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return cnnc.train(folder / "tiny.cnn", epochs=6, optimizer__lr=0.03, log=["tensorboard"], quiet=True,
                              out=folder / "tiny-1")  # fmt: skip
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some of the digits as picture files, named after what they are."""
    from cnnc.runtime.data.digits import read

    folder = tmp_path_factory.mktemp("digits")
    paths = []
    for i, row in enumerate(read()[:30]):
        path = folder / f"{int(row[64])}-{i}.png"
        Image.fromarray((row[:64].reshape(8, 8) * 255 / 16).round().astype("uint8")).save(path)
        paths.append(path)
    return paths
