"""Presets: eight systems with labelled axes, and made numbers that do what they say."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attn_engine import PRESETS, Attention, Experiment, FieldError, Kind, Preset, inputs_of, parse, run

Array = NDArray[Any]

# From section 4 of the protocols: kind, queries, keys.
SYSTEMS = {
    "bert": ("self", "words", "the same words"),
    "vit": ("self", "image patches", "the same patches"),
    "gpt": ("self", "tokens", "the same tokens"),
    "longformer": ("self", "tokens", "the same tokens"),
    "bigbird": ("self", "tokens", "the same tokens"),
    "translation": ("cross", "target words", "source words"),
    "captioning": ("cross", "words", "image patches"),
    "diffusion": ("cross", "latent pixels", "prompt tokens"),
}

# By hand, from the papers: layers of the model shown, heads, width of a head, d_model.
REAL = {
    "bert": (12, 12, 64, 768),
    "vit": (12, 12, 64, 768),
    "gpt": (12, 12, 64, 768),
    "longformer": (12, 12, 64, 768),
    "bigbird": (12, 12, 64, 768),
    "translation": (6, 8, 64, 512),
    "captioning": (12, 12, 64, 768),
    "diffusion": (16, 8, 160, 1280),
}

every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
seeds = pytest.mark.parametrize("seed", [0, 1, 2])


def experiment(name: str, **fields: Any) -> Experiment:
    return replace(Experiment(source="preset", preset=name, mask=PRESETS[name].mask), **fields)


def attention(name: str, **fields: Any) -> Attention:
    return run(experiment(name, **fields))


def cells(grid: tuple[int, int] | None) -> Array:
    """The row and column of each position, (positions, 2)."""
    assert grid is not None
    return np.array([(row, column) for row in range(grid[0]) for column in range(grid[1])], dtype=float)


def spread(weights: Array, places: Array) -> float:
    """The mean distance of the places from their weighted middle; the weights need not sum to 1."""
    share = weights / weights.sum()
    middle = share @ places
    return float(share @ np.hypot(*(places - middle).T))


# The table


def test_there_are_the_eight_systems_of_the_protocols() -> None:
    assert {name: (p.kind, p.queries, p.keys) for name, p in PRESETS.items()} == SYSTEMS
    assert all(name == preset.name for name, preset in PRESETS.items())
    assert len({preset.title for preset in PRESETS.values()}) == 8


@every_preset
def test_heads_and_widths_are_those_of_the_papers_and_what_was_scaled_down_is_said(preset: Preset) -> None:
    layers, heads, head_dim, model = REAL[preset.name]
    assert (preset.heads, preset.head_dim, preset.heads * preset.head_dim) == (heads, head_dim, model)
    said = re.findall(r"[\d,]*\d", preset.scaled_down)
    assert {str(layers), str(heads), str(head_dim)} <= set(said)
    assert re.search(r"\d{4}", preset.source_paper)


@pytest.mark.parametrize(
    ("name", "real", "here"),
    [
        ("bert", "512", 11),
        ("gpt", "1,024", 14),
        ("longformer", "4,096", 32),
        ("bigbird", "4,096", 32),
        ("vit", "14 × 14", 49),
        ("captioning", "24 × 24", 36),
        ("diffusion", "77", 16),
    ],
)
def test_the_real_length_is_said_beside_that_shown(name: str, real: str, here: int) -> None:
    preset = PRESETS[name]
    shown = "{} × {}".format(*preset.key_grid) if preset.key_grid else str(here)
    assert preset.key_length == here
    assert real in preset.scaled_down
    assert shown in preset.scaled_down


@every_preset
def test_a_mask_is_a_rule_of_the_notation_in_its_canonical_text(preset: Preset) -> None:
    assert str(parse(preset.mask, Kind.MASK)) == preset.mask


@every_preset
def test_within_one_sequence_both_axes_are_the_same_and_across_two_they_are_not(preset: Preset) -> None:
    same = preset.query_labels == preset.key_labels and preset.query_grid == preset.key_grid
    assert same == (preset.kind == "self")


@every_preset
def test_a_grid_has_a_position_for_each_cell_labelled_by_row_and_column(preset: Preset) -> None:
    for grid, labels in ((preset.query_grid, preset.query_labels), (preset.key_grid, preset.key_labels)):
        if grid is None:
            assert not any(re.fullmatch(r"\d+,\d+", label) for label in labels)
        else:
            assert labels == tuple(f"{int(row)},{int(column)}" for row, column in cells(grid))
    assert (preset.query_grid is not None) == (preset.queries in ("image patches", "latent pixels"))


# The inputs


@every_preset
def test_every_preset_runs_with_its_labels_its_heads_and_its_widths(preset: Preset) -> None:
    given, found = inputs_of(experiment(preset.name)), attention(preset.name)
    assert found.weights.shape == (preset.heads, preset.query_length, preset.key_length)
    assert found.key.shape == found.value.shape == (preset.heads, preset.key_length, preset.head_dim)
    assert (given.query_tokens, given.key_tokens) == (preset.query_labels, preset.key_labels)
    assert (given.query_grid, given.key_grid) == (preset.query_grid, preset.key_grid)
    assert found.scale == pytest.approx(1 / math.sqrt(preset.head_dim))
    assert np.allclose(found.weights.sum(axis=-1), 1, atol=1e-5)


def test_a_preset_decides_its_shape_and_only_its_seed_is_left() -> None:
    fields: dict[str, Any] = {
        "query_length": 2**20,
        "key_length": 0,
        "num_heads": 3,
        "num_key_heads": 2,
        "head_dim": 5,
        "rope": "on",
        "layer": 7,
        "capture_set": "cross",
        "batch_item": 1,
    }
    assert inputs_of(experiment("gpt")).fixed == fields.keys()
    assert np.array_equal(attention("gpt", **fields).weights, attention("gpt").weights)


def test_only_presets_have_grids() -> None:
    for source in ("sample", "random", "cross"):
        given = inputs_of(Experiment(source=source, preset="vit"))
        assert given.query_grid is given.key_grid is None


@pytest.mark.parametrize("name", ["", "BERT", "bart", "full"])
def test_another_preset_is_refused_with_what_is_possible(name: str) -> None:
    with pytest.raises(FieldError, match="is no preset; possible are bert, vit, gpt, longformer") as caught:
        run(Experiment(source="preset", preset=name))
    assert caught.value.field == "preset"


@every_preset
def test_a_seed_makes_the_same_numbers_again_and_another_seed_others(preset: Preset) -> None:
    first, again, other = (inputs_of(experiment(preset.name, seed=seed)) for seed in (5, 5, 6))
    for name in ("query", "key", "value"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert np.mean(getattr(first, name) == getattr(other, name)) < 0.01


def test_turning_from_one_preset_to_another_makes_it() -> None:
    found = [inputs_of(experiment(name)).key_tokens for name in ("bert", "gpt", "bert")]
    assert found == [PRESETS[name].key_labels for name in ("bert", "gpt", "bert")]


# The masks


@every_preset
def test_every_query_sees_a_key(preset: Preset) -> None:
    assert np.broadcast_to(attention(preset.name).mask, attention(preset.name).weights.shape).any(axis=-1).all()


PADDED = [label == "<pad>" for label in PRESETS["translation"].key_labels]

ORACLES: defaultdict[str, Callable[[int, int], bool]] = defaultdict(lambda: lambda query, key: True)
"""Who may look where, as the papers say; elsewhere everyone."""

ORACLES |= {
    "gpt": lambda query, key: key <= query,
    "longformer": lambda query, key: abs(query - key) <= 2 or 0 in (query, key),
    "translation": lambda query, key: not PADDED[key],
}


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"bigbird"}))
def test_who_may_look_where_is_as_in_the_papers(name: str) -> None:
    mask = attention(name).mask_of(0)
    queries, keys = mask.shape
    assert mask.tolist() == [[ORACLES[name](query, key) for key in range(keys)] for query in range(queries)]


def test_bigbird_has_first_and_last_block_three_neighbours_and_one_at_random() -> None:
    blocks = attention("bigbird").mask_of(0).reshape(16, 2, 16, 2)
    seen = np.asarray(blocks.all(axis=(1, 3)))
    assert np.array_equal(seen, blocks.any(axis=(1, 3)))
    near = np.abs(np.subtract.outer(range(16), range(16))) <= 1
    near[[0, -1]] = near[:, [0, -1]] = True
    assert seen[near].all()
    assert (seen & ~near).sum(axis=-1).max() == 1
    assert (seen & ~near).sum() > 5


def test_padding_gets_no_weight() -> None:
    assert sum(PADDED) == 3
    assert (attention("translation").weights[..., PADDED] == 0).all()


# What the made numbers show


@pytest.mark.parametrize("name", ["bert", "gpt", "longformer", "bigbird", "translation"])
@seeds
def test_a_word_looks_near_its_own_place(name: str, seed: int) -> None:
    found = attention(name, seed=seed)
    seen = found.mask_of(0) / found.mask_of(0).sum(axis=-1, keepdims=True)
    queries, keys = seen.shape
    distance = np.abs(np.subtract.outer(range(queries), range(keys)))
    assert (found.weights * distance).sum(axis=-1).mean() < 0.5 * (seen * distance).sum(axis=-1).mean()


@seeds
def test_a_translation_is_about_a_diagonal(seed: int) -> None:
    heaviest = attention("translation", seed=seed).weights[0].argmax(axis=-1)
    off = np.abs(heaviest - np.arange(10))
    assert off.max() <= 2
    assert off.mean() <= 0.7


@seeds
def test_a_patch_looks_at_the_patches_around_it(seed: int) -> None:
    weights, places = attention("vit", seed=seed).weights, cells((7, 7))
    distance = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert (weights * distance).sum(axis=-1).mean() < 0.5 * distance.mean()
    assert np.mean(weights[0].argmax(axis=-1) == range(49)) > 0.9


@seeds
def test_a_word_of_a_caption_looks_at_one_part_of_the_picture(seed: int) -> None:
    weights, places = attention("captioning", seed=seed).weights, cells((6, 6))
    found = [spread(row, places) for row in weights.reshape(-1, 36)]
    assert max(found) < spread(np.ones(36), places)
    assert np.mean(found) < 0.6 * spread(np.ones(36), places)


@seeds
def test_words_of_a_caption_look_at_different_parts(seed: int) -> None:
    assert len(set(attention("captioning", seed=seed).weights[0].argmax(axis=-1))) >= 6


def test_another_seed_puts_the_words_of_a_caption_elsewhere() -> None:
    heaviest = [attention("captioning", seed=seed).weights[0].argmax(axis=-1) for seed in range(4)]
    for one, other in combinations(heaviest, 2):
        assert np.hypot(*(cells((6, 6))[one] - cells((6, 6))[other]).T).mean() > 1.5


PLACED = [label not in ("<start>", "<end>") for label in PRESETS["diffusion"].key_labels]


def test_a_prompt_token_is_read_by_one_part_of_the_picture() -> None:
    """On average: a token whose place lies between others' has little left, here and there."""
    columns = [attention("diffusion", seed=seed).weights[..., PLACED].swapaxes(-1, -2) for seed in range(10)]
    found = [spread(column, cells((8, 8))) for column in np.reshape(columns, (-1, 64))]
    assert np.mean(found) < 0.7 * spread(np.ones(64), cells((8, 8)))


@seeds
def test_start_end_and_padding_of_a_prompt_have_no_place_and_are_hardly_read(seed: int) -> None:
    received = attention("diffusion", seed=seed).weights.mean(axis=(0, 1))
    assert received[~np.array(PLACED)].max() < received[PLACED].min()


@seeds
def test_heads_look_a_little_off_in_different_directions(seed: int) -> None:
    places = cells((7, 7))
    inner = [at for at, place in enumerate(places) if (np.abs(place - 3) <= 1).all()]
    middles = (attention("vit", seed=seed).weights @ places - places)[:, inner].mean(axis=1)
    for head, (row, column) in enumerate([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (0, 0), (-1, 0)]):
        assert np.abs(middles[head] - (row, column)).max() < 0.5


def test_heads_of_a_sentence_look_at_most_two_words_off() -> None:
    weights = np.mean([attention("longformer", seed=seed, mask="full").weights for seed in range(20)], axis=0)
    for head, off in enumerate([0, -1, 1, -2, 2, 0, -1]):
        assert (weights[head].argmax(axis=-1)[4:-4] == np.arange(4, 28) + off).mean() > 0.7


def test_equal_words_find_each_other_from_afar_in_heads_that_look_at_their_own_place() -> None:
    words = PRESETS["gpt"].key_labels
    same = [words[at] == words[at + 7] for at in range(7)]
    assert sum(same) == 4
    scores = np.mean([attention("gpt", seed=seed).scaled for seed in range(10)], axis=0)
    apart = np.diagonal(scores, offset=7, axis1=1, axis2=2)  # (heads, 7)
    more = apart[:, same].mean(axis=-1) - apart[:, np.logical_not(same)].mean(axis=-1)
    own = [head % 5 == 0 for head in range(12)]
    assert more[own].min() > 0.7
    assert np.abs(more[np.logical_not(own)]).max() < 0.4


@every_preset
def test_no_row_is_all_but_one_key(preset: Preset) -> None:
    weights = attention(preset.name, mask="full").weights
    assert 0.1 < weights.max(axis=-1).mean() < 0.7
