"""Networks written elsewhere -> layers in our terms: what `cnnc import` reads."""
