"""From a split of a data set to batches, by keyed chance: the same whoever makes them."""
