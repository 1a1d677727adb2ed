"""The rules, family by family; importing them registers them."""

from . import activation, arithmetic, conv, dense, norm, parts, patterns, places, pools, reshape, resize, shares  # noqa: F401
