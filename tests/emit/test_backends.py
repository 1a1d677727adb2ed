"""Emitted Keras models on PyTorch, a backend that the other tests of this folder do not use."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import sys
from cnnc.compiler.backends.emit import source
from cnnc.compiler.pipeline import compile_path
for name in sys.argv[1:]:
    checked = compile_path(f"zoo:{name}").checked
    space = {"__name__": "emitted"}
    exec(source(checked, "keras"), space)
    assert space[checked.name.lower()]().count_params() == checked.params, name
"""


def on_torch(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)


def test_models_of_blocks_are_built() -> None:
    """PyTorch takes no dots in the names of parameters."""
    done = on_torch("-c", CODE, "resnet18", "unet", "tcn")
    assert done.returncode == 0, done.stderr


def test_networks_drawn_by_chance_have_our_values() -> None:
    done = on_torch("-m", "tests.properties", "--count", "25", "--seed", "300", "--judge", "keras")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "25 networks, seeds 300 to 324" in done.stdout
