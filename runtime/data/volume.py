"""Files of volumes: NumPy's .npy and .npz, NIfTI, MetaImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import Array, DataError

VOLUMES = (".npy", ".npz", ".nii", ".nii.gz", ".mhd", ".mha")
KINDS = {
    "MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_USHORT": "u2", "MET_SHORT": "i2", "MET_UINT": "u4", "MET_INT": "i4",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
"""Types of MetaImage in NumPy's words."""


def volume(path: Path, name: object = None) -> Array:
    """The array of a file, slices first as they lie in memory. DataError with `name` where it cannot be read."""
    lower = path.name.lower()
    if path.exists() and not path.is_file():
        raise DataError(f"{name or path}: this is no file")
    read = nifti if lower.endswith((".nii", ".nii.gz")) else meta if lower.endswith((".mhd", ".mha")) else plain
    try:
        found = read(path)
    except DataError:
        raise
    except Exception as error:  # readers of broken files raise what they like
        why = "the file is empty" if path.exists() and not path.stat().st_size else f"{type(error).__name__}: {error}"
        raise DataError(f"{name or path}: no array that can be read ({why})") from None
    if not np.issubdtype(found.dtype, np.number) and found.dtype != np.bool_:
        raise DataError(f"{name or path}: an array of numbers is expected, found {found.dtype}")
    if np.issubdtype(found.dtype, np.inexact) and not np.isfinite(found).all():
        raise DataError(f"{name or path}: it holds values that are no numbers")
    return found


def plain(path: Path) -> Array:
    """NumPy's own; of several arrays in one file the only one."""
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return found
    with found:
        if len(found.files) != 1:
            raise DataError(f"{path}: one array is expected, found {', '.join(found.files)}")
        array: Array = found[found.files[0]]
    return array


def nifti(path: Path) -> Array:
    """By nibabel: x, y, z in the file become z, y, x, a fourth axis the channels."""
    try:
        import nibabel
    except ImportError:
        raise DataError(f"{path}: NIfTI is read by nibabel, which is not installed: `pip install nibabel`") from None
    found = np.asanyarray(nibabel.load(path).dataobj)
    return np.ascontiguousarray(found.transpose(2, 1, 0, *range(3, found.ndim)))


def meta(path: Path) -> Array:
    """MetaImage (ITK): lines of a header, then bytes behind it or in another file."""
    with path.open("rb") as file:
        header: dict[str, str] = {}
        while "ElementDataFile" not in header:
            line = file.readline()
            if not line:
                raise DataError(f"{path}: the header of a MetaImage ends with ElementDataFile")
            key, _, value = line.decode("latin1").partition("=")
            header[key.strip()] = value.strip()
        where = header["ElementDataFile"]
        data = file.read() if where == "LOCAL" else (path.parent / where).read_bytes()
    if header.get("CompressedData", "False").lower() == "true":
        import zlib

        data = zlib.decompress(data)
    order = ">" if header.get("BinaryDataByteOrderMSB", "False").lower() == "true" else "<"
    sizes = [int(n) for n in header["DimSize"].split()]
    channels = int(header.get("ElementNumberOfChannels", "1"))
    found = np.frombuffer(data, order + KINDS[header["ElementType"]])
    return found.reshape(*sizes[::-1], *([channels] if channels > 1 else [])).astype(found.dtype.newbyteorder("="))
