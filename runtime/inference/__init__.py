"""A trained model at work: what it is given, what it answers, how fast."""
