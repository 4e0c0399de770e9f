"""Attention for the eye, near the machine's limit: float32, in tiles that stay in the cache, on all cores."""
