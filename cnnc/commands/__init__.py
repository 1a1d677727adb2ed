"""One module for each command; a command's own imports happen inside it."""
