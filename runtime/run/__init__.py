"""A run from its first word to its last: its folder, what it shows, how it goes on."""
