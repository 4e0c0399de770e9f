"""The desk: questions that take long are answered beside the screen, and kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from attn_tui.desk import Desk, Trouble


@contextmanager
def desk_that_tells() -> Iterator[tuple[Desk, threading.Semaphore]]:
    told = threading.Semaphore(0)
    desk = Desk(told.release)
    yield desk, told
    desk.close()


def double(number: int) -> int:
    return number * 2


def refuse(number: int) -> int:
    raise ValueError(f"{number} is refused")


def test_without_anyone_to_tell_answers_are_given_at_once() -> None:
    assert Desk().ask(double, 21) == 42


def test_an_answer_comes_later_is_told_of_and_kept() -> None:
    with desk_that_tells() as (desk, told):
        assert desk.ask(double, 21) is None
        assert told.acquire(timeout=5)
        assert desk.ask(double, 21) == 42
        assert not desk.busy


def test_a_quick_question_never_waits() -> None:
    gate = threading.Event()
    with desk_that_tells() as (desk, _):
        desk.ask(gate.wait, 5)
        assert desk.ask(double, 4, quick=True) == 8
        gate.set()


def test_a_question_is_worked_on_once_however_often_it_is_asked() -> None:
    calls: list[int] = []

    def work(number: int) -> int:
        calls.append(number)
        return number

    with desk_that_tells() as (desk, told):
        for _ in range(5):
            desk.ask(work, 1)
        assert told.acquire(timeout=5)
        assert desk.ask(work, 1) == 1
    assert calls == [1]


def test_that_there_is_nothing_to_say_is_an_answer_too() -> None:
    calls: list[int] = []
    with desk_that_tells() as (desk, told):
        desk.ask(calls.append, 1)
        assert told.acquire(timeout=5)
        assert desk.ask(calls.append, 1) is None
        assert not desk.busy
    assert calls == [1]


@pytest.mark.parametrize("quick", [True, False])
def test_what_cannot_be_answered_is_trouble_with_its_reason(quick: bool) -> None:
    with desk_that_tells() as (desk, told):
        if not quick:
            assert desk.ask(refuse, 3) is None
            assert told.acquire(timeout=5)
        with pytest.raises(Trouble, match="3 is refused"):
            desk.ask(refuse, 3, quick=quick)


@pytest.mark.parametrize("quick", [True, False])
def test_what_cannot_be_answered_is_not_refined(quick: bool) -> None:
    refined: list[object] = []
    with desk_that_tells() as (desk, told):
        for _ in range(3):
            with suppress(Trouble):
                desk.ask(refuse, 3, quick=quick, refine=refined.append)
            told.acquire(timeout=0.1)
        desk.ask(double, 1)
        assert told.acquire(timeout=5)  # the thread is alive
    assert not refined


def test_an_estimate_is_refined_until_it_is_good_enough() -> None:
    with desk_that_tells() as (desk, told):
        improve = {1: 2, 2: 4, 4: 8}.get
        seen = desk.ask(abs, -1, refine=improve)
        deadline = time.monotonic() + 5
        while seen != 8 and time.monotonic() < deadline:
            told.acquire(timeout=1)
            seen = desk.ask(abs, -1, refine=improve)
        assert seen == 8


def test_what_is_not_wanted_any_more_is_not_worked_on() -> None:
    begun, gate = threading.Event(), threading.Event()
    calls: list[int] = []

    def slow(number: int) -> int:
        begun.set()
        gate.wait(5)
        return number

    def work(number: int) -> int:
        calls.append(number)
        return number

    with desk_that_tells() as (desk, told):
        desk.ask(slow, 1)
        assert begun.wait(5)
        desk.ask(work, 2)
        desk.forget_waiting()
        gate.set()
        desk.ask(double, 3)
        assert told.acquire(timeout=5)
        assert told.acquire(timeout=5)
        assert desk.ask(double, 3) == 6
    assert calls == []


# Answers that become finer, and are stopped.


def count_up(limit: int) -> tuple[int, int]:
    return 0, limit


def one_more(answer: tuple[int, int]) -> tuple[int, int] | None:
    done, limit = answer
    time.sleep(0.001)
    return (done + 1, limit) if done < limit else None


def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it does not come about")


def done_of(desk: Desk, limit: int) -> int:
    answer = desk.ask(count_up, limit, quick=True, refine=one_more)
    assert answer is not None
    return answer[0]


def test_what_is_stopped_stays_as_it_is_until_it_goes_on() -> None:
    with desk_that_tells() as (desk, _):
        until(lambda: done_of(desk, 10**6) > 3)
        assert desk.stop()
        done = done_of(desk, 10**6)
        time.sleep(0.1)
        assert done_of(desk, 10**6) in (done, done + 1), "the step that had been begun may end"
        done = done_of(desk, 10**6) + 1
        assert desk.stopped
        assert not desk.refining
        assert desk.go_on()
        until(lambda: done_of(desk, 10**6) > done)
        assert not desk.stop() or desk.stopped


def test_stopping_never_throws_away_what_was_done() -> None:
    with desk_that_tells() as (desk, _):
        done = 0
        for _ in range(300):
            desk.go_on()
            assert done_of(desk, 10**6) >= done
            done = done_of(desk, 10**6)
            desk.stop()


def test_a_question_asked_again_after_others_goes_on_where_it_was() -> None:
    with desk_that_tells() as (desk, _):
        until(lambda: done_of(desk, 10**6) > 3)
        desk.forget_waiting()
        assert not desk.refining
        before = done_of(desk, 10**6)
        until(lambda: done_of(desk, 10**6) > before)


def test_what_is_fine_is_refined_no_more() -> None:
    with desk_that_tells() as (desk, _):
        until(lambda: done_of(desk, 5) == 5)
        until(lambda: not desk.refining)
        assert done_of(desk, 5) == 5
        assert not desk.refining


def test_an_answer_that_cannot_be_made_finer_is_kept() -> None:
    def fail(_: int) -> int | None:
        raise MemoryError

    with desk_that_tells() as (desk, _):
        assert desk.ask(double, 4, quick=True, refine=fail) == 8
        until(lambda: not desk.refining)
        assert desk.ask(double, 4, quick=True, refine=fail) == 8


def test_a_desk_keeps_as_many_answers_as_it_is_told_to() -> None:
    calls: list[int] = []

    def work(number: int) -> int:
        calls.append(number)
        return number

    desk = Desk(kept=2)
    for number in (1, 2, 3, 2, 1):
        desk.ask(work, number)
    assert calls == [1, 2, 3, 1]


def test_what_is_asked_last_is_refined_first() -> None:
    refined: list[int] = []

    def finer(answer: int) -> int | None:
        refined.append(answer)
        return None

    with desk_that_tells() as (desk, _):
        desk.hold(60)
        for number in (1, 2, 3):
            desk.ask(double, number, quick=True, refine=finer)
        desk.hold(0)
        until(lambda: len(refined) == 3)
    assert refined == [6, 4, 2]


def test_nothing_is_refined_while_the_desk_is_held_but_questions_are_answered() -> None:
    with desk_that_tells() as (desk, told):
        desk.hold(60)
        assert desk.ask(count_up, 5, quick=True, refine=one_more) == (0, 5)
        desk.ask(double, 4)
        assert told.acquire(timeout=5)
        assert desk.ask(double, 4) == 8
        assert desk.held
        assert done_of(desk, 5) == 0
        desk.hold(0)
        until(lambda: done_of(desk, 5) == 5)


def test_of_questions_asked_alone_the_newest_is_answered_and_others_stay() -> None:
    gate, answered = threading.Event(), list[int]()

    def noted(number: int) -> int:
        answered.append(number)
        return number

    with desk_that_tells() as (desk, _):
        desk.ask(gate.wait, 5)
        desk.ask(double, 1)
        for number in range(5):
            desk.ask(noted, number, alone=True)
        gate.set()
        until(lambda: not desk.busy)
        assert answered == [4]
        assert desk.ask(double, 1) == 2


def test_answers_to_what_is_forgotten_are_not_kept_even_if_they_are_being_refined() -> None:
    door, asked = threading.Event(), threading.Event()

    def refine(answer: int) -> int:
        asked.set()
        door.wait(5)
        return answer + 1

    with desk_that_tells() as (desk, _):
        assert desk.ask(double, 2, quick=True) == 4
        assert desk.ask(double, 1, quick=True, refine=refine) == 2
        assert asked.wait(5)
        desk.forget(lambda question: question[1] != (2,))
        desk.forget_waiting()
        door.set()
        time.sleep(0.05)
        assert desk._answers == {(double, (2,)): 4}


def test_a_trouble_that_is_asked_for_again_and_again_holds_nothing_of_who_asked() -> None:
    with desk_that_tells() as (desk, told):
        with suppress(Trouble):
            desk.ask(refuse, 3)
        assert told.acquire(timeout=5)
        depths = []
        for _ in range(5):
            with pytest.raises(Trouble) as raised:
                desk.ask(refuse, 3)
            depths.append(len(raised.traceback))
        assert len(set(depths)) == 1


def test_a_quick_question_that_had_no_answer_is_answered_when_the_trouble_has_passed() -> None:
    times = iter(range(9))

    def work() -> int:
        if not next(times):
            raise ValueError("not now")
        return 7

    with desk_that_tells() as (desk, _):
        with pytest.raises(Trouble, match="not now"):
            desk.ask(work, quick=True)
        assert desk.ask(work, quick=True) == 7
        assert desk.ask(work, quick=True) == 7
