"""The prompt: one line at the bottom where a person types a value, a command, a token or a file's name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester, SuggestFromList
from textual.widgets import Input, Label

from ..pictures.cells import printable

LONGEST = 4096
"""Characters in the line: each key looks at all of them."""


ENTER, ESCAPE, TAB = "enter", "escape", "tab"
"""The prompt's own keys: they answer, leave, and take what is suggested."""


class LastWord(Suggester):
    """Completes the word at the end of what is typed."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word complete, or None where no word begins so."""
        begun = re.search(r"[A-Za-z_]\w*$", value)
        if begun is None:
            return None
        fitting = [word for word in self._words if word.startswith(begun[0]) and word != begun[0]]
        return value[: begun.start()] + fitting[0] if fitting else None


class Line(Input):
    """A line of text that is nothing but text, whatever is pasted."""

    def validate_value(self, value: str) -> str:
        """Before anything is drawn of it."""
        return printable(value)


class Prompt(Horizontal):
    """Asks for one line of text. It stays open, with the text, until the answer is taken or escape is pressed."""

    class Typed(Message):
        """The text has changed."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose, self.text = purpose, text

    purpose = ""

    def compose(self) -> ComposeResult:
        """A label and an input."""
        yield Label("", markup=False)
        line = Line(compact=True, select_on_focus=False, max_length=LONGEST)
        line.cursor_blink = False
        yield line

    @property
    def is_open(self) -> bool:
        """Whether a question stands."""
        return bool(self.purpose)

    @property
    def text(self) -> str:
        """What has been typed so far."""
        return self.query_one(Input).value

    def type(self, text: str) -> None:
        """Put the first line of a text where the cursor is, or in the place of what is selected."""
        line = self.query_one(Input)
        line.replace("".join(text.splitlines()[:1]), *line.selection)

    def complete(self) -> None:
        """Take what is suggested."""
        line = self.query_one(Input)
        line.cursor_position = len(line.value)
        line.action_cursor_right()

    def column_of(self, place: int) -> int:
        """The column of the screen that a character of the text stands in."""
        line = self.query_one(Input)
        return line.content_region.x + cell_len(line.value[:place]) - line.scroll_offset.x

    def ask(
        self, purpose: str, label: str, text: str = "", suggestions: Sequence[str] = (), *, words: bool = False
    ) -> None:
        """Open with a label and a text to start from; suggestions are for the whole text, or for its last word."""
        self.purpose = purpose
        self.query_one(Label).update(f" {label} ")
        line = self.query_one(Input)
        suggestions = tuple(map(printable, suggestions))
        suggester = LastWord(suggestions) if words else SuggestFromList(suggestions, case_sensitive=True)
        line.suggester = suggester if suggestions else None
        line.value = text
        line.select_all()
        self.add_class("-open")
        self.screen.set_focus(line)  # at once, so that no key that is typed ahead gets lost

    def close(self) -> None:
        """Take the prompt away."""
        self.purpose = ""
        self.remove_class("-open")
        self.screen.set_focus(None)

    def on_descendant_blur(self) -> None:
        """While a question stands, keys are text: a resize, or what is hidden late, takes them away from no line."""
        if self.is_open:
            self.screen.set_focus(self.query_one(Input))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Hand on what there is so far."""
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(self.purpose, event.value))
