"""Pictures that are kept in a way that blurs their values: good to look at, no place for numbers of classes."""

from __future__ import annotations

from pathlib import Path

from . import picture


def lossy(path: Path) -> str | None:
    """How a picture is kept, `JPEG` or `WebP`, where that blurs; None where every value is as it was drawn."""
    try:
        with picture.opened(path) as image:
            if image.format in ("JPEG", "MPO") or "jpeg" in str(image.info.get("compression")):
                return "JPEG"
            return "WebP" if image.format == "WEBP" and blurs(path.read_bytes()) else None
    except picture.READING:
        return None


def blurs(content: bytes) -> bool:
    """Whether the first picture of a WebP is in a chunk `VP8 `; what is exact is in `VP8L` (RFC 9649)."""
    at = 12
    while at + 8 <= len(content):
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8 "
        at += 8 + (16 if kind == b"ANMF" else size + size % 2)  # a frame of several begins with its place
    return False
