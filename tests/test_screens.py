"""The screens as pictures: with these options and these keys, this is what a person sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from attn_tui import charts
from attn_tui.app import Explorer
from attn_tui.pictures.ink import Tier
from tests.hands import SMALL, WIDE, Hands, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")

Compare = Callable[..., bool]
SNAPSHOTS = Path(__file__).parent / "__snapshots__" / Path(__file__).stem


def shows(
    snap_compare: Compare,
    options: str = "",
    *keys: str,
    size: tuple[int, int] = SMALL,
    tier: Tier = Tier.TRUECOLOR,
) -> bool:
    """Whether an explorer opened with options shows, after keys, what its snapshot shows."""
    charts.load()
    app = Explorer(session_of(options), tier=tier)

    async def press(pilot: Pilot[str]) -> None:
        hands = Hands(app, pilot)
        await hands.settle()
        await hands.press(*keys)

    return snap_compare(app, terminal_size=size, run_before=press)


def test_first_screen(snap_compare: Compare) -> None:
    assert shows(snap_compare, size=WIDE)


def test_causal_mask(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--mask causal")


def test_256_colours(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--mask causal", tier=Tier.CUBE)


def test_16_colours(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--mask causal", "m", tier=Tier.BASIC)


def test_no_colours(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--mask causal", "m", tier=Tier.NONE)


def test_light_theme(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--theme light --mask causal --panel keys")


def test_tiny_window(snap_compare: Compare) -> None:
    assert shows(snap_compare, size=(30, 10))


def test_window_too_small(snap_compare: Compare) -> None:
    assert shows(snap_compare, size=(19, 5))


def test_all_heads(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--source repeat --heads 6 --queries 16 --keys 16 --temperature 0.3", "2", size=WIDE)


def test_all_layers(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--layer 1 --head 6", "2", size=(120, 17))


def test_explained_cell(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--temperature 2", "enter")


def test_layers_compared_without_special_tokens(snap_compare: Compare) -> None:
    options = "--over max --hide special --renormalise --marked-keys 2 --pin '--layer 2' --compare a-b"
    assert shows(snap_compare, options, size=(110, 30))


def test_running_text(snap_compare: Compare) -> None:
    assert shows(snap_compare, "", "w")


def test_masks(snap_compare: Compare) -> None:
    rule = "--mask 'causal & (window(4096) | sink(4))'"
    lengths = "--mask-queries 1048576 --mask-keys 1048576 --block-size 128"
    assert shows(snap_compare, f"--view masks {rule} {lengths} --sheet costs", size=WIDE)


def test_masks_in_blocks(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--view masks --mask 'causal & ~window(9)' --mask-panel blocks")


def test_mask_typed(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--view masks --mask causal", "enter", "type causal & windo(9")


def test_scaling(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--view experiments --study-n 20", size=WIDE)


def test_diversity(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--study diversity --study-heads 8")


def test_patterns(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--study patterns --study-n 12", "right", size=(110, 32))


def test_self_and_cross(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--study cross --study-n 10 --study-keys 6", size=(110, 32))


def test_a_system_with_one_query_as_a_picture(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--preset captioning --cursor 3,14", "w", size=(110, 32))


def test_learning(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--study learning --step 60", "down", size=(110, 32))


def test_help(snap_compare: Compare) -> None:
    assert shows(snap_compare, "", "?", "pagedown")


def test_difference_of_two_pictures(snap_compare: Compare) -> None:
    assert shows(snap_compare, "", "p", "t", ".", ".", ".", ".", "P", "P", "escape")


def test_mistake_in_the_prompt(snap_compare: Compare) -> None:
    assert shows(snap_compare, "--panel charts", ":", "type mask caussal", "enter")


def test_the_pictures_are_small_and_ask_the_network_for_nothing() -> None:
    pictures = {path.stem: path.read_text(encoding="utf-8") for path in SNAPSHOTS.glob("*.svg")}
    names = {name for name in globals() if name.startswith("test_") and not name.startswith("test_the_pictures")}
    assert pictures.keys() == names, "a picture that no test makes, or a test without a picture"
    for name, svg in pictures.items():
        assert len(svg.encode()) < 100_000, name
        assert not re.search(r"(https?:|@font-face|@import)", re.sub(r'<!--.*?-->|xmlns="[^"]*"', "", svg)), name
