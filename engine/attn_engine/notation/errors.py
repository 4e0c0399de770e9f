"""The one exception of the notation, and how it shows a place in a text."""

import unicodedata

PICTURE_WIDTH = 72


class RuleError(ValueError):
    """A mistake in a rule: what was expected, and where (`column` counts from 0; None: no single place)."""

    def __init__(self, message: str, text: str = "", column: int | None = None) -> None:
        super().__init__(message, text, column)
        self.message = message
        self.text = text
        self.column = column

    def __str__(self) -> str:
        return self.message if self.column is None else f"{self.message}, at column {self.column + 1}"

    @property
    def picture(self) -> str:
        """The text, or the part of it around the place, and below it a caret (without a place: one line)."""
        column = self.column or 0
        first = max(0, min(column - PICTURE_WIDTH // 2, len(self.text) + 1 - PICTURE_WIDTH))
        line = "".join(_one_column(char) for char in self.text[first : first + PICTURE_WIDTH])
        line = "…" + line[1:] if first else line
        line = line[:-1] + "…" if first + PICTURE_WIDTH < len(self.text) else line
        return line if self.column is None else f"{line}\n{' ' * (column - first)}^"


def quoted(text: str, limit: int = 40) -> str:
    """What somebody typed, fit for one line of a message: short, and with nothing invisible in it."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return '"' + "".join(map(_visible, short)) + '"'


def _visible(char: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "␡"
    if unicodedata.category(char) == "Zs":
        return " "
    return char if char.isprintable() else "�"


def _one_column(char: str) -> str:
    """A stand-in where a character takes no column or two, so that the caret stands right."""
    mark = unicodedata.category(char).startswith("M")
    return "□" if mark or unicodedata.east_asian_width(char) in "WF" else _visible(char)
