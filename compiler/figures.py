"""Numbers as people read them."""

from __future__ import annotations

UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def memory(size: float) -> str:
    """Bytes as Keras writes them, in steps of 1,024 with two digits: `97.80 MB`."""
    for unit in UNITS[:-1]:
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {UNITS[-1]}"


def short(number: float | None) -> str:
    """Three digits and a letter, in steps of 1,000: `25.6M`; `?` for what is not known."""
    if number is None:
        return "?"
    for scale, letter in SCALES:
        if number >= scale * 0.9995:
            return f"{number / scale:.3g}{letter}" if number < 999.5 * scale else f"{number / scale:,.0f}{letter}"
    return f"{number:,.3g}" if number != int(number) else f"{int(number):,}"


def grouped(number: int | None) -> str:
    """With thousands separators: `25,636,712`; `?` for what is not known."""
    return "?" if number is None else f"{number:,}"


def percent(part: float | None, whole: float | None) -> str:
    """A share of a total: `12.3 %`, `<0.1 %`, empty where there is none to tell."""
    if not part or not whole:
        return ""
    share = 100 * part / whole
    return f"{share:.1f} %" if share >= 0.05 else "<0.1 %"


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 05 min`"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
