"""The grammar of .cnn files, its parser tables and the language reference."""
