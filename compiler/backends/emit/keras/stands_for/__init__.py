"""What stands for layers that Keras has not under their name: several that do the same. Importing registers them."""

from . import arranged, numbers, pools, windows  # noqa: F401
