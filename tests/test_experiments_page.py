"""The experiments at the keyboard: every page, its knobs, draws that are stopped, a training that is watched."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import pytest

from attn_engine import PRESETS, LearningSettings, ScalingSettings, scaling_study
from attn_tui.experiments import trial
from attn_tui.experiments.draws import Draws, more
from attn_tui.experiments.hall import Hall
from attn_tui.experiments.moves import STUDY_MOVES
from attn_tui.history import PLACES
from attn_tui.parameters import STUDY_BY_KEY
from attn_tui.pictures.studies.page import panels_of
from attn_tui.view import STUDIES
from tests.hands import SMALL, WIDE, Hands, explorer, session_of
from tests.stories import SAME, Step, follow

pytestmark = pytest.mark.usefixtures("plain_environment")

STORIES: dict[str, tuple[Step, ...]] = {
    "--view experiments": (
        Step("right", "d_k 512", "--view experiments --study-d-k 512"),
        Step("right", "d_k 512", SAME),
        Step("home", "d_k 8 ", "--view experiments --study-d-k 8"),
        Step("end", "d_k 512", "--view experiments --study-d-k 512"),
        Step("left", "d_k 256", "--view experiments"),
        Step("down", "Query 11, d_k 256", "--view experiments --study-cursor 11,2"),
        Step("up", "Query 10, d_k 256", "--view experiments"),
        Step("pagedown", "Query 15, d_k 256", "--view experiments --study-cursor 15,2"),
        Step("pageup", "Query 10, d_k 256", "--view experiments"),
        Step("v", "Diversity: how alike", "--study diversity"),
        Step("V", "Scaling: why", "--view experiments"),
        Step("V", "Learning: how", "--study learning"),
        Step("v", "Scaling: why", "--view experiments"),
        Step("tab", "Scaling: why", "--view experiments --study-panel beside"),
        Step("tab", "Scaling: why", "--view experiments --study-panel table"),
        Step("down", "d_k 512", "--view experiments --study-panel table --study-d-k 512"),
        Step("escape", "d_k 512", "--view experiments --study-d-k 512"),
        Step("shift+tab", "▸ Scaling", "--view experiments --study-d-k 512 --study-panel knobs"),
    ),
    "--study diversity": (
        Step("right", "8 heads   similarity", "--study diversity --study-heads 8"),
        Step("up", "4 heads   similarity", "--study diversity"),
        Step("H", "the number of heads", SAME),
        Step(".", "One draw of 8 heads", "--study diversity --study-heads 8"),
        Step(".", "One draw of 16 heads", "--study diversity --study-heads 16"),
        Step("u", "nothing to undo", SAME),
    ),
    "--study patterns": (
        Step("right", "causal   a query sees 1 … 20 of 20 keys", "--study patterns --pattern-at 1"),
        Step("right", "local(3)   a query sees 4 … 7 of 20 keys", "--study patterns --pattern-at 2"),
        Step("end", "longformer(4, 1)   a query sees", "--study patterns --pattern-at 3"),
        Step("tab", "What each mask sees", "--study patterns --pattern-at 3 --study-panel table"),
        Step("tab", "Cost", "--study patterns --pattern-at 3 --study-panel more"),
    ),
    "--study cross": (
        Step("right", "weight on key 3 ", "--study cross --study-cursor 10,3"),
        Step("down", "query 11", "--study cross --study-cursor 11,3"),
        Step("shift+right", "query 11", "--study cross --study-cursor 11,3 --head 2"),
        Step("end", "cross: 20 × 12, weight on key 11", "--study cross --study-cursor 11,19 --head 2"),
        Step("K", "how long the other", SAME),
        Step(".", "cross: 20 × 16", "--study cross --study-cursor 11,19 --head 2 --study-keys 16"),
        Step("x", "a known system", SAME),
        Step(".", "BERT encoder", "--preset bert --study-cursor 11,19 --study-keys 16"),
        Step(",", "two sequences", "--study cross --study-cursor 11,19 --study-keys 16 --preset bert --source sample"),
    ),
    "--preset vit": (
        Step("right", "3,3 → 3,4", "--preset vit --cursor 24,25"),
        Step("shift+right", "3,3 → 3,4", "--preset vit --cursor 24,25 --head 1"),
        Step("w", "3,3 over the picture", "--preset vit --cursor 24,25 --head 1 --text"),
        Step("m", "who may look where", SAME),
        Step(".", "+ mask", "--preset vit --cursor 24,25 --head 1 --text --mask causal"),
        Step("enter", "mask = ", SAME),
        Step("escape", "who may look where", SAME),
        Step("escape", "The system", "--preset vit --cursor 24,25 --head 1 --mask causal"),
        Step("escape", "The system", SAME),
        Step("enter", "Weights", "--preset vit --cursor 24,25 --head 1 --mask causal --view map"),
    ),
    "--study learning": (
        Step("right", "step 1 of 320", "--study learning --step 1"),
        Step("end", "step 320 of 320   accuracy 100.0%", "--study learning --step 320"),
        Step("home", "step 0 of 320   accuracy 20.0%", "--study learning"),
        Step("down", "case: no scaling", "--study learning --failure 1"),
        Step("s", "what the training", SAME),
        Step(".", "random", "--study learning --failure 1 --start random"),
        Step("e", "the learning rate", SAME),
        Step(".", "0.2", "--study learning --failure 1 --start random --rate 0.2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("start", STORIES)
async def test_keys_of_the_experiments(start: str) -> None:
    await follow(start, STORIES[start])


def test_every_move_of_the_experiments_is_pressed_in_a_story() -> None:
    from attn_tui.actions import BY_NAME

    pressed = {step.keys for steps in STORIES.values() for step in steps}
    elsewhere = {"palette", "picture-only", "head-back", "range", *(f"page-{name}" for name in ("map", "heads"))}
    elsewhere |= {"page-masks", "page-experiments"}
    assert {name for name in STUDY_MOVES if not pressed & {*BY_NAME[name].keys}} <= elsewhere


@pytest.mark.parametrize("study", STUDIES)
async def test_every_knob_of_a_page_is_chosen_by_its_letter_and_turned(study: str) -> None:
    async with explorer(f"--study {study}", size=WIDE) as hands:
        for key, row in STUDY_BY_KEY[study].items():
            before = hands.session
            await hands.press(key, ".")
            assert hands.app.knob == row.field
            assert hands.session != before
            await hands.press("u")
            assert row.field in PLACES or hands.session.studies == before.studies


async def test_a_key_of_another_page_says_where_it_is_of() -> None:
    async with explorer("--view experiments", size=WIDE) as hands:
        before = hands.session
        await hands.press("n")
        assert "is of the map; 1 shows it" in hands.truth
        assert hands.session == before


async def test_letters_of_the_experiments_lead_there_from_the_map() -> None:
    async with explorer("", size=WIDE) as hands:
        await hands.press("D")
        assert hands.session == session_of("--view experiments")
        assert hands.app.knob == "draws"
        await hands.press("1", "e")
        assert hands.session == session_of("--study learning")


async def test_a_chosen_knob_is_left_behind_with_its_page() -> None:
    async with explorer("--view experiments", size=WIDE) as hands:
        await hands.press("D", "1")
        assert hands.app.knob == ""
        await hands.press(".")
        assert "no knob is chosen" in hands.truth


@pytest.mark.parametrize("keys", [("M",), ("g",), ("/",), ("]",), ("w",), ("c",), ("s",)])
async def test_keys_of_the_map_do_nothing_hidden(keys: tuple[str, ...]) -> None:
    async with explorer("--view experiments", size=WIDE) as hands:
        before = hands.session
        await hands.press(*keys)
        if hands.session.view.page == "experiments":
            assert hands.session == before
            assert "is of the map; 1 shows it" in hands.truth


async def test_help_that_is_left_by_a_key_leaves_the_map_as_it_was() -> None:
    async with explorer("--view experiments", size=WIDE) as hands:
        await hands.press("?", "v")
        assert hands.session == session_of("--study diversity")


async def test_an_experiment_that_the_settings_forbid_is_passed_over() -> None:
    async with explorer("--study scaling --study-n 1024 --draws 1", size=WIDE) as hands:
        await hands.press("v")
        assert hands.session == session_of("--study patterns --study-n 1024 --draws 1"), "eight heads are too many"
        await hands.press("V")
        assert hands.session == session_of("--view experiments --study-n 1024 --draws 1")


async def test_pages_that_were_hidden_are_drawn_whole_when_they_come_back() -> None:
    async with explorer("", size=WIDE) as hands:
        await hands.press("4", "v", "escape", "D", "escape")
        coming_back = hands.rows
    async with explorer("--view experiments", size=WIDE) as hands:
        assert hands.rows == coming_back


async def test_a_pinned_picture_stays_out_of_the_experiments() -> None:
    async with explorer("--preset vit --text --pin '--source sample' --compare a", size=WIDE) as hands:
        assert "3,3 over the picture" in hands.screen
        assert "3,3 → 3,3" in hands.truth


# The table, and bad values.


async def test_the_scaling_page_shows_every_row_of_the_study_at_once() -> None:
    *_, study = scaling_study(ScalingSettings())
    async with explorer("--view experiments", size=WIDE) as hands:
        for row in study.rows:
            for figures in (row.unscaled, row.scaled):
                estimate = figures.entropy
                text = f"{estimate.published:.2f}  {estimate.mean:.3f} ± {estimate.error:.3f}"
                assert text in hands.screen
                assert f"{estimate.low:.2f} – {estimate.high:.2f}  yes" in hands.screen


async def test_published_figures_are_shown_only_for_the_protocol() -> None:
    async with explorer("--view experiments --study-n 10", size=WIDE) as hands:
        assert "published" not in hands.screen
        assert "1.50" not in hands.screen
    async with explorer("--view experiments --study-seed 3", size=WIDE) as hands:
        assert "published" in hands.screen


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("Q", "enter", "ctrl+u", "type 0", "enter"), "not a whole number from 1 to 1,024"),
        (("m", "enter", "ctrl+u", "type k > q + 100", "enter"), "no query of 20 sees any key"),
        (("m", "enter", "ctrl+u", "type cause", "enter"), "cause"),
        (("H", "enter", "ctrl+u", "type 3", "enter"), "3 heads do not divide d_model 64; possible are 1, 2, 4"),
        (("t", "enter", "ctrl+u", "type -1", "enter"), "is not a number above 0"),
    ],
)
async def test_a_mistake_gets_one_line_and_the_screen_stays(keys: tuple[str, ...], said: str) -> None:
    async with explorer("--study diversity", size=WIDE) as hands:
        before = hands.session
        await hands.press(*keys)
        assert said in hands.truth
        await hands.press("escape")
        assert hands.session.studies == before.studies
        assert "similarity" in hands.screen


# Draws.


async def until(hands: Hands, seen: str | Callable[[], bool]) -> None:
    for _ in range(400):
        if seen in hands.screen if isinstance(seen, str) else seen():
            return
        await hands.pilot.pause(0.02)
    raise AssertionError(f"{seen!r} does not come:\n{hands.screen}")


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has become of slices of draws: each is begun, and ends."""
    noted: list[str] = []

    def spied(draws: Draws) -> Draws | None:
        noted.append("begun")
        further = more(draws)
        noted.append("ended")
        return further

    monkeypatch.setattr(trial, "more", spied)
    return noted


async def test_many_draws_come_in_are_stopped_and_go_on(slices: list[str]) -> None:
    async with explorer("--view experiments --draws 100000") as hands:
        await until(hands, "escape stops them")
        await hands.press("escape")
        assert "stopped: enter goes on" in hands.screen
        await until(hands, lambda: slices[-1:] != ["begun"])
        await hands.pilot.pause(0.3)  # until it is told
        done, before = draws_of(hands), len(slices)
        assert 0 < done < 100_000
        await hands.pilot.pause(0.3)
        assert (draws_of(hands), len(slices)) == (done, before), "draws that were stopped stay as many"
        await hands.press("right")
        await hands.pilot.pause(0.3)
        assert draws_of(hands) == done, "looking around does not start them again"
        await hands.press("enter")
        await until(hands, "escape stops them")


async def test_with_other_settings_nothing_is_stopped_any_more() -> None:
    async with explorer("--view experiments --draws 100000") as hands:
        await until(hands, "escape stops them")
        await hands.press("escape", "D", ",")
        assert hands.session.studies.draws == 50_000
        await until(hands, "escape stops them")
        await hands.press("enter")
        assert hands.app.prompt.is_open, "enter types the chosen knob's value"


def draws_of(hands: Hands) -> int:
    """How many draws the screen says there are."""
    found = re.search(r"([\d,]+) of [\d,]+ draws", hands.screen)
    assert found
    return int(found[1].replace(",", ""))


async def test_draws_of_settings_that_are_left_are_made_no_more_and_go_on_on_return() -> None:
    async with explorer("--view experiments --draws 100000") as hands:
        await until(hands, "escape stops them")
        await hands.press("1")
        assert not hands.app.desks["experiments"].refining
        await hands.press("4")
        before = draws_of(hands)
        await until(hands, "escape stops them")
        await until(hands, lambda: draws_of(hands) > before)


# The training.


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that has not come to its end before a key is pressed, also where the machine is busy."""
    monkeypatch.setattr(Hall, "BEAT", 0.3)


async def test_a_training_is_watched_and_stopped(unhurried: None) -> None:
    async with explorer("--study learning", size=WIDE) as hands:
        await hands.press("enter")
        await until(hands, lambda: hands.session.studies.train_step > 0)
        await hands.press("escape")
        step = hands.session.studies.train_step
        assert 0 < step < LearningSettings().steps
        assert "stopped: enter goes on" in hands.truth
        await hands.pilot.pause(0.3)
        assert hands.session.studies.train_step == step


async def test_a_training_goes_to_its_end_and_starts_again_from_there() -> None:
    async with explorer("--study learning --step 310", size=WIDE) as hands:
        await hands.press("enter")
        await until(hands, "step 320 of 320   accuracy 100.0%")
        await until(hands, lambda: not hands.app.hall.training)
        await hands.burst("enter", "escape")
        assert hands.session.studies.train_step < 100


async def test_help_and_what_is_told_stay_while_the_training_runs(unhurried: None) -> None:
    async with explorer("--study learning", size=WIDE) as hands:
        await hands.press("enter", "?")
        await hands.pilot.pause(0.5)
        assert "Help" in hands.screen
        await hands.press("?", "y")
        await hands.pilot.pause(0.5)
        assert "copied, and printed on leaving" in hands.truth
        await hands.press("e", "enter")
        assert not hands.app.hall.training, "enter stops it, whatever knob is chosen"


async def test_another_page_ends_the_training(unhurried: None) -> None:
    async with explorer("--study learning", size=WIDE) as hands:
        await hands.press("enter", "v")
        await hands.pilot.pause(0.2)
        assert not hands.app.hall.training
        assert hands.session.studies.study == "scaling"


# Systems.


@pytest.mark.parametrize("name", PRESETS)
async def test_every_preset_opens_with_its_axes_labelled(name: str) -> None:
    preset = PRESETS[name]
    async with explorer(f"--preset {name}", size=(160, 60)) as hands:
        assert preset.title in hands.screen
        query, key = hands.app.scene.cursor
        assert f"{preset.query_labels[query]} → {preset.key_labels[key]}" in hands.truth
        lines = [row[32:130] for row in hands.rows[6:58]]
        if preset.query_grid is None:
            assert all(any(f" {label} " in line for line in lines) for label in preset.query_labels)
        along = " ".join(lines[0:3])
        downwards = "".join(line[at] for at in range(98) for line in lines[:9] if at < len(line)).replace(" ", "")
        labels = [label for label in preset.key_labels if len(label) <= 6]
        assert all(f" {label} " in along or label in downwards for label in labels)


async def test_the_list_of_systems_is_chosen_from_with_the_mouse_and_the_arrows() -> None:
    async with explorer("--study cross", size=WIDE) as hands:
        await hands.click("gpt", panel="more")
        assert hands.session.experiment.preset == "gpt"
        assert hands.session.experiment.mask == "causal"
        await hands.press("tab", "tab")
        assert hands.session.studies.study_panel == "more"
        await hands.press("down")
        assert hands.session.experiment.preset == "longformer"
        await hands.click("two sequences", panel="more")
        assert hands.session.experiment.source == "sample"


async def test_the_mouse_chooses_experiments_and_knobs() -> None:
    async with explorer("--view experiments", size=WIDE) as hands:
        await hands.click("Patterns", panel="knobs")
        assert hands.session == session_of("--study patterns")
        await hands.click("draws", panel="knobs")
        assert hands.app.knob == "draws"


# Every size.


@pytest.mark.parametrize("size", [WIDE, SMALL, (71, 30), (40, 12), (24, 8), (20, 6)], ids=str)
@pytest.mark.parametrize("study", STUDIES)
async def test_every_panel_of_every_experiment_is_whole_at_every_size(study: str, size: tuple[int, int]) -> None:
    async with explorer(f"--study {study}", size=size) as hands:
        for name in panels_of(hands.session):
            assert hands.session.studies.study_panel == name
            lines = ["".join(segment.text for segment in line) for line in hands.cells]
            assert len(lines) == size[1]
            assert any(line.strip() for line in lines[1:])
            await hands.press("f", "f", "tab")
        assert hands.session == session_of(f"--study {study}")


async def test_an_explorer_that_ended_leaves_no_thread() -> None:
    async with explorer("--view experiments --draws 100000", size=WIDE):
        assert any(thread.name == "desk" for thread in threading.enumerate())
    for _ in range(100):
        if not any(thread.name == "desk" for thread in threading.enumerate()):
            return
        time.sleep(0.02)
    raise AssertionError("a desk is still at work")


@pytest.mark.parametrize("name", PRESETS)
async def test_the_picture_grid_is_of_pictures_alone(name: str) -> None:
    async with explorer(f"--preset {name}", size=WIDE) as hands:
        picture = bool(PRESETS[name].query_grid or PRESETS[name].key_grid)
        assert ("picture grid" in hands.rows[-1]) == picture
        await hands.press("w")
        assert hands.session.view.text == picture
        assert ("nothing here is a picture" in hands.truth) != picture
