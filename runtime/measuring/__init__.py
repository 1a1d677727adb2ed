"""What outputs are held against: losses, and the figures of every task."""
