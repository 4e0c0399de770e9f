"""What heads are: the published scores against plain loops, kinds on heads made to be one, and laws of both."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from attn_engine import KINDS, Attention, Experiment, HeadKind, head_kinds, head_scores, inputs_of, run
from tests.drawing import quick

Array = NDArray[Any]
Tokens = tuple[str, ...]

TWICE = tuple("ABCDEFGH") * 2
NAMED = ("previous token", "first token", "itself", "next token", "same token", "induction")


def kinds_of(experiment: Experiment) -> tuple[HeadKind, ...]:
    given = inputs_of(experiment)
    return head_kinds(run(experiment), given.query_tokens, given.key_tokens)


def names_of(experiment: Experiment) -> list[str]:
    return [kind.name for kind in kinds_of(experiment)]


def made(*heads: Array, mask: Array | None = None) -> Attention:
    """An attention of these weights, (queries, keys) each."""
    weights = np.stack(heads).astype(np.float32)
    keys = np.zeros((len(heads), weights.shape[-1], 1), np.float32)
    allowed = np.ones(weights.shape[-2:], np.bool_) if mask is None else mask
    return Attention(keys, keys, keys, weights, weights, weights, allowed, weights, keys)


def looking(places: list[list[int]], keys: int, *, share: float = 0.9) -> Array:
    """Weights whose rows share `share` among some keys and lie evenly elsewhere; a row without keys is even."""
    weights = np.full((len(places), keys), 1 / keys)
    for query, there in enumerate(places):
        if there:
            weights[query] = (1 - share) / (keys - len(there)) if keys > len(there) else 0
            weights[query, there] = share / len(there)
    return weights


# The published scores


def published(head: list[list[float]], tokens: Tokens, name: str, *, bos: bool, current: bool) -> float:
    """By the definition: how much of a head's attention is paid to the pairs of a pattern."""
    on_pattern = everything = 0.0
    for query, row in enumerate(head):
        for key, weight in enumerate(row):
            if (bos and key == 0) or (current and key == query):
                continue
            everything += weight
            earlier = [place for place in range(query) if tokens[place] == tokens[query]]
            found = {
                "previous token": key == query - 1,
                "same token": key in earlier,
                "induction": key - 1 in earlier,
            }
            on_pattern += weight * found[name]
    return on_pattern / everything if everything else math.nan


@st.composite
def read_texts(draw: st.DrawFn) -> tuple[Array, Tokens]:
    """Weights of some heads, every row summing to 1, and the tokens that they read."""
    length, heads = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    scores = draw(arrays("f8", (heads, length, length), elements=st.floats(-9, 9)))
    if draw(st.booleans()):
        scores = np.where(np.tri(length, dtype=np.bool_), scores, -np.inf)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return weights, tuple(draw(st.lists(st.sampled_from("abc"), min_size=length, max_size=length)))


@quick
@given(read_texts(), st.booleans(), st.booleans())
def test_scores_are_those_that_transformerlens_publishes(read: tuple[Array, Tokens], bos: bool, current: bool) -> None:
    weights, tokens = read
    found = head_scores(weights, tokens, tokens, exclude_bos=bos, exclude_current_token=current)
    for name in ("previous token", "same token", "induction"):
        expected = [published(head.tolist(), tokens, name, bos=bos, current=current) for head in weights]
        assert found[name] == pytest.approx(expected, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("layer", range(6))
def test_the_samples_scores_are_those_that_transformerlens_publishes(layer: int) -> None:
    weights, tokens = run(Experiment(layer=layer)).weights, inputs_of(Experiment(layer=layer)).key_tokens
    found = head_scores(weights, tokens, tokens)
    for name in ("previous token", "same token", "induction"):
        expected = [published(head.tolist(), tokens, name, bos=False, current=False) for head in weights]
        assert found[name] == pytest.approx(expected, abs=1e-6), name


def test_a_perfect_induction_head_scores_half_where_half_the_queries_read_something_again() -> None:
    places = [[0]] * 8 + [[query - 7] for query in range(8, 16)]
    perfect = looking(places, 16, share=1)
    assert head_scores(perfect[None], TWICE, TWICE)["induction"].tolist() == [0.5]


@quick
@given(read_texts())
def test_scores_lie_from_0_to_1_and_those_of_places_share_the_weight(read: tuple[Array, Tokens]) -> None:
    weights, tokens = read
    found = head_scores(weights, tokens, tokens)
    assert list(found) == list(NAMED)
    assert all(((score >= 0) & (score <= 1)).all() for score in found.values())
    beside = found["previous token"] + found["itself"] + found["next token"]
    assert (beside <= 1 + 1e-9).all()


@quick
@given(read_texts(), st.permutations("abc"))
def test_other_names_for_the_tokens_change_nothing(read: tuple[Array, Tokens], names: list[str]) -> None:
    weights, tokens = read
    renamed = tuple({"a": names[0], "b": names[1], "c": names[2]}[token] + "'" for token in tokens)
    before, after = (head_scores(weights, each, each) for each in (tokens, renamed))
    assert all(np.array_equal(before[name], after[name]) for name in before)
    attention = made(*weights)
    assert head_kinds(attention, tokens, tokens) == head_kinds(attention, renamed, renamed)


def test_scores_follow_where_the_queries_stand() -> None:
    weights = run(Experiment(source="random", query_length=5, key_length=9, align="right")).weights
    found = head_scores(weights, positions=np.arange(4, 9))
    assert found["itself"] == pytest.approx([np.trace(head[:, 4:]) / 5 for head in weights], rel=1e-5)
    assert list(found) == list(NAMED[:4]), "kinds that need tokens are left out"


def test_leading_axes_are_kept_and_a_head_without_weight_has_no_score() -> None:
    weights = np.random.default_rng(0).random((2, 3, 4, 4))
    weights[1, 2] = 0
    found = head_scores(weights)["previous token"]
    assert found.shape == (2, 3)
    assert np.isnan(found).tolist() == [[False] * 3, [False, False, True]]


# What heads are


@pytest.mark.parametrize("share", [0.6, 0.9, 1.0])
@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("previous token", [[query - 1] if query else [] for query in range(16)]),
        ("first token", [[0]] * 16),
        ("itself", [[query] for query in range(16)]),
        ("next token", [[query + 1] if query < 15 else [] for query in range(16)]),
        ("same token", [[(query + 8) % 16] for query in range(16)]),
        ("same token", [[query, (query + 8) % 16] for query in range(16)]),
        ("induction", [[query + 9] for query in range(7)] + [[]] + [[query - 7] for query in range(8, 16)]),
    ],
)
def test_a_head_that_does_what_a_kind_says_is_of_that_kind(name: str, places: list[list[int]], share: float) -> None:
    (kind,) = head_kinds(made(looking(places, 16, share=share)), TWICE, TWICE)
    assert kind.name == name
    assert kind.score == pytest.approx(share, abs=0.06)


def test_a_head_that_looks_back_alone_is_of_its_kind_under_a_causal_mask() -> None:
    causal = np.tri(16, dtype=np.bool_)
    evenly = causal / causal.sum(axis=1, keepdims=True)
    copy, following = evenly.copy(), evenly.copy()
    copy[8:], following[8:] = looking([[query - 8] for query in range(8, 16)], 16, share=1), 0
    following[8:] = looking([[query - 7] for query in range(8, 16)], 16, share=1)
    kinds = head_kinds(made(copy, following, evenly, mask=causal), TWICE, TWICE)
    assert kinds == (HeadKind("same token", 1.0), HeadKind("induction", 1.0), HeadKind("broad", 1.0))


def test_a_head_that_looks_ahead_alone_is_of_its_kind_where_the_mask_allows_it() -> None:
    ahead = np.tri(16, dtype=np.bool_).T
    copy = np.where(ahead, 1 / ahead.sum(axis=1, keepdims=True), 0)
    copy[:8] = looking([[query + 8] for query in range(8)], 16, share=1)
    assert head_kinds(made(copy, mask=ahead), TWICE, TWICE) == (HeadKind("same token", 1.0),)


def test_a_head_that_finds_itself_is_not_one_that_finds_its_token() -> None:
    copy, following = np.roll(np.eye(16), 8, axis=1), np.roll(np.eye(16), 9, axis=1)
    kinds = head_kinds(made(0.8 * np.eye(16) + 0.2 * copy, 0.8 * np.eye(16, k=1) + 0.2 * following), TWICE, TWICE)
    assert [kind.name for kind in kinds] == ["itself", "next token"]
    kinds = head_kinds(made(0.6 * np.eye(16) + 0.4 * copy, 0.6 * np.eye(16, k=1) + 0.4 * following), TWICE, TWICE)
    assert [kind.name for kind in kinds] == ["same token", "induction"], "from a third of the weight elsewhere on"


def test_where_every_token_is_the_same_none_is_found() -> None:
    even = np.full((16, 16), 1 / 16)
    kinds = head_kinds(made(even, looking([[0]] * 16, 16)), ("a",) * 16, ("a",) * 16)
    assert [kind.name for kind in kinds] == ["broad", "first token"]


def test_a_kind_that_too_few_queries_can_show_is_not_given() -> None:
    tokens = (*"abcdefghijklmno", "a")
    (kind,) = head_kinds(made(looking([[]] * 15 + [[0]], 16, share=1)), tokens, tokens)
    assert kind.name == "broad"


@pytest.mark.parametrize(("length", "name"), [(3, "mixed"), (4, "mixed"), (5, "previous token")])
def test_a_kind_is_judged_by_four_queries_at_least(length: int, name: str) -> None:
    (kind,) = head_kinds(made(looking([[query - 1] if query else [] for query in range(length)], length, share=1)))
    assert kind.name == name


def test_a_kind_that_a_small_share_of_the_queries_can_show_is_not_given() -> None:
    """Six of 40 queries find their token in another place, the others read evenly."""
    tokens = tuple(f"{query % 37}" for query in range(40))
    copies = looking(
        [[(query + 37) % 74 if query < 3 else query - 37] if query % 37 < 3 else [] for query in range(40)], 40
    )
    (kind,) = head_kinds(made(copies), tokens, tokens)
    assert kind.name == "broad"


def test_where_the_mask_leaves_one_key_a_head_is_not_named_for_it() -> None:
    assert kinds_of(Experiment(source="random", mask="window(1)")) == (HeadKind("broad", 1.0),) * 4


def test_a_head_that_sees_nothing_is_empty() -> None:
    kinds = kinds_of(Experiment(source="random", mask="h == 1"))
    assert [kind.name for kind in kinds] == ["empty", "broad", "empty", "empty"]
    assert math.isnan(kinds[0].score)


def test_queries_with_weights_that_are_no_numbers_are_left_out() -> None:
    back = looking([[query - 1] if query else [] for query in range(16)], 16)
    broken = back.copy()
    broken[3], broken[7, 2] = np.nan, np.inf
    (whole,), (rest,) = head_kinds(made(back)), head_kinds(made(broken))
    assert rest.name == "previous token"
    assert rest.score == pytest.approx(whole.score)
    assert 0 < head_scores(broken[None])["previous token"][0] < 1


# The sources


def test_the_samples_layer_0_head_2_looks_at_the_previous_token() -> None:
    kinds = kinds_of(Experiment(layer=0))
    assert [head for head, kind in enumerate(kinds) if kind.name == "previous token"] == [2]
    assert kinds[2].score > 0.99


def test_the_samples_first_token_heads_put_most_of_their_weight_there() -> None:
    for layer in range(6):
        weights = run(Experiment(layer=layer)).weights
        for head, kind in enumerate(kinds_of(Experiment(layer=layer))):
            if kind.name == "first token":
                assert kind.score == pytest.approx(weights[head, :, 0].mean(), abs=1e-5)
                assert kind.score > 0.5


@pytest.mark.parametrize("mask", ["full", "causal"])
@pytest.mark.parametrize("length", [8, 20, 40])
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_of_a_sequence_twice_over_even_heads_see_the_copy_and_odd_ones_are_induction_heads(
    mask: str, length: int, temperature: float
) -> None:
    experiment = Experiment(source="repeat", mask=mask, query_length=length, key_length=length, temperature=temperature)
    assert names_of(experiment) == ["same token", "induction"] * 2


@pytest.mark.parametrize("mask", ["full", "causal"])
def test_of_groups_that_find_each_other_every_head_is_a_same_token_head(mask: str) -> None:
    assert names_of(Experiment(source="clusters", mask=mask)) == ["same token"] * 4


@pytest.mark.parametrize("source", ["random", "projected"])
@pytest.mark.parametrize("mask", ["full", "causal"])
@pytest.mark.parametrize("scale", ["1/√d_k", "none"])
def test_random_heads_are_broad_or_mixed(source: str, mask: str, scale: str) -> None:
    """Also where a head puts all the weight of each query on one key, drawn at random."""
    for seed in range(20):
        width = 64 if source == "random" else 8
        names = names_of(Experiment(source=source, num_heads=8, head_dim=width, mask=mask, scale=scale, seed=seed))
        assert set(names) <= {"broad", "mixed"}


def test_random_heads_of_the_scaling_experiment_are_broad() -> None:
    assert set(names_of(Experiment(source="random", num_heads=40))) == {"broad"}


@quick
@given(read_texts())
def test_every_head_is_of_one_of_the_kinds_and_its_score_lies_from_0_to_1(read: tuple[Array, Tokens]) -> None:
    weights, tokens = read
    for kind in head_kinds(made(*weights), tokens, tokens):
        assert kind.name in KINDS
        assert 0 <= kind.score <= 1
