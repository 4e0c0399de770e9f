"""run: what a turn of a knob computes again, and that the result is the same as from nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_engine import (
    SOURCES,
    Attention,
    Experiment,
    RuleError,
    attend,
    inputs_of,
    pipeline,
    run,
    save_capture,
    sources,
)
from attn_engine import attention as stages
from attn_engine.pipeline import INPUT_FIELDS, Pipeline, Stage

FUNCTIONS = {
    "inputs": (sources, "inputs"),
    "scores": (stages, "raw_scores"),
    "scaled": (stages, "scale_scores"),
    "modified": (stages, "modify_scores"),
    "mask": (stages, "mask_array"),
    "weights": (stages, "weigh"),
    "output": (stages, "mix"),
    "projected": (stages, "project"),
}
ARRAYS = ("query", "key", "value", "scores", "scaled", "modified", "mask", "weights", "output")
ALL = {"inputs", "scores", "scaled", "modified", "mask", "weights", "output"}
START = Experiment(source="random", query_length=6, key_length=7, num_heads=3, head_dim=4)


class Counted:
    """A pipeline whose stages are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        for name, (module, function) in FUNCTIONS.items():
            monkeypatch.setattr(module, function, self._counting(name, getattr(module, function)))
        self.pipeline = Pipeline()

    def _counting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            return function(*args, **kwargs)

        return count

    def computed(self, experiment: Experiment) -> set[str]:
        """The stages that this experiment computes, each at most once."""
        self.calls.clear()
        self.pipeline.run(experiment)
        assert set(self.calls.values()) <= {1}
        return set(self.calls)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def from_nothing(experiment: Experiment) -> Attention:
    given_inputs = sources.inputs(experiment)
    if experiment.rope == "on" and "rope" not in given_inputs.fixed:
        given_inputs = sources.rotated(given_inputs, experiment.align)
    return attend(
        given_inputs.query,
        given_inputs.key,
        given_inputs.value,
        mask=experiment.mask,
        score_mod=experiment.score_mod,
        scale=experiment.scale,
        temperature=experiment.temperature,
        normaliser=experiment.normaliser,
        align=experiment.align,
        output_projection=given_inputs.output_projection,
    )


def same(found: Attention, expected: Attention) -> bool:
    arrays = all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in ARRAYS)
    numbers = all(getattr(found, name) == getattr(expected, name) for name in ("scale", "temperature", "align"))
    if found.projected is None or expected.projected is None:
        return arrays and numbers and found.projected is expected.projected
    return arrays and numbers and np.array_equal(found.projected, expected.projected)


# What is computed again

TURNS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"temperature": 2.0}, {"weights", "output"}),
    ({"normaliser": "sparsemax"}, {"weights", "output"}),
    ({"mask": "causal"}, {"mask", "weights", "output"}),
    ({"score_mod": "alibi"}, {"modified", "weights", "output"}),
    ({"scale": "none"}, {"scaled", "modified", "weights", "output"}),
    ({"scale": 0.5}, set()),  # the same number as 1/√4
    ({"score_mod": "s"}, {"modified"}),  # computed again, but nothing changes from there on
    ({"align": "right"}, {"modified", "mask", "weights", "output"}),
    ({"seed": 1}, ALL - {"mask"}),
    ({"head_dim": 5}, ALL - {"mask"}),
    ({"source": "clusters"}, ALL - {"mask"}),
    ({"source": "projected"}, ALL - {"mask"} | {"projected"}),
    ({"source": "cross"}, ALL - {"mask"} | {"projected"}),
    ({"source": "preset"}, ALL),
    ({"query_length": 5}, ALL),
    ({"key_length": 5}, ALL),
    ({"num_heads": 2}, ALL),
    ({"num_key_heads": 1}, ALL - {"mask"}),
    ({"rope": "on"}, ALL - {"mask", "inputs"}),
    ({"mask": "causal", "temperature": 2.0}, {"mask", "weights", "output"}),
]


def test_the_first_experiment_computes_every_stage_once(counted: Counted) -> None:
    assert counted.computed(START) == ALL


@pytest.mark.parametrize(("turn", "touched"), TURNS, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_a_turn_computes_only_the_stages_that_it_touches(
    counted: Counted, turn: dict[str, Any], touched: set[str]
) -> None:
    counted.computed(START)
    assert counted.computed(replace(START, **turn)) == touched


@pytest.mark.parametrize(("turn", "touched"), TURNS, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_going_back_and_forth_between_two_experiments_computes_nothing(
    counted: Counted, turn: dict[str, Any], touched: set[str]
) -> None:
    other = replace(START, **turn)
    counted.computed(START)
    counted.computed(other)
    for experiment in (START, other, START, other):
        assert counted.computed(experiment) == set()


def test_a_turn_of_the_temperature_far_and_back_keeps_the_scores(counted: Counted) -> None:
    counted.computed(START)
    for temperature in (0.5, 0.25, 2.0, 4.0, 8.0, 16.0):
        assert counted.computed(replace(START, temperature=temperature)) == {"weights", "output"}
    assert counted.computed(START) == {"weights", "output"}


def test_moving_through_the_masks_keeps_the_scores(counted: Counted) -> None:
    counted.computed(START)
    for mask in ("causal", "window(2)", "window(3)", "window(4)", "local(1)", "chunked(2)"):
        assert counted.computed(replace(START, mask=mask)) == {"mask", "weights", "output"}


def test_stages_that_were_not_computed_hand_on_the_same_arrays() -> None:
    made = Pipeline()
    before, after = made.run(START), made.run(replace(START, mask="causal"))
    for name in ("query", "key", "value", "scores", "scaled", "modified"):
        assert getattr(after, name) is getattr(before, name)
    assert made.run(START) is before


def test_a_mistake_computes_nothing_and_forgets_nothing(counted: Counted) -> None:
    counted.computed(START)
    mistakes: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"mask": "cuasal"}, RuleError),
        ({"score_mod": "s +"}, RuleError),
        ({"temperature": 0.0}, ValueError),
        ({"scale": "half"}, ValueError),
        ({"source": "nowhere"}, ValueError),
    ]
    for turn, kind in mistakes:
        counted.calls.clear()
        with pytest.raises(kind):
            counted.pipeline.run(replace(START, **turn))
        assert counted.calls.keys() <= {"inputs"}
    assert counted.computed(START) == set()


@pytest.mark.parametrize(
    "turn",
    [
        {"normaliser": "max"},
        {"align": "middle"},
        {"align": "middle", "rope": "on"},
        {"rope": "spiral"},
        {"num_key_heads": 2},
        {"mask": "h[0]"},
        {"score_mod": "s / 0"},
        {"layer": 6, "source": "sample"},
    ],
    ids=str,
)
def test_a_mistake_is_told_each_time_it_is_made(turn: dict[str, Any]) -> None:
    made = Pipeline()
    for _ in range(2):
        with pytest.raises(ValueError, match=r".") as caught:
            made.run(replace(START, **turn))
        assert "\n" not in str(caught.value)


def test_the_fields_that_decide_the_inputs_are_fields() -> None:
    assert set(INPUT_FIELDS) < {field.name for field in fields(Experiment)}


# The same as from nothing

FOLDER = tempfile.TemporaryDirectory(prefix="attn-tui-tests-")
WEIGHTS = np.random.default_rng(0).random((3, 2, 2, 5, 4), dtype=np.float32)
FILES = [
    str(save_capture(Path(FOLDER.name) / "weights.npz", WEIGHTS / WEIGHTS.sum(axis=-1, keepdims=True))),
    str(save_capture(Path(FOLDER.name) / "inputs.npz", query=WEIGHTS[:, 0], key=WEIGHTS[:, 1, :, :3])),
]

KNOBS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from([name for name in SOURCES if name != "file"]),
    "query_length": st.integers(1, 7),
    "key_length": st.integers(1, 7),
    "num_heads": st.integers(1, 3),
    "head_dim": st.sampled_from([1, 4, 16]),
    "scale": st.sampled_from(["1/√d_k", "none", 0.25, 1, 0, -1.0]),
    "temperature": st.sampled_from([0.1, 1, 1.0, 4.0]),
    "mask": st.sampled_from(["full", "causal", "k <= q", "true", "false", "h == k % 2", "window(2)"]),
    "score_mod": st.sampled_from(["none", "s", "alibi", "softcap(2)", "0"]),
    "normaliser": st.sampled_from(["softmax", "softmax1", "sink_logit(0)", "sink_logit(1)", "sigmoid", "sparsemax"]),
    "align": st.sampled_from(["left", "right"]),
    "seed": st.integers(0, 2),
    "layer": st.integers(0, 2),
    "num_key_heads": st.sampled_from([0, 1]),
    "rope": st.sampled_from(["off", "on"]),
    "preset": st.sampled_from(["bert", "translation"]),
    "file": st.sampled_from(FILES),
    "tokens_file": st.just(""),
    "capture_set": st.just(""),
    "batch_item": st.sampled_from([0, 1]),
}

turns = st.lists(
    st.sampled_from(list(KNOBS)).flatmap(lambda field: st.tuples(st.just(field), KNOBS[field])), min_size=1, max_size=12
)


def test_every_field_is_a_knob_that_is_turned_here() -> None:
    assert KNOBS.keys() == {field.name for field in fields(Experiment)}


@settings(deadline=None, max_examples=80)
@given(turns)
def test_after_any_turns_the_result_is_the_same_as_from_nothing(turns: list[tuple[str, Any]]) -> None:
    made, experiment = Pipeline(), START
    for field, value in turns:
        experiment = replace(experiment, **{field: value})
        assert same(made.run(experiment), from_nothing(experiment)), experiment


@settings(deadline=None, max_examples=20)
@given(turns)
def test_the_shared_pipeline_gives_the_same_as_one_of_its_own(turns: list[tuple[str, Any]]) -> None:
    experiment = replace(START, **dict(turns))
    assert same(run(experiment), Pipeline().run(experiment))
    assert inputs_of(experiment).query is run(experiment).query
    assert inputs_of(experiment) is pipeline.inputs_of(experiment)


@settings(deadline=None, max_examples=40)
@given(turns)
def test_after_any_turns_on_a_file_the_result_is_the_same_as_in_a_new_pipeline(turns: list[tuple[str, Any]]) -> None:
    made, experiment = Pipeline(), replace(START, source="file", file=FILES[0], layer=0)
    for field, value in turns:
        if field != "source" and (field, value) != ("score_mod", "softcap(2)"):
            experiment = replace(experiment, **{field: value})
        ends = [_end(pipeline_used, experiment) for pipeline_used in (made, Pipeline())]
        assert ends[0] == ends[1]


def _end(used: Pipeline, experiment: Experiment) -> tuple[str, bytes]:
    """The weights, or why there are none."""
    try:
        return "", used.run(experiment).weights.tobytes()
    except ValueError as error:
        return str(error), b""


@pytest.mark.parametrize("source", list(SOURCES))
def test_everything_is_computed_in_float32(source: str) -> None:
    found = run(replace(START, source=source, file=FILES[0], layer=0))
    for name in ARRAYS:
        assert getattr(found, name).dtype == (np.bool_ if name == "mask" else np.float32)


# A stage


def test_a_stage_remembers_its_last_results_by_what_they_were_made_from() -> None:
    asked: list[tuple[Any, ...]] = []
    stage = Stage(lambda *args: asked.append(args) or len(asked), keep=2)  # type: ignore[func-returns-value]
    array, equal = np.arange(3), np.arange(3)
    assert [stage(array, 1), stage(array, 1), stage(equal, 1), stage(array, 1), stage(array, 2)] == [1, 1, 2, 1, 3]
    assert stage(array, 1) == 1  # asked for later than the one that was forgotten
    assert stage(equal, 1) == 4
    assert len(asked) == 4
