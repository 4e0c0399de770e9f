"""attn-tui: an interactive explorer of attention for the terminal."""

__version__ = "0.1.0"
