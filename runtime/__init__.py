"""What runs a compiled model: the only package that imports torch."""
