"""The loop, and what moves weights in it."""
