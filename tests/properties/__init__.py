"""What must hold of every network: small ones drawn by chance, all operators among them, before several judges."""
