"""What a network runs on: devices, numbers, processes."""
