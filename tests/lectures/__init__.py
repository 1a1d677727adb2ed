"""What lectures on convolutional networks say, held against what is built here."""
