"""The rules, family by family; importing them registers them."""

from . import activation, borders, conv, dropout, merge, norm, pools, reshape, tables, wholes  # noqa: F401
