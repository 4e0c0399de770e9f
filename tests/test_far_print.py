"""What is printed of an attention with more scores than are made: the map, exact, and what else is told of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from attn_engine import far_of
from attn_engine.fast import maps
from attn_tui import estimates
from attn_tui.making import make_scene
from attn_tui.pictures.cells import figure
from tests.drawing import ink_of
from tests.hands import session_of
from tests.test_cli import ended

FAR = ("--source", "random", "--heads", "1", "--queries", "700", "--keys", "600", "--head-dim", "8")


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**16)


def test_the_map_is_printed_when_it_is_exact(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(maps, "AT_ONCE", 1)
    monkeypatch.setattr(estimates, "FIRST", 0)
    status, text, _ = ended(capsys, "print", *FAR, "--cursor", "300,20")
    assert status == 0
    assert "estimate" not in text
    assert "blocks of" in text
    assert "one head: nothing to compare" in text
    weights = far_of(session_of(" ".join(FAR)).experiment).row(0, 300).weights
    assert f"weight {figure(float(weights[20]))}" in text
    assert re.search(rf"\n{np.argmax(weights)} +{weights.max():.3f} ", text)


@pytest.mark.parametrize("option", [["--json"], ["--csv"]])
def test_what_is_of_every_weight_is_refused(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = "of every weight, and at most 65,536 are made; without it the map is printed, with --query N one row"
    assert ended(capsys, "print", *FAR, *option) == (2, "", f"attn-tui: {option[0]}: {told}\n")


def test_the_map_is_drawn_as_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = ended(capsys, "print", *FAR, "--svg")
    assert status == 0
    assert text.startswith("<svg")


LARGE, SMALL = " ".join(FAR), "--source random --heads 1 --queries 20 --keys 20 --head-dim 8"


@pytest.mark.parametrize(("here", "pinned", "size"), [(LARGE, SMALL, (20, 20)), (SMALL, LARGE, (700, 600))])
def test_what_was_pinned_is_shown_and_no_difference_where_either_is_too_large(
    here: str, pinned: str, size: tuple[int, int]
) -> None:
    assert make_scene(session_of(f'{here} --compare a --pin "{pinned}"'), ink_of()).size == size
    with pytest.raises(ValueError, match="A − B is not to be had beyond 65,536 scores"):
        make_scene(session_of(f'{here} --compare a-b --pin "{pinned}"'), ink_of())
