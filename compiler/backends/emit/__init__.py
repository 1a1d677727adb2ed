"""Checked -> source of other frameworks, as a good engineer would write it."""
