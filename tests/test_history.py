"""Undo and redo, against a plain list of what was there."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from attn_tui.history import History, decided
from attn_tui.view import Session
from tests.drawing import quick


def with_mask_of(session: Session, keys: int) -> Session:
    return replace(session, lab=replace(session.lab, mask_keys=keys))


def with_temperature(session: Session, temperature: float) -> Session:
    return replace(session, experiment=replace(session.experiment, temperature=temperature))


def scrolled(session: Session, place: int) -> Session:
    return replace(session, lab=replace(session.lab, mask_cursor=(place, place)))


def test_with_nothing_done_there_is_nothing_to_go_back_to() -> None:
    assert History().back(Session()) is None
    assert History().forward(Session()) is None


@quick
@given(st.lists(st.tuples(st.sampled_from([with_mask_of, with_temperature]), st.integers(2, 9)), max_size=8))
def test_undo_goes_back_turn_by_turn_and_redo_forward_again(turns: list[tuple[object, int]]) -> None:
    history, session = History(), Session()
    seen = [session]
    for turn, number in turns:
        after = turn(session, number)  # type: ignore[operator]
        history.remember(session, after)
        if decided(after) != decided(session):
            seen.append(after)
        session = after
    for before in reversed(seen[:-1]):
        session = history.back(session) or session
        assert decided(session) == decided(before)
    assert history.back(session) is None
    for after in seen[1:]:
        session = history.forward(session) or session
        assert decided(session) == decided(after)
    assert history.forward(session) is None


def test_moving_about_is_no_turn_and_stays_where_it_is_on_undo() -> None:
    history, start = History(), Session()
    turned = with_mask_of(start, 8)
    history.remember(start, turned)
    moved = scrolled(turned, 3)
    history.remember(turned, moved)
    back = history.back(moved)
    assert back is not None
    assert (back.lab.mask_keys, back.lab.mask_cursor) == (64, (3, 3))


def test_a_new_turn_forgets_what_was_undone() -> None:
    history, start = History(), Session()
    turned = with_mask_of(start, 8)
    history.remember(start, turned)
    back = history.back(turned)
    assert back is not None
    history.remember(back, with_temperature(back, 2.0))
    assert history.forward(back) is None
