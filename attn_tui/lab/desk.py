"""The desk: questions about masks that take longer than a frame are answered beside the screen."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Question = tuple[Callable[..., Any], tuple[Hashable, ...]]

MOST_KEPT = 128


class Trouble(Exception):  # noqa: N818 - a kept answer: there is none, and why
    """What a question could not be answered for."""


class Desk:
    """Answers questions: functions with their arguments, which are values. Answers are kept.

    Without `told` every question is answered at once. With it, those not marked `quick` are answered by a
    thread, and `told` is called, from that thread, after each answer.
    """

    def __init__(self, told: Callable[[], object] | None = None) -> None:
        self._told = told
        self._answers: OrderedDict[Question, Any] = OrderedDict()
        self._waiting: OrderedDict[Question, None] = OrderedDict()
        self._refining: OrderedDict[Question, Callable[..., Any]] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(
        self,
        work: Callable[..., Answer],
        *arguments: Hashable,
        quick: bool = False,
        refine: Callable[[Answer], Answer | None] | None = None,
    ) -> Answer | None:
        """The answer; None where it is still to come, or is None. Raises Trouble where there is none.

        `refine` makes a better answer of one, or None where it is good enough; it is called while nothing else
        is asked.
        """
        question: Question = (work, arguments)
        with self._changed:
            known = question in self._answers
            if known:
                self._answers.move_to_end(question)
        if not known and (quick or self._told is None):
            self._keep(question, _answered(question))
            known = True
        if not known:
            self._queue(question, refine)
            return None
        answer = self._answers[question]
        if isinstance(answer, Trouble):
            raise answer
        return answer

    def forget_waiting(self) -> None:
        """What was asked before is not wanted any more: the next questions are of another mask."""
        with self._changed:
            self._waiting.clear()
            self._refining.clear()

    def close(self) -> None:
        """Answer nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        with self._changed:
            return bool(self._waiting)

    def _keep(self, question: Question, answer: Any) -> None:
        with self._changed:
            self._answers[question] = answer
            while len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)

    def _queue(self, question: Question, refine: Callable[..., Any] | None) -> None:
        with self._changed:
            self._waiting.setdefault(question)
            if refine:
                self._refining[question] = refine
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="masks", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while (question := self._next()) is not None:
            with self._changed:
                refine = None if question in self._waiting else self._refining.get(question)
                known = self._answers.get(question)
            answer = _answered(question) if refine is None else _result(refine, known)
            if refine is None or answer is not None:
                self._keep(question, answer)
            with self._changed:
                self._waiting.pop(question, None)
                if answer is None or isinstance(answer, Trouble):
                    self._refining.pop(question, None)
            if (refine is None or answer is not None) and self._told and not self._closed:
                self._told()

    def _next(self) -> Question | None:
        """The question to go on with: one that waits, else one whose answer can be refined; None at the end."""
        with self._changed:
            while not self._closed:
                if self._waiting:
                    return next(iter(self._waiting))
                if self._refining:
                    return next(iter(self._refining))
                self._changed.wait()
            return None


def _answered(question: Question) -> Any:
    work, arguments = question
    return _result(work, *arguments)


def _result(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except (ValueError, MemoryError, ArithmeticError) as error:
        return Trouble(str(error) or "not enough memory for that")
