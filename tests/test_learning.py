"""Attention that learns where to look, against plain loops, differences and counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_engine import (
    FieldError,
    LearningSettings,
    LearningState,
    examples,
    learning,
    learning_curves,
    state_at,
)
from attn_engine.studies.learning import answer, slope_at
from tests import oracles
from tests.test_walls import loaded_by

FAST = LearningSettings(length=3, vocabulary=3, steps=60)
SEQUENCES = list(product(range(5), repeat=5))


def trained(**changes: Any) -> LearningState:
    """The model after the last step."""
    chosen = replace(LearningSettings(), **changes)
    return state_at(chosen, chosen.steps)


def point(seed: int, n: int, v: int) -> tuple[Any, Any]:
    """Random scores (n,) and a random readout (v, v)."""
    stream = np.random.default_rng(seed)
    return stream.standard_normal(n), stream.standard_normal((v, v))


def logits_of(weights: Any, readout: Any, sequence: tuple[int, ...]) -> list[float]:
    return [
        math.fsum(weight * readout[token][out] for weight, token in zip(weights, sequence, strict=True))
        for out in range(len(readout))
    ]


def plain(scores: Any, readout: Any, temperature: float) -> tuple[float, float]:
    """Accuracy and loss by a loop over all sequences; of equal logits the lowest token is answered."""
    weights = oracles.softmax([score / temperature for score in scores], [True] * len(scores))
    losses, right = [], 0
    for sequence in product(range(len(readout)), repeat=len(scores)):
        logits = logits_of(weights, readout.tolist(), sequence)
        losses.append(-math.log(oracles.softmax(logits, [True] * len(logits))[sequence[0]]))
        top = max(logits)
        right += sequence[0] == next(at for at, logit in enumerate(logits) if math.isclose(logit, top, rel_tol=1e-10))
    return right / len(losses), math.fsum(losses) / len(losses)


# Gradients and accuracy


@pytest.mark.parametrize("temperature", [0.3, 1.0, 7.0])
@pytest.mark.parametrize(("n", "v"), [(5, 5), (2, 3), (4, 2)])
@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_those_of_central_differences(n: int, v: int, temperature: float, seed: int) -> None:
    scores, readout = point(seed, n, v)
    slope = slope_at(scores, readout, temperature)
    losses: tuple[Callable[[Any], float], ...] = (
        lambda moved: slope_at(moved, readout, temperature).loss,
        lambda moved: slope_at(scores, moved, temperature).loss,
    )
    for loss, at, gradient in zip(losses, (scores, readout), (slope.of_scores, slope.of_readout), strict=True):
        for place in np.ndindex(at.shape):
            little = np.zeros_like(at)
            little[place] = 1e-5
            difference = (loss(at + little) - loss(at - little)) / 2e-5
            assert gradient[place] == pytest.approx(difference, abs=1e-9, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 7.0])
@pytest.mark.parametrize(("n", "v"), [(5, 5), (2, 3), (4, 2)])
def test_accuracy_and_loss_are_those_of_a_loop_over_all_sequences(n: int, v: int, temperature: float) -> None:
    scores, readout = point(2, n, v)
    slope = slope_at(scores, readout, temperature)
    accuracy, loss = plain(scores, readout, temperature)
    assert slope.accuracy == accuracy
    assert slope.loss == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("start", ["zero", "random"])
@pytest.mark.parametrize("step", [0, 1, 20, 55])
def test_so_they_are_on_the_way_where_many_answers_are_tied(start: str, step: int) -> None:
    state = state_at(LearningSettings(start=start), step)
    accuracy, loss = plain(state.scores, state.readout, 1)
    assert state.accuracy == accuracy
    assert state.loss == pytest.approx(loss, rel=1e-12)


def test_a_step_goes_down_the_gradients_whose_sizes_are_told() -> None:
    for chosen in (FAST, replace(FAST, start="random", temperature=2.0, rate=0.7)):
        before, after = islice(learning(chosen), 20, 22)
        slope = slope_at(before.scores, before.readout, chosen.temperature)
        np.testing.assert_allclose(after.scores, before.scores - 10 * chosen.rate * slope.of_scores)
        np.testing.assert_allclose(after.readout, before.readout - chosen.rate * slope.of_readout)
        sizes = math.hypot(*slope.of_scores), math.hypot(*slope.of_readout.ravel())
        assert (before.score_gradient, before.readout_gradient) == pytest.approx(sizes)
        assert min(sizes) > 0


# From chance to all


def test_a_zero_start_is_uniform_and_at_chance_exactly() -> None:
    state = state_at(LearningSettings(), 0)
    assert state.weights.tolist() == [0.2] * 5
    assert (state.step, state.accuracy) == (0, 0.2)
    assert state.loss == pytest.approx(math.log(5))


def test_a_random_start_is_nearly_uniform_and_at_chance_on_average() -> None:
    starts = [next(learning(LearningSettings(start="random", seed=seed))) for seed in range(100)]
    assert max(abs(weight - 0.2) for state in starts for weight in state.weights) < 0.01
    assert np.mean([state.accuracy for state in starts]) == pytest.approx(0.2, abs=0.02)
    assert len({state.loss for state in starts}) == 100


@pytest.mark.parametrize(("start", "seed"), [("zero", 0), *(("random", seed) for seed in range(6))])
def test_training_ends_with_every_answer_right_and_the_weight_on_the_first_position(start: str, seed: int) -> None:
    state = trained(start=start, seed=seed)
    assert state.accuracy == 1
    assert state.weights[0] == pytest.approx(0.995, abs=0.001)
    assert state.readout.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("n", "v"), [(2, 2), (12, 2), (3, 12), (6, 4)])
def test_other_lengths_and_vocabularies_are_learned_too(n: int, v: int) -> None:
    chosen = LearningSettings(length=n, vocabulary=v, start="random", steps=1000)
    first, last = state_at(chosen, 0), state_at(chosen, 1000)
    assert first.weights == pytest.approx(np.full(n, 1 / n), abs=0.02)
    assert (last.accuracy, last.weights[0] > 0.95) == (1, True)


def test_every_step_at_the_default_rate_lowers_the_loss() -> None:
    assert np.diff(learning_curves(LearningSettings(), 320).loss).max() < 0


def test_before_attention_learns_the_answer_is_the_most_frequent_token() -> None:
    """Once the readout copies, equal weights count votes; a little more on the first position settles ties."""
    tops = [[t for t in range(5) if s.count(t) == max(Counter(s).values())] for s in SEQUENCES]
    lowest, among = (
        sum(right) / 5**5
        for right in zip(*((s[0] == top[0], s[0] in top) for s, top in zip(SEQUENCES, tops, strict=True)), strict=True)
    )
    assert state_at(LearningSettings(), 1).accuracy == lowest
    assert state_at(LearningSettings(), 20).accuracy == among


def test_a_temperature_too_high_keeps_attention_uniform_and_the_answers_often_wrong() -> None:
    for start in ("zero", "random"):
        state = trained(temperature=50.0, start=start)
        assert state.weights == pytest.approx(np.full(5, 0.2), abs=0.005)
        assert state.accuracy < 0.61


def test_a_temperature_too_low_can_fix_attention_on_a_wrong_position_for_good() -> None:
    ends = [trained(temperature=0.01, rate=1.0, start="random", seed=seed) for seed in range(4)]
    stuck = [state for state in ends if state.accuracy == 0.2]
    assert stuck
    for state in stuck:
        assert state.weights[0] < 1e-6
        assert state.score_gradient < 1e-10


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-6, 3).map(lambda power: 10**power),
    st.floats(-2, 3).map(lambda power: 10**power),
    st.sampled_from(["zero", "random"]),
    st.integers(0, 10**9),
)
def test_every_number_stays_finite(rate: float, temperature: float, start: str, seed: int) -> None:
    for state in learning(replace(FAST, rate=rate, temperature=temperature, start=start, seed=seed)):
        numbers = (state.accuracy, state.loss, state.score_gradient, state.readout_gradient)
        assert np.isfinite([*numbers, *state.scores, *state.readout.ravel()]).all()
        assert math.fsum(state.weights) == pytest.approx(1)
        assert 0 <= state.accuracy <= 1
        assert min(numbers) >= 0


# Steps in any order


def test_states_are_the_same_in_whatever_order_they_are_asked_for() -> None:
    chosen = replace(FAST, start="random", seed=7)
    for expected in np.random.default_rng(0).permutation(np.array(list(learning(chosen)), dtype=object)):
        found = state_at(chosen, expected.step)
        assert found.step == expected.step
        assert (found.accuracy, found.loss) == (expected.accuracy, expected.loss)
        np.testing.assert_array_equal(found.weights, expected.weights)
        np.testing.assert_array_equal(found.readout, expected.readout)


def test_threads_that_ask_at_once_get_the_same_states() -> None:
    chosen = replace(FAST, start="random", seed=8)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda step: state_at(chosen, step).loss, [60, 3, 40, 0, 60, 17]))
    losses = [state.loss for state in learning(chosen)]
    assert found == [losses[step] for step in (60, 3, 40, 0, 60, 17)]


def test_more_steps_begin_with_the_same_ones() -> None:
    few, many = (learning_curves(replace(FAST, steps=steps), 30) for steps in (30, 60))
    np.testing.assert_array_equal(few.loss, many.loss)


def test_the_curves_up_to_a_step_are_those_of_its_states_and_stay_as_they_were() -> None:
    states = list(learning(FAST))
    for step in (50, 0, 12):
        curves = learning_curves(FAST, step)
        assert curves.accuracy.tolist() == [state.accuracy for state in states[: step + 1]]
        assert curves.loss.tolist() == [state.loss for state in states[: step + 1]]
        assert curves.weight.tolist() == [state.weights[0] for state in states[: step + 1]]
        for array in (curves.loss, state_at(FAST, step).scores, state_at(FAST, step).readout):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


# Examples


def test_examples_are_the_same_sequences_at_every_step_and_all_right_at_the_end() -> None:
    first, last = (examples(state_at(LearningSettings(), step)) for step in (0, 320))
    assert [each.sequence for each in first] == [each.sequence for each in last]
    assert len({each.sequence for each in first}) == 6
    assert {each.answer for each in first} == {0}
    assert [each.probability for each in first] == pytest.approx([0.2] * 6)
    assert all(each.right and each.probability > 0.7 for each in last)
    assert examples(state_at(LearningSettings(), 0), count=3) == first[:3]


@pytest.mark.parametrize("step", [0, 20, 50])
def test_the_share_of_right_examples_is_the_accuracy(step: int) -> None:
    state = state_at(LearningSettings(), step)
    assert sum(answer(state, sequence).right for sequence in SEQUENCES) / 5**5 == state.accuracy


# Bad settings


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"length": 1}, "length", "1 is not possible; possible are 2 … 12"),
        ({"vocabulary": 13}, "vocabulary", "2 … 12"),
        ({"length": 6}, "length", r"5\^6 = 15,625 sequences; at most 4,096: up to 5 tokens of 5"),
        ({"rate": 0.0}, "rate", "rate 0.0; it must be above 0 and at most 1,000"),
        ({"rate": math.nan}, "rate", "above 0"),
        ({"temperature": 0.001}, "temperature", "temperature 0.001; possible are 0.01 … 1,000"),
        ({"temperature": math.inf}, "temperature", "possible are"),
        ({"start": "one"}, "start", "start 'one'; possible are zero, random"),
        ({"seed": -1}, "seed", "0 … 1,000,000,000"),
        ({"steps": 0}, "steps", "1 … 2,000"),
    ],
)
def test_a_training_that_cannot_be_had_is_refused_at_once(changes: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(FieldError, match=said) as caught:
        learning(replace(LearningSettings(), **changes))
    assert caught.value.field == field


@pytest.mark.parametrize("step", [-1, 61])
def test_a_step_that_the_training_does_not_have_is_refused(step: int) -> None:
    for asked in (state_at, learning_curves):
        with pytest.raises(FieldError, match=rf"{step} is not possible; possible are 0 … 60"):
            asked(FAST, step)


def test_settings_load_no_numpy() -> None:
    loaded, _ = loaded_by("-c", "from attn_engine import FailureSettings, LearningSettings, STARTS; LearningSettings()")
    assert "attn_engine" in loaded
    assert "numpy" not in loaded
