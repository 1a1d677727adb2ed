"""What must be settled before any test module is imported."""

import os

os.environ["KERAS_BACKEND"] = os.environ.get("CNNC_KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
