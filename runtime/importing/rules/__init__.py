"""The rules, family by family; importing them registers them."""

from . import (  # noqa: F401
    activation,
    arithmetic,
    bounds,
    conv,
    dense,
    local_conv,
    noise,
    norm,
    norms_in_steps,
    parts,
    patterns,
    places,
    pools,
    products,
    reshape,
    resize,
    shares,
    where,
)
