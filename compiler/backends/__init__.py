"""What is made of a checked graph. Backends do not import each other."""
