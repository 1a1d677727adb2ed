"""Checked -> a torch module, with its first numbers; and to ONNX with numbers."""
