"""From text to a checked graph: no framework is imported anywhere in this package."""
