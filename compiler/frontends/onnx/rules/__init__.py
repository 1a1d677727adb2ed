"""The rules, family by family; importing them registers them, those of patterns first and those of sizes next."""

from . import patterns  # noqa: F401, I001
from . import normalised, pools  # noqa: F401
from . import sizes  # noqa: F401
from . import window, dense, norm, activation, arithmetic, merge, reshape, resize  # noqa: F401
