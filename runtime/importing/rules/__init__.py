"""The rules, family by family; importing them registers them."""

from . import activation, arithmetic, conv, dense, norm, parts, patterns, pools, reshape, resize  # noqa: F401
