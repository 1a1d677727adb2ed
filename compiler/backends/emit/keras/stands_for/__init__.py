"""What stands for layers that Keras has not under their name: several that do the same. Importing registers them."""

from . import apart, arranged, numbers, places, pools, windows  # noqa: F401
