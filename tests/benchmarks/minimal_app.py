"""The smallest Textual app with a header and a footer, whose first paint is the measure of the explorer's."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static


class Minimal(App[None]):
    """One line of text."""

    BINDINGS = [("q", "quit", "Quit")]  # noqa: RUF012 - so Textual declares it

    def compose(self) -> ComposeResult:
        """The header, the line, the footer."""
        yield Header()
        yield Static("minimal")
        yield Footer()


if __name__ == "__main__":
    Minimal().run()
