"""What the line of truth is made of."""

from rich.style import Style

Fact = tuple[int, str, Style]
"""How much it matters (0 most), what it says, and its style."""
