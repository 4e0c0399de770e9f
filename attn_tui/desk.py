"""The desk: questions that take longer than a frame are answered beside the screen."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Question = tuple[Callable[..., Any], tuple[Hashable, ...]]

MOST_KEPT = 128


class Trouble(Exception):  # noqa: N818 - a kept answer: there is none, and why
    """What a question could not be answered for."""


class Desk:
    """Answers questions: functions with their arguments, which are values. Answers are kept.

    Without `told` every question is answered at once. With it, those not marked `quick` are answered by a
    thread, and `told` is called, from that thread, after each answer. At most `kept` answers are kept.
    """

    def __init__(self, told: Callable[[], object] | None = None, *, kept: int = MOST_KEPT) -> None:
        self._told = told
        self._most_kept = kept
        self._answers: OrderedDict[Question, Any] = OrderedDict()
        self._waiting: OrderedDict[Question, None] = OrderedDict()
        self._refining: OrderedDict[Question, Callable[..., Any]] = OrderedDict()
        self._fine: set[Question] = set()
        self._stopped: set[Question] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._held = 0.0
        self.patience = 0.0
        """Seconds that a question waits for a newer one before it is answered."""
        self._asked = 0.0
        self._thread: threading.Thread | None = None

    def ask(
        self,
        work: Callable[..., Answer],
        *arguments: Hashable,
        quick: bool = False,
        refine: Callable[[Answer], Answer | None] | None = None,
        alone: bool = False,
    ) -> Answer | None:
        """The answer; None where it is still to come, or is None. Raises Trouble where there is none.

        `refine` makes a better answer of one, or None where it is good enough; it is called while nothing else
        is asked, until `stop`; of several answers, of the one first asked for last.
        What else the same work is asked for `alone` is not wanted any more, if it still waits.
        """
        question: Question = (work, arguments)
        with self._changed:
            known = question in self._answers
            if known:
                self._answers.move_to_end(question)
            answer = self._answers.get(question)
        if quick and isinstance(answer, Trouble):
            known = False  # it may have passed
        if not known and (quick or self._told is None):
            answer = _answered(question)
            self._keep(question, answer)
            with self._changed:
                self._waiting.pop(question, None)
        elif not known:
            self._queue(question, alone=alone)
        if isinstance(answer, Trouble):
            raise Trouble(*answer.args)  # a new one: it would keep every scene that it was raised in
        if refine and self._told:
            self._queue_refining(question, refine)
        return answer

    def stop(self) -> bool:
        """Refine nothing of what is being refined, and keep it as it is; whether there was anything to stop."""
        with self._changed:
            self._stopped.update(self._refining)
            stopped = bool(self._refining)
            self._refining.clear()
        return stopped

    def go_on(self) -> bool:
        """Refine again what was stopped, once it is asked for; whether there was anything."""
        with self._changed:
            stopped = bool(self._stopped)
            self._stopped.clear()
        return stopped

    def forget_waiting(self) -> None:
        """What was asked before is not wanted any more, and nothing is stopped: the next questions are others."""
        with self._changed:
            self._waiting.clear()
            self._refining.clear()
            self._stopped.clear()

    def forget(self, gone: Callable[[Question], bool]) -> None:
        """Keep no answers of some questions: they hold too much."""
        with self._changed:
            for question in [each for each in self._answers if gone(each)]:
                del self._answers[question]
                self._fine.discard(question)

    def close(self) -> None:
        """Answer nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def is_beside(self) -> bool:
        """Whether questions are answered beside the screen."""
        return self._told is not None

    def hold(self, seconds: float) -> None:
        """Refine nothing for a while: somebody is at the keys."""
        with self._changed:
            self._held = monotonic() + seconds
            if not seconds:
                self._changed.notify()

    @property
    def held(self) -> bool:
        """Whether nothing is to be refined for now."""
        return self._closed or monotonic() < self._held

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        with self._changed:
            return bool(self._waiting)

    @property
    def stopped(self) -> bool:
        """Whether anything was stopped that can go on."""
        with self._changed:
            return bool(self._stopped)

    @property
    def refining(self) -> bool:
        """Whether an answer is still to become better."""
        with self._changed:
            return bool(self._refining)

    def _keep(self, question: Question, answer: Any) -> None:
        with self._changed:
            self._answers[question] = answer
            while len(self._answers) > self._most_kept:
                forgotten, _ = self._answers.popitem(last=False)
                self._fine.discard(forgotten)
                self._stopped.discard(forgotten)

    def _queue(self, question: Question, *, alone: bool = False) -> None:
        with self._changed:
            if question in self._answers:  # answered since it was looked up
                return
            for other in [each for each in self._waiting if alone and each[0] is question[0]]:
                del self._waiting[other]
            self._asked = self._asked if question in self._waiting else monotonic()
            self._waiting.setdefault(question)
            self._wake()

    def _queue_refining(self, question: Question, refine: Callable[..., Any]) -> None:
        with self._changed:
            if question not in self._fine and question not in self._stopped:
                self._refining[question] = refine
                self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            done = self._do(*task)
            task = None  # while there is nothing to do, nothing is held
            if not done:
                return

    def _do(self, question: Question, refine: Callable[..., Any] | None, known: Any) -> bool:
        """Answer a question, or refine its answer; whether that could be done: not while the program ends."""
        try:
            answer = _answered(question) if refine is None else _result(refine, known)
        except RuntimeError:
            if self._closed:  # no thread can be started any more
                return False
            raise
        better = answer is not None and not (refine and isinstance(answer, Trouble))
        if refine is None or (better and question in self._answers):  # a known answer is not lost for no better
            self._keep(question, answer)
        with self._changed:
            self._waiting.pop(question, None)
            if answer is None or isinstance(answer, Trouble):
                self._refining.pop(question, None)
                self._fine.add(question)
        if (refine is None or better) and self._told and not self._closed:
            self._told()
        return True

    def _next(self) -> tuple[Question, Callable[..., Any] | None, Any] | None:
        """What to go on with: a question that waits, else one with what refines its answer; None at the end."""
        with self._changed:
            while not self._closed:
                if self._waiting:
                    early = self._asked + self.patience - monotonic()
                    if early > 0:
                        self._changed.wait(early)
                        continue
                    return next(iter(self._waiting)), None, None
                for question in [each for each in self._refining if each not in self._answers]:
                    del self._refining[question]  # forgotten meanwhile
                if self._refining and self.held:
                    self._changed.wait(max(self._held - monotonic(), 0))
                    continue
                if self._refining:
                    question = next(reversed(self._refining))
                    return question, self._refining[question], self._answers[question]
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
