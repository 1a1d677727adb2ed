"""The rules, family by family; importing them registers them."""

from . import (  # noqa: F401
    activation,
    arithmetic,
    conv,
    dense,
    local_conv,
    norm,
    parts,
    patterns,
    places,
    pools,
    reshape,
    resize,
    shares,
)
