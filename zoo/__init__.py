"""The models, written as .cnn files; this package only makes them findable after an installation."""
