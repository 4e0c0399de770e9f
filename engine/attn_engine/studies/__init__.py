"""Studies: what many random draws say, where a published figure is a single one. Settings load no NumPy."""
