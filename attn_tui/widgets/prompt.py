"""The prompt: one line at the bottom where a person types a value, a command, a token or a file's name."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from ..pictures.cells import printable


class Prompt(Horizontal):
    """Asks for one line of text. It stays open, with the text, until the answer is taken or escape is pressed."""

    class Answered(Message):
        """A line was typed. `purpose` says what was asked."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose, self.text = purpose, text

    class Left(Message):
        """The prompt was left without an answer."""

    purpose = ""

    def compose(self) -> ComposeResult:
        """A label and an input."""
        yield Label("", markup=False)
        line = Input(compact=True, select_on_focus=True)
        line.cursor_blink = False
        yield line

    @property
    def is_open(self) -> bool:
        """Whether a question stands."""
        return bool(self.purpose)

    def ask(self, purpose: str, label: str, text: str = "", suggestions: Sequence[str] = ()) -> None:
        """Open with a label and a text to start from."""
        self.purpose = purpose
        self.query_one(Label).update(f" {label} ")
        line = self.query_one(Input)
        line.suggester = SuggestFromList(suggestions, case_sensitive=True) if suggestions else None
        line.value = text
        self.add_class("-open")
        self.screen.set_focus(line)  # at once, so that no key that is typed ahead gets lost

    def close(self) -> None:
        """Take the prompt away."""
        self.purpose = ""
        self.remove_class("-open")
        self.screen.set_focus(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep what was pasted from being anything but text."""
        event.stop()
        if event.value != printable(event.value):
            event.input.value = printable(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the line on."""
        event.stop()
        self.post_message(self.Answered(self.purpose, event.value))

    def on_key(self, event: events.Key) -> None:
        """Escape leaves."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Left())
