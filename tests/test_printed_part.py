"""attn-tui print of a picture that is wider than the paper: a part round the cursor, not every row of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_tui.pictures.cells import plain
from attn_tui.report import report
from tests.drawing import brief, scene_of, scene_with
from tests.test_cli import ended

pytestmark = pytest.mark.usefixtures("plain_environment")

LENGTH = 300
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(LENGTH), size=LENGTH).astype(np.float32)


@dataclass(frozen=True)
class Part:
    """The lines that a picture takes with its labels and colour bar, and the positions that it says are in view."""

    height: int
    rows: range
    columns: range


def part_of(options: str, width: int = 100, height: int | None = None) -> Part:
    text = plain(report(scene_with(WEIGHTS, options=options), width, height))
    rows = re.search(r"(\d+)–(\d+) × (\d+)–(\d+)$", text, re.MULTILINE)
    assert rows
    top, bottom, left, right = map(int, rows.groups())
    return Part(text[: rows.end()].count("\n") - 2, range(top, bottom + 1), range(left, right + 1))


@pytest.mark.parametrize(("zoom", "rows", "columns"), [("cells", 60, 48), ("half", 120, 96), ("numbers", 60, 13)])
def test_of_a_picture_that_is_too_wide_sixty_lines_round_the_cursor_are_printed(
    zoom: str, rows: int, columns: int
) -> None:
    part = part_of(f"--zoom {zoom} --cursor 150,200")
    assert part.height <= 60 + 3
    assert (len(part.rows), len(part.columns)) == (rows, columns)
    assert part.rows[rows // 2] == 150
    assert part.columns[columns // 2] in (199, 200, 201)


@brief
@given(
    st.tuples(*[st.integers(0, LENGTH - 1)] * 2),
    st.sampled_from(["cells", "half", "numbers"]),
    st.integers(60, 120),
    st.sampled_from([None, 6, 20, 90]),
)
def test_the_cursor_is_in_the_part_and_the_part_in_the_picture(
    cursor: tuple[int, int], zoom: str, width: int, height: int | None
) -> None:
    part = part_of(f"--zoom {zoom} --cursor {cursor[0]},{cursor[1]}", width, height)
    assert cursor[0] in part.rows
    assert cursor[1] in part.columns
    assert 0 <= part.rows[0] <= part.rows[-1] < LENGTH
    assert part.height <= (height or 63)


def test_a_part_that_was_scrolled_to_and_a_height_that_was_asked_for_are_kept() -> None:
    part = part_of("--zoom cells --cursor 150,200 --scroll 100,190")
    assert (part.rows[0], part.columns[0]) == (100, 190)
    assert part_of("--zoom cells --cursor 150,200", height=100).height == 100


def test_a_picture_that_is_as_wide_as_the_paper_is_printed_whole() -> None:
    text = plain(report(scene_with(WEIGHTS, options="--zoom half --cursor 150,200"), 320))
    picture = text.split("\n\n")[1].splitlines()
    assert len(picture) == 1 + LENGTH // 2 + 1
    assert not re.search(r"\d–\d", picture[-1])


def test_a_head_of_which_no_scores_are_made_is_printed_in_part_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**16)
    words = ["--source", "random", "--heads", "1", "--queries", "700", "--keys", "600", "--head-dim", "8"]
    status, text, _ = ended(capsys, "print", *words, "--cursor", "300,20", "--zoom", "cells")
    assert status == 0
    assert "270–329 × 0–47" in text
    assert text.count("\n") < 85


def test_the_whole_of_the_sample_is_printed_at_any_zoom_that_fits() -> None:
    for zoom in ("cells", "half", "numbers"):
        assert "–" not in plain(report(scene_of(f"--zoom {zoom}"), 130)).partition("\n\n")[2].partition("\n\n")[0]
