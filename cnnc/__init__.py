"""cnnc: convolutional networks as text, checked before any framework loads."""
