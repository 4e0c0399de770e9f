"""Sources: the shipped sample, what each made source is for, and that growing leaves numbers as they were."""

from __future__ import annotations

import math
import tracemalloc
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import SOURCES, Experiment, FieldError, Inputs, attend, draws, inputs_of, run, sources
from attn_engine.draws import normal
from attn_engine.experiment import MAX_INPUTS, MAX_SCORES

Array = NDArray[Any]

MADE = tuple(name for name in SOURCES if name not in ("sample", "file"))
SIZED = tuple(name for name in MADE if name != "preset")
"""Made sources of any size; a preset has its own, tested with the presets."""

ARRAYS = ("query", "key", "value")


@pytest.fixture(scope="module")
def recorded() -> dict[str, Array]:
    with files("attn_engine").joinpath("data/minilm-animal.npz").open("rb") as file, np.load(file) as arrays:
        return dict(arrays)


def made(source: str, **fields: Any) -> Inputs:
    draws._kept.clear()  # drawn anew, not taken from what is there
    return sources.inputs(Experiment(source=source, **fields))


# The sample


@pytest.mark.parametrize("layer", range(6))
def test_the_sample_gives_the_attention_that_the_model_had(recorded: dict[str, Array], layer: int) -> None:
    attention = run(Experiment(layer=layer))
    assert recorded["attention"].shape == (6, 12, 16, 16)
    assert attention.weights.dtype == np.float32
    assert np.abs(attention.weights - recorded["attention"][layer]).max() < 2e-6


def test_the_sample_is_what_opens_first_with_its_words_as_labels(recorded: dict[str, Array]) -> None:
    given = inputs_of(Experiment())
    assert Experiment().source == "sample"
    assert given.query_tokens == given.key_tokens == tuple(recorded["tokens"].tolist())
    assert given.query_tokens[:3] == ("[CLS]", "the", "animal")
    assert given.num_layers == 6
    for name in ARRAYS:
        assert np.array_equal(getattr(given, name), recorded[name][Experiment().layer])


def test_in_layer_3_head_1_it_looks_at_animal() -> None:
    tokens = inputs_of(Experiment()).key_tokens
    row = run(Experiment(layer=3)).weights[1, tokens.index("it")].tolist()
    top = sorted(zip(row, tokens, strict=True), reverse=True)[:4]
    assert [token for _, token in top] == ["animal", "[CLS]", "it", "street"]
    assert [round(weight, 3) for weight, _ in top] == [0.677, 0.102, 0.064, 0.050]
    assert -math.fsum(w * math.log(w) for w in row) == pytest.approx(1.26, abs=0.005)


def test_in_layer_0_head_2_every_token_looks_at_the_one_before() -> None:
    weights = run(Experiment(layer=0)).weights[2]
    assert (np.diagonal(weights, offset=-1) >= 0.99).all()


def test_the_sample_decides_its_own_size() -> None:
    fields: dict[str, Any] = dict.fromkeys(
        ("query_length", "key_length", "num_heads", "num_key_heads", "head_dim", "seed"), 3
    )
    fields["rope"] = "on"
    fields |= {"capture_set": "cross", "batch_item": 1}
    assert inputs_of(Experiment()).fixed == fields.keys()
    assert np.array_equal(run(Experiment(**fields)).weights, run(Experiment()).weights)


@pytest.mark.parametrize("layer", [-2, 6, 100])
def test_a_layer_that_the_sample_does_not_have_is_refused(layer: int) -> None:
    with pytest.raises(FieldError, match=rf"^{layer} .*layer.* 0 … 5") as caught:
        run(Experiment(layer=layer))
    assert caught.value.field == "layer"


# Made sources


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "file"])
def test_every_name_of_the_table_is_a_function(name: str) -> None:
    given = getattr(sources, name)(Experiment(source=name))
    assert isinstance(given, Inputs)
    assert given.query.dtype == given.key.dtype == given.value.dtype == np.float32


@pytest.mark.parametrize("source", SIZED)
@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (5, 9), (9, 5), (40, 3)])
@pytest.mark.parametrize(("heads", "head_dim"), [(1, 1), (3, 7), (2, 65)])
def test_made_sources_have_the_shapes_asked_for(
    source: str, queries: int, keys: int, heads: int, head_dim: int
) -> None:
    experiment = Experiment(source=source, query_length=queries, key_length=keys, num_heads=heads, head_dim=head_dim)
    given = sources.inputs(experiment)
    assert given.query.shape == (heads, queries, head_dim)
    assert given.key.shape == given.value.shape == (heads, keys, head_dim)
    assert all(np.isfinite(getattr(given, name)).all() for name in ARRAYS)
    assert len(given.query_tokens) in (0, queries)
    assert len(given.key_tokens) in (0, keys)
    assert run(experiment).weights.shape == (heads, queries, keys)


@pytest.mark.parametrize("source", SIZED)
def test_a_made_source_has_one_layer_and_says_so(source: str) -> None:
    given = made(source)
    assert given.num_layers == 1
    assert given.fixed == {"layer", "capture_set", "batch_item"}
    assert np.array_equal(made(source, layer=5).query, given.query)


@pytest.mark.parametrize("source", MADE)
def test_the_same_experiment_gives_the_same_numbers(source: str) -> None:
    first, second = made(source, seed=7), made(source, seed=7)
    assert all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ARRAYS)


@pytest.mark.parametrize("source", MADE)
def test_another_seed_gives_other_numbers(source: str) -> None:
    first, second = made(source, seed=0), made(source, seed=1)
    by_seed = ("value",) if source == "positions" else ARRAYS
    for name in by_seed:
        assert np.mean(getattr(first, name) == getattr(second, name)) < 0.01, name


def test_no_two_arrays_heads_or_blocks_share_their_numbers() -> None:
    given = made("random", query_length=30, key_length=30, num_heads=3, head_dim=192)
    streams = [
        getattr(given, name)[head, :, at : at + 64] for name in ARRAYS for head in range(3) for at in (0, 64, 128)
    ]
    likeness = np.corrcoef([stream.ravel() for stream in streams])
    assert np.abs(likeness - np.eye(27)).max() < 0.12  # 1920 numbers each: a deviation of 0.023


# Growing leaves the numbers that were there as they were

GROWING: dict[str, tuple[str, ...]] = {
    "random": ("query_length", "key_length", "num_heads", "head_dim"),
    "projected": ("query_length", "key_length"),
    "cross": ("query_length", "key_length"),
    "positions": ("query_length", "key_length", "num_heads"),
    "clusters": ("query_length", "key_length", "num_heads"),
    "repeat": ("query_length", "num_heads"),
}
"""The fields that only add numbers. Others are part of the source: d_model, a wavelength, the period of a repeat."""


@pytest.mark.parametrize(
    ("source", "field"), [(source, field) for source, fields in GROWING.items() for field in fields]
)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_growing_leaves_the_numbers_that_were_there(source: str, field: str, data: st.DataObject) -> None:
    projections = source in ("projected", "cross")
    widest = 20 if projections else 150
    sizes = {"query_length": 30, "key_length": 30, "num_heads": 4, "head_dim": widest}
    fields = {name: data.draw(st.integers(1, most), label=name) for name, most in sizes.items()}
    more = fields | {field: fields[field] + data.draw(st.integers(1, 2 * sizes[field]), label="more")}
    before, after = made(source, **fields), made(source, **more)
    for name in ARRAYS:
        small, large = getattr(before, name), getattr(after, name)
        kept = large[tuple(map(slice, small.shape))]
        # a projection is a matrix product, whose last digit may depend on the shape
        assert np.allclose(kept, small, rtol=0, atol=1e-5) if projections else np.array_equal(kept, small)
    assert after.query_tokens[: len(before.query_tokens)] == before.query_tokens
    assert after.key_tokens[: len(before.key_tokens)] == before.key_tokens


@pytest.mark.parametrize("head_dim", [1, 63, 64, 65, 128, 200])
def test_narrow_arrays_are_the_first_columns_of_wide_ones(head_dim: int) -> None:
    wide, narrow = made("random", head_dim=256), made("random", head_dim=head_dim)
    for name in ARRAYS:
        assert np.array_equal(getattr(wide, name)[..., :head_dim], getattr(narrow, name))


def test_turning_queries_from_20_to_21_leaves_the_first_20_as_they_were() -> None:
    before, after = made("random", query_length=20), made("random", query_length=21)
    assert np.array_equal(after.query[:, :20], before.query)
    assert np.array_equal(after.key, before.key)
    assert np.array_equal(after.value, before.value)


# What each is for


def test_random_numbers_are_normal() -> None:
    given = made("random", query_length=200, key_length=200, num_heads=4, head_dim=128)
    for name in ARRAYS:
        numbers = getattr(given, name).astype(np.float64).ravel()  # 102,400 of them
        assert numbers.mean() == pytest.approx(0, abs=0.0125)  # four standard errors each
        assert numbers.var() == pytest.approx(1, abs=0.018)
        assert (numbers**3).mean() == pytest.approx(0, abs=0.05)
        assert (numbers**4).mean() == pytest.approx(3, abs=0.125)
        assert np.mean(np.abs(numbers) < 1) == pytest.approx(math.erf(math.sqrt(0.5)), abs=0.006)


def test_projections_have_variance_2_and_their_heads_share_one_sequence() -> None:
    """q = x·W with x ~ N(0,1) and W of variance 2/d_model: the variance of q is 2."""
    fields: dict[str, Any] = {"query_length": 30, "key_length": 20, "num_heads": 4, "head_dim": 16}
    squares = [np.mean(made("projected", seed=seed, **fields).query ** 2.0) for seed in range(40)]
    error = np.std(squares) / math.sqrt(len(squares))
    assert abs(np.mean(squares) - 2) < 4 * error < 0.2
    given = made("projected", **fields)
    sequence = normal("x", 30, 64, Experiment(num_heads=1, seed=0))[0]
    for name, length in (("query", 30), ("key", 20), ("value", 20)):
        _, residue, rank, _ = np.linalg.lstsq(sequence[:length], np.concatenate(getattr(given, name), axis=-1))
        assert rank == length
        assert np.allclose(residue, 0)


def test_projected_attention_ends_in_w_o() -> None:
    given = made("projected", num_heads=4, head_dim=8, query_length=5)
    attention = run(Experiment(source="projected", num_heads=4, head_dim=8, query_length=5))
    w_o = given.output_projection
    assert w_o is not None
    assert w_o.shape == (32, 32)
    assert w_o.var() == pytest.approx(2 / 32, rel=0.2)
    expected = attend(given.query, given.key, given.value, output_projection=w_o).projected
    assert attention.projected is not None
    assert expected is not None
    assert np.array_equal(attention.projected, expected)
    joined = np.concatenate(attention.output, axis=-1)
    assert np.allclose(attention.projected, joined @ w_o, atol=1e-5)


def test_only_projected_attention_has_an_output_projection() -> None:
    for source in set(SOURCES) - {"projected", "cross", "file"}:
        assert run(Experiment(source=source)).projected is None


CROSS: dict[str, Any] = {"query_length": 5, "key_length": 9, "num_heads": 2, "head_dim": 3, "seed": 4}


def multiplied(rows: Array, matrix: Array) -> list[list[float]]:
    """rows · matrix, number by number."""
    columns = [[float(number) for number in column] for column in matrix.T]
    return [[math.fsum(float(a) * b for a, b in zip(row, column, strict=True)) for column in columns] for row in rows]


def test_across_queries_are_of_one_sequence_and_keys_and_values_of_another() -> None:
    given, width = made("cross", **CROSS), math.sqrt(2 / 6)
    heads, one = Experiment(num_heads=2, seed=4), Experiment(num_heads=1, seed=4)
    x, y = normal("x", 5, 6, one)[0], normal("y", 9, 6, one)[0]
    for array, weights, sequence in (("query", "w_q", x), ("key", "w_k", y), ("value", "w_v", y)):
        for head, matrix in enumerate(normal(weights, 6, 3, heads)):
            expected = multiplied(sequence, matrix * width)
            assert np.allclose(getattr(given, array)[head], expected, atol=1e-5), array


@pytest.mark.parametrize("lengths", [(5, 9), (9, 5), (7, 7)])
def test_across_and_within_differ_only_in_where_keys_and_values_come_from(lengths: tuple[int, int]) -> None:
    sizes = CROSS | {"query_length": lengths[0], "key_length": lengths[1]}
    within, across = made("projected", **sizes), made("cross", **sizes)
    assert np.allclose(across.query, within.query, atol=1e-5)
    assert across.output_projection is not None
    assert within.output_projection is not None
    assert np.array_equal(across.output_projection, within.output_projection)
    for name in ("key", "value"):
        assert np.mean(np.isclose(getattr(across, name), getattr(within, name), atol=1e-3)) < 0.1


@pytest.mark.parametrize("head_dim", [16, 64])
def test_by_position_head_h_looks_h_back(head_dim: int) -> None:
    attention = run(Experiment(source="positions", head_dim=head_dim, num_heads=4, query_length=30, key_length=30))
    for head in range(4):
        assert attention.weights[head, head:].argmax(axis=-1).tolist() == list(range(30 - head))


def test_by_position_near_keys_get_more_than_far_ones() -> None:
    weights = run(Experiment(source="positions", query_length=30, key_length=30)).weights[0]
    for query in range(30):
        order = sorted(range(30), key=lambda key, query=query: abs(key - query))  # type: ignore[misc]
        near, far = order[:10], order[20:]
        assert weights[query, near].min() > weights[query, far].max()


def test_a_position_code_has_a_sine_and_a_cosine_of_each_wavelength() -> None:
    given = made("positions", head_dim=8, num_heads=3, query_length=9, key_length=6)
    for position in range(6):
        angles = [position / 10000 ** (pair / 4) for pair in range(4)]
        code = [part for angle in angles for part in (math.sin(angle), math.cos(angle))]
        assert given.key[:, position].tolist() == [pytest.approx(code, abs=1e-6)] * 3
        for head in range(3):
            assert given.query[head, position + head].tolist() == pytest.approx(code, abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_members_of_a_cluster_find_each_other(seed: int) -> None:
    experiment = Experiment(source="clusters", seed=seed, query_length=24, key_length=32, num_heads=3)
    given, weights = inputs_of(experiment), run(experiment).weights
    same = np.array([[query == key for key in given.key_tokens] for query in given.query_tokens])
    assert set(given.key_tokens) == set("ABCD")
    within = np.where(same, weights, 0).sum(axis=-1)
    assert (within[:, same.any(axis=-1)] > 0.5).all()
    assert within.mean() > 0.85


def test_a_clusters_labels_are_those_of_one_sequence() -> None:
    given = made("clusters", query_length=7, key_length=12)
    assert given.query_tokens == given.key_tokens[:7]


@pytest.mark.parametrize("keys", [20, 21, 40])
@pytest.mark.parametrize("seed", range(4))
def test_in_a_repeat_even_heads_see_the_copy_and_odd_heads_what_followed(keys: int, seed: int) -> None:
    fields: dict[str, Any] = {"query_length": keys, "key_length": keys, "num_heads": 4, "seed": seed}
    experiment = Experiment(source="repeat", **fields)
    given, weights = inputs_of(experiment), run(experiment).weights
    period = (keys + 1) // 2
    tokens = given.key_tokens
    assert given.query_tokens == tokens
    assert len(set(tokens)) == period
    assert tokens[period:] == tokens[: keys - period]
    for head in range(4):
        for query in range(keys):
            # the sequence is a ring: before its first token stands its last
            wanted = [key for key in range(keys) if tokens[key - head % 2] == tokens[query]]
            others = sorted(set(range(keys)) - set(wanted))
            assert len(wanted) in (1, 2, 3)
            assert weights[head, query, wanted].min() > weights[head, query, others].max(), (head, query)
        assert weights[head].max(axis=-1).mean() > 5 / keys


def test_the_tokens_of_a_repeat_are_letters_as_in_a_spreadsheet() -> None:
    tokens = made("repeat", key_length=1500, query_length=2, num_heads=1, head_dim=1).key_tokens
    assert tokens[:3] == ("A", "B", "C")
    assert tokens[24:29] == ("Y", "Z", "AA", "AB", "AC")
    assert tokens[701:704] == ("ZZ", "AAA", "AAB")
    assert tokens[750] == "A"


# Heads that share their keys and values


@pytest.mark.parametrize("source", SIZED)
@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_fewer_key_heads_have_the_first_of_the_keys_and_values_there_were(source: str, key_heads: int) -> None:
    sizes: dict[str, Any] = {"query_length": 12, "key_length": 12, "num_heads": 4, "head_dim": 16}
    every, few = made(source, **sizes), made(source, num_key_heads=key_heads, **sizes)
    assert few.query.shape == (4, 12, 16)
    assert few.key.shape == few.value.shape == (key_heads, 12, 16)
    assert np.allclose(few.key, every.key[:key_heads], atol=1e-5)
    assert np.allclose(few.value, every.value[:key_heads], atol=1e-5)
    weights = run(Experiment(source=source, num_key_heads=key_heads, **sizes)).weights
    for head in range(4):
        shared = slice(head * key_heads // 4, head * key_heads // 4 + 1)
        alone = attend(few.query[head : head + 1], few.key[shared], few.value[shared])
        assert np.allclose(weights[head], alone.weights[0], atol=1e-6)


@pytest.mark.parametrize("source", ["random", "projected", "cross", "positions"])
def test_where_heads_share_keys_their_queries_stay_as_they_were(source: str) -> None:
    every, few = made(source, num_heads=4), made(source, num_heads=4, num_key_heads=2)
    assert np.array_equal(few.query, every.query)


def test_heads_that_share_a_cluster_find_its_members() -> None:
    experiment = Experiment(source="clusters", num_heads=4, num_key_heads=2, query_length=24, key_length=24)
    tokens, weights = inputs_of(experiment).key_tokens, run(experiment).weights
    same = np.array([[query == key for key in tokens] for query in tokens])
    assert np.where(same, weights, 0).sum(axis=-1).mean() > 0.85


@pytest.mark.parametrize(
    ("heads", "key_heads", "possible"), [(4, 3, "1, 2, 4, and 0"), (3, 6, "1, 3, and 0"), (2, -1, "1, 2")]
)
def test_key_heads_that_cannot_be_shared_evenly_are_refused(heads: int, key_heads: int, possible: str) -> None:
    with pytest.raises(
        FieldError, match=rf"{heads} heads cannot share {key_heads} key heads evenly.*{possible}"
    ) as caught:
        run(Experiment(source="random", num_heads=heads, num_key_heads=key_heads))
    assert caught.value.field == "num_key_heads"


# Rotation by position


def rotated_by_hand(vector: Array, position: int) -> list[float]:
    width = len(vector)
    turned = [float(number) for number in vector]
    for pair in range(width // 2):
        angle = position * 10000 ** (-2 * pair / width)
        x, y = turned[2 * pair], turned[2 * pair + 1]
        turned[2 * pair] = x * math.cos(angle) - y * math.sin(angle)
        turned[2 * pair + 1] = x * math.sin(angle) + y * math.cos(angle)
    return turned


@pytest.mark.parametrize("align", ["left", "right"])
@pytest.mark.parametrize("head_dim", [1, 2, 7, 8])
def test_queries_and_keys_are_turned_pair_by_pair_and_values_are_not(align: Any, head_dim: int) -> None:
    experiment = Experiment(source="random", query_length=3, key_length=5, head_dim=head_dim, rope="on", align=align)
    plain, given = sources.inputs(experiment), inputs_of(experiment)
    shift = 2 if align == "right" else 0
    for query in range(3):
        expected = rotated_by_hand(plain.query[1, query], query + shift)
        assert given.query[1, query].tolist() == pytest.approx(expected, abs=1e-6)
    for key in range(5):
        assert given.key[1, key].tolist() == pytest.approx(rotated_by_hand(plain.key[1, key], key), abs=1e-6)
    assert np.array_equal(given.value, plain.value)


def test_rotated_scores_depend_on_distance_alone() -> None:
    one = np.ones((1, 40, 16), dtype=np.float32)
    given = sources.rotated(Inputs(one, one, one), "left")
    scores = (given.query @ np.swapaxes(given.key, -1, -2))[0]
    for distance in range(40):
        assert np.ptp(np.diagonal(scores, -distance)) < 1e-4
    assert scores[0, 0] == pytest.approx(16)
    assert scores[30, 0] < 12


def test_a_rotation_that_is_none_is_refused() -> None:
    with pytest.raises(FieldError, match="rope is 'spiral'; possible are off, on"):
        run(Experiment(source="random", rope="spiral"))


# What cannot be had

TOO_LARGE: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"num_heads": 4, "query_length": 4096, "key_length": 4096},
        ["4 heads × 4,096 queries × 4,096 keys", "67,108,864 scores", f"{MAX_SCORES:,}"],
    ),
    ({"query_length": 2**20, "key_length": 2**20}, ["4,398,046,511,104 scores", f"{MAX_SCORES:,}"]),
    (
        {"num_heads": 1, "query_length": 100, "key_length": 50, "head_dim": 2**20},
        ["1 heads × 200 positions × d_k 1,048,576", "209,715,200 numbers", f"{MAX_INPUTS:,}"],
    ),
    (
        {"num_heads": 1, "query_length": 1, "key_length": 2**20, "head_dim": 1},
        ["2,097,153 positions", "d_k 1 (drawn 64 wide)", "134,217,792", f"{MAX_INPUTS:,}"],
    ),
]


@pytest.mark.parametrize("source", SIZED)
@pytest.mark.parametrize(("fields", "parts"), TOO_LARGE)
def test_what_is_too_large_is_refused_with_the_arithmetic(
    source: str, fields: dict[str, Any], parts: list[str]
) -> None:
    assert_refused_without_memory(Experiment(source=source, **fields), parts)


@pytest.mark.parametrize("source", ["projected", "cross"])
@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"num_heads": 8, "head_dim": 4096}, ["8 heads × d_k 4,096", "width 32,768", "4,294,967,296 numbers"]),
        ({"num_heads": 4096, "head_dim": 1, "query_length": 1, "key_length": 1}, ["width 4,096", "at most"]),
    ],
)
def test_projections_that_are_too_large_are_refused(source: str, fields: dict[str, Any], parts: list[str]) -> None:
    assert_refused_without_memory(Experiment(source=source, **fields), parts)


def assert_refused_without_memory(experiment: Experiment, parts: list[str]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="at most") as caught:
            run(experiment)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for part in parts:
        assert part in str(caught.value)
    assert peak < 2**20


def test_the_largest_sizes_are_had() -> None:
    given = made("random", num_heads=1, query_length=2**15, key_length=2**9, head_dim=1)
    assert given.query.shape == (1, 2**15, 1)


@pytest.mark.parametrize("source", SIZED)
@pytest.mark.parametrize("field", ["query_length", "key_length", "num_heads", "head_dim"])
@pytest.mark.parametrize("size", [0, -1])
def test_an_empty_experiment_is_refused(source: str, field: str, size: int) -> None:
    fields: dict[str, Any] = {field: size}
    with pytest.raises(ValueError, match=rf"(^|\s){size}\b.*at least 1"):
        run(Experiment(source=source, **fields))


@pytest.mark.parametrize("source", ["", "smaple", "inputs", "normal", "math", "np", "Inputs", "_values"])
def test_another_source_is_refused_with_what_is_possible(source: str) -> None:
    with pytest.raises(FieldError, match="source") as caught:
        run(Experiment(source=source))
    assert caught.value.field == "source"
    assert repr(source) in str(caught.value)
    assert all(name in str(caught.value) for name in SOURCES)


@pytest.mark.parametrize("source", MADE)
def test_a_seed_below_0_is_refused(source: str) -> None:
    with pytest.raises(FieldError, match=r"^-1 is no seed; possible are 0 …") as caught:
        run(Experiment(source=source, seed=-1))
    assert caught.value.field == "seed"
