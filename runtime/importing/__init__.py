"""Networks from PyTorch, by way of torch.export, and the weights that came with a network from anywhere."""
