"""Questions that the prompt asks, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual import events

from attn_engine import RuleError

from . import answers, saving, terminal
from .changing import Changing
from .choices import offered
from .moves import Refusal
from .parameters import BY_FIELD, PART_OF
from .pictures.cells import printable
from .view import KIND_LETTERS, Session
from .widgets.prompt import ENTER, ESCAPE, TAB, Prompt


class Asking(Changing):
    """An app that asks: `answer_…` takes what was typed for the purpose of that name; whether it could be taken."""

    _before_typing: Session | None = None
    _rule = "mask"

    def ask(
        self, purpose: str, label: str, text: str = "", suggestions: tuple[str, ...] = (), *, words: bool = False
    ) -> None:
        """Open the prompt; suggestions are for the whole text, or for its last word."""
        self.prompt.ask(purpose, label, text, suggestions, words=words)
        self.show_scene(replace(self.scene, message="", helping=False))

    def ask_value(self, row: Any) -> None:
        """Ask for a knob's value."""
        answers.check_not_fixed(self.scene, row.field)
        value = getattr(getattr(self.session, PART_OF[row.field]), row.field)
        sets = offered(self.scene.inputs, row.field) if row.field == "capture_set" else ()
        self.ask("value", f"{row.name} =", row.write(value), sets or row.examples)

    def ask_rule(self, field: str, text: str = "") -> None:
        """Ask for a mask, of the map or an experiment's; what is typed is shown as soon as it can be understood."""
        self._before_typing, self._rule = self.session, field
        text = text or getattr(getattr(self.session, PART_OF[field]), field)
        self.ask("rule", f"{BY_FIELD[field].name} =", text, answers.words_of_masks(), words=True)

    def do_command(self) -> None:
        """Ask for any command or option."""
        self.ask("command", ":", suggestions=answers.words_to_type())

    def do_search(self) -> None:
        """Ask for a token; among all layers, for a kind of head."""
        if self.scene.layers and not self.scene.helping:
            self.ask("kind", "heads of kind", self.session.view.head_kind, tuple(KIND_LETTERS))
        else:
            tokens = tuple(self.scene.key_labels) if self.scene.has_tokens else ()
            self.ask("search", "search", self.session.view.search, tokens)

    def do_go(self) -> None:
        """Ask for a position."""
        self.ask("go", "go to query,key (or one number for both)")

    def do_save(self) -> None:
        """Ask for a file's name."""
        self.ask("save", f"save as ({' '.join(saving.FORMS)})", "attention.svg")

    async def on_event(self, event: events.Event) -> None:
        """While the prompt is open, let keys and pastes count at once: what is typed next may be for after it."""
        if isinstance(event, events.Key | events.Paste) and self.is_asking:
            await self._type(event)
        else:
            await super().on_event(event)

    async def _type(self, event: events.Key | events.Paste) -> None:
        """Do what a key does in the prompt, or put a text in it."""
        if event.is_forwarded:
            return  # one that was pressed before the prompt was open, and meant nothing then
        own = {ENTER: self._answer, ESCAPE: self._leave_prompt, TAB: self.prompt.complete}
        if isinstance(event, events.Paste):
            if event.text:
                self.prompt.type(event.text)
        elif event.key in own:
            own[event.key]()
        elif event.is_printable:
            self.prompt.type(event.character or "")
        else:
            await self.do_bound(event.key)

    def _leave_prompt(self) -> None:
        """Nothing was answered: what was there before is shown."""
        self.prompt.close()
        before, self._before_typing = self._before_typing, None
        if before:
            self.change(before, undoable=False)
        self.say("")

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Follow a rule as it is typed; where it cannot be understood yet, point at the place."""
        if event.purpose != self.prompt.purpose or event.purpose != "rule" or not event.text.strip():
            return
        try:
            self.change(answers.knob_value(self.scene, self._rule, event.text), undoable=False)
        except RuleError as error:
            column = None if error.column is None else self.prompt.column_of(error.column)
            self.show_scene(replace(self.scene, message=printable(error.message), trouble=True, caret=column))

    def _answer(self) -> None:
        """Act on the answer; where that cannot be, say why and keep the prompt open."""
        answer: Callable[[str], bool] = getattr(self, f"answer_{self.prompt.purpose}")
        try:
            taken = answer(self.prompt.text)
        except (ValueError, OSError, MemoryError, Refusal) as error:
            self.say(_one_line(error), trouble=True)
            return
        if taken and self.prompt.is_open:
            self.prompt.close()
            self.show_scene(self.scene)

    def answer_value(self, text: str) -> bool:
        """A knob's value was typed."""
        return self.change(answers.knob_value(self.scene, self.knob, text))

    def answer_rule(self, text: str) -> bool:
        """A mask was typed: one turn, from what was there before the typing."""
        taken = self.change(answers.knob_value(self.scene, self._rule, text), undoable=False)
        if taken and self._before_typing:
            self.past.remember(self._before_typing, self.session)
            self._before_typing = None
        return taken

    def answer_search(self, text: str) -> bool:
        """A token was typed."""
        return self.change(answers.search(self.scene, self.plan, text))

    def answer_kind(self, text: str) -> bool:
        """A kind of head was typed."""
        return self.change(answers.kind(self.scene, text))

    def answer_go(self, text: str) -> bool:
        """A position was typed."""
        return self.change(answers.position(self.scene, text))

    def answer_save(self, text: str) -> bool:
        """A file's name was typed: the picture is taken once the prompt is gone from it."""
        saving.check_name(text)
        self.prompt.close()
        self.say("")
        self.call_after_refresh(self.call_after_refresh, self._save, text)  # styles first, then what they change
        return False

    def _save(self, name: str) -> None:
        try:
            self.say(saving.save(name, self.scene, terminal.screen_lines(self), self.export_screenshot))
        except (OSError, ValueError) as error:
            self.say(_one_line(error), trouble=True)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror or error}"
    return str(error)
