"""Recordings in .wav files."""

from __future__ import annotations

import warnings
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import DataError

WAVES = (".wav", ".wave")


def wave(path: Path, rate: int, name: object = None) -> NDArray[np.float32]:
    """The samples of a recording from -1 to 1, (T,), channels mixed, brought to the rate."""
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # pieces of a file that hold no sound
            found, samples = wavfile.read(path)
    except Exception as error:  # broken files raise what they like
        why = "the file is empty" if path.exists() and not path.stat().st_size else f"{type(error).__name__}: {error}"
        raise DataError(f"{name or path}: no recording that can be read ({why})") from None
    mixed = in_unit(samples)
    mixed = mixed.mean(1) if mixed.ndim == 2 else mixed
    return (mixed if found == rate else at_rate(mixed, found, rate)).astype(np.float32)


def in_unit(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Whole numbers by their range; eight bits have their zero at 128."""
    values = samples.astype(np.float64)
    if samples.dtype == np.uint8:
        return values / 128 - 1
    return values / -float(np.iinfo(samples.dtype).min) if np.issubdtype(samples.dtype, np.integer) else values


def at_rate(samples: NDArray[np.float64], found: int, rate: int) -> NDArray[np.float64]:
    """Another number of samples a second, without what the new one cannot hold."""
    from scipy.signal import resample_poly

    common = gcd(found, rate)
    brought: NDArray[np.float64] = resample_poly(samples, rate // common, found // common)
    return brought


def levels(samples: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Logarithmic levels from 0 to count - 1 (mu-law, ITU-T G.711, as in WaveNet)."""
    mu = count - 1
    bent = np.sign(samples) * np.log1p(mu * np.abs(samples.clip(-1, 1))) / np.log1p(mu)
    found: NDArray[np.int64] = np.floor((bent + 1) / 2 * mu + 0.5).astype(np.int64)
    return found
