"""The catalogue: every rule against a plain definition of its own, and the promises of the table."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from attn_engine.catalogue import ENTRIES, Entry, Lengths, alibi_slopes, entries, names
from attn_engine.notation import Grid, Kind, Rule, RuleError, evaluate, expand, parse
from attn_engine.notation.parser import entry_body
from attn_engine.notation.tree import Name, Named, Number, walk
from attn_engine.notation.words import FUNCTIONS, POSITIONS, SPELLINGS

FAR = 40
GRIDS = [(9, 9, "left"), (3, 8, "left"), (3, 8, "right"), (8, 3, "left"), (8, 3, "right"), (1, 12, "right")]


def picture(text: str, queries: int, keys: int, align: Any = "left") -> list[str]:
    grid = Grid.of(queries, keys, align=align)
    return ["".join("·█"[int(cell)] for cell in row) for row in grid.spread(evaluate(parse(text), grid))]


# Definitions, cell by cell and in other words than the table's


def blocks(size: int) -> list[range]:
    return [range(start, start + size) for start in range(-size * FAR, size * FAR, size)]


def together(q: int, k: int, size: int) -> bool:
    return any(q in block and k in block for block in blocks(size))


def last_of_block(k: int, size: int, count: int) -> bool:
    return any(k in block[size - count :] for block in blocks(size))


def place(position: int, width: int) -> tuple[int, int]:
    """Row and column, found by walking."""
    row = 0
    while position < 0 or position >= width:
        step = 1 if position >= width else -1
        position, row = position - step * width, row + step
    return row, position


def strided_keys(q: int, stride: int) -> set[int]:
    return {q + step * stride for step in range(-FAR, FAR)}


def factorised(q: int, k: int, first: set[int], second: set[int]) -> bool:
    """Sparse Transformer: two sets of keys for query i, none of them later than i."""
    return k <= q and k in first | second


def splitmix(*values: int) -> float:
    state, word = 0, 2**64
    for value in values:
        state = ((state ^ (value % word)) + 0x9E3779B97F4A7C15) % word
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % word
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % word
        state = state ^ (state >> 31)
    return (state >> 11) / 2**53


MASKS: dict[str, tuple[Callable[..., bool], list[tuple[float, ...]]]] = {
    "full": (lambda q, k: True, [()]),
    "causal": (lambda q, k: k in range(q + 1), [()]),
    "window": (lambda q, k, w=4: k in range(q - w + 1, q + 1), [(), (1,), (3,), (100,), (0,)]),
    "local": (lambda q, k, r=3: k in range(q - r, q + r + 1), [(), (0,), (2,)]),
    "dilated": (
        lambda q, k, r=3, d=2: k in {q + d * step for step in range(-r, r + 1)},
        [(), (1,), (2, 3), (3, 1), (0, 5)],
    ),
    "global": (lambda q, k, g=1: q not in range(g, FAR) or k not in range(g, FAR), [(), (3,)]),
    "sink": (lambda q, k, g=4: k in range(g), [(), (1,), (0,)]),
    "prefix_lm": (lambda q, k, p=4: k in range(max(q + 1, p)), [(), (2,)]),
    "padding": (lambda q, k, n: k in range(n), [(3,), (0,), (8,)]),
    "left_padding": (lambda q, k, n: k not in range(n), [(3,), (0,), (8,)]),
    "chunked": (lambda q, k, c=4: together(q, k, c), [(), (3,), (1,)]),
    "strided": (lambda q, k, stride=4: k in strided_keys(q, stride), [(), (1,), (3,)]),
    "fixed": (
        lambda q, k, size=4, c=1: together(q, k, size) or last_of_block(k, size, c),
        [(), (3,), (4, 2), (3, 3)],
    ),
    "longformer": (
        lambda q, k, w=4, g=1: k in range(q - w // 2, q + w // 2 + 1) or q < g or k < g,
        [(), (2,), (5, 2)],
    ),
    "streaming": (
        lambda q, k, g=4, w=4: k <= q and (k in range(g) or k in range(q - w + 1, q + 1)),
        [(), (1,), (2, 3)],
    ),
    "sparse_strided": (
        lambda q, k, n=4: factorised(q, k, set(range(max(0, q - n), q + 1)), strided_keys(q, n)),
        [(), (3,)],
    ),
    "sparse_fixed": (
        lambda q, k, size=4, c=1: factorised(
            q,
            k,
            {j for j in range(FAR) if together(j, q, size)},
            {j for j in range(FAR) if last_of_block(j, size, c)},
        ),
        [(), (3, 2)],
    ),
    "axial": (
        lambda q, k, wide=4: any(a == b for a, b in zip(place(q, wide), place(k, wide), strict=True)),
        [(), (3,)],
    ),
    "local2d": (
        lambda q, k, wide=4, r=1: all(abs(a - b) <= r for a, b in zip(place(q, wide), place(k, wide), strict=True)),
        [(), (3, 1), (4, 0)],
    ),
    "random_pairs": (
        lambda q, k, p=0.1, seed=0: splitmix(seed, q, k) < p,
        [(), (0.5,), (0.5, 7), (0,), (1,)],
    ),
}


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, (_, cases) in MASKS.items() for given in cases])
@pytest.mark.parametrize(("queries", "keys", "align"), GRIDS)
def test_a_mask_is_what_its_source_says(
    name: str, given: tuple[float, ...], queries: int, keys: int, align: Any
) -> None:
    grid = Grid.of(queries, keys, align=align)
    rule = Rule(Named(name, tuple(map(Number, given))))
    shift = keys - queries if align == "right" else 0
    expected = [[MASKS[name][0](i + shift, k, *given) for k in range(keys)] for i in range(queries)]
    assert grid.spread(evaluate(rule, grid)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("window(3)", ["█·····", "██····", "███···", "·███··", "··███·", "···███"]),
        ("local(1)", ["██····", "███···", "·███··", "··███·", "···███", "····██"]),
        ("dilated(1, 2)", ["█·█···", "·█·█··", "█·█·█·", "·█·█·█", "··█·█·", "···█·█"]),
        ("global(1)", ["██████", "█·····", "█·····", "█·····", "█·····", "█·····"]),
        ("prefix_lm(3)", ["███···", "███···", "███···", "████··", "█████·", "██████"]),
        ("streaming(1, 2)", ["█·····", "██····", "███···", "█·██··", "█··██·", "█···██"]),
        ("chunked(3)", ["███···", "███···", "███···", "···███", "···███", "···███"]),
        ("longformer(2, 1)", ["██████", "███···", "████··", "█·███·", "█··███", "█···██"]),
        ("sparse_strided(3)", ["█·····", "██····", "███···", "████··", "·████·", "··████"]),
        ("sparse_fixed(3, 1)", ["█·····", "██····", "███···", "··██··", "··███·", "··████"]),
        ("axial(3)", ["████··", "███·█·", "███··█", "█··███", "·█·███", "··████"]),
        ("local2d(3, 1)", ["██·██·", "██████", "·██·██", "██·██·", "██████", "·██·██"]),
    ],
)
def test_drawn(text: str, rows: list[str]) -> None:
    assert picture(text, 6, 6) == rows


def test_random_pairs_are_as_many_as_asked_for() -> None:
    for p in (0.1, 0.5):
        seen = evaluate(parse(f"random_pairs({p})"), Grid.of(200, 200))
        assert abs(seen.mean() - p) < 0.01
    assert (evaluate(parse("random_pairs(0.5, 1)"), Grid.of(99, 99)) != seen[:99, :99]).any()


# Score mods


@pytest.mark.parametrize(
    ("heads", "slopes"),
    [
        (1, [2**-8]),
        (2, [2**-4, 2**-8]),
        (8, [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]),
        (16, [2 ** (-(head + 1) / 2) for head in range(16)]),
        (3, [2**-4, 2**-8, 2**-2]),
        (
            12,
            [2**-1, 2**-2, 2**-3, 2**-4, 2**-5, 2**-6, 2**-7, 2**-8, 0.707107, 0.353553, 0.176777, 0.088388],
        ),
    ],
)
def test_the_slopes_of_alibi(heads: int, slopes: list[float]) -> None:
    assert alibi_slopes(Lengths(5, 5, heads)) == pytest.approx(slopes, rel=1e-5)


SCORE_MODS: dict[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    "none": (lambda s, h, q, k: s, [()]),
    "alibi": (lambda s, h, q, k: s - alibi_slopes(Lengths(4, 6, 12))[h] * abs(q - k), [()]),
    "softcap": (lambda s, h, q, k, c=50: c * np.tanh(s / c), [(), (2,), (0.5,)]),
    "distance_penalty": (lambda s, h, q, k, a=0.1: s - a * max(q - k, k - q), [(), (3,), (0,)]),
}


@pytest.mark.parametrize(
    ("name", "given"), [(name, given) for name, (_, cases) in SCORE_MODS.items() for given in cases]
)
@pytest.mark.parametrize(("align", "shift"), [("left", 0), ("right", 2)])
def test_a_score_mod_is_what_its_source_says(name: str, given: tuple[float, ...], align: Any, shift: int) -> None:
    scores = np.sin(np.arange(12 * 4 * 6.0)).reshape(12, 4, 6) * 5
    rule = Rule(Named(name, tuple(map(Number, given))), Kind.SCORE_MOD)
    modified = evaluate(rule, Grid.of(4, 6, 12, align=align, scores=scores))
    for h, i, k in product(range(12), range(4), range(6)):
        assert modified[h, i, k] == pytest.approx(SCORE_MODS[name][0](scores[h, i, k], h, i + shift, k, *given))


def test_alibi_takes_the_slopes_of_all_heads_even_for_one() -> None:
    scores = np.zeros((3, 3), dtype=np.float32)
    grid = Grid.of(3, 3, 12, head=8, scores=scores)
    assert evaluate(parse("alibi", Kind.SCORE_MOD), grid)[2, 0] == pytest.approx(-2 * 2**-0.5)


# The table


every = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)


def example(entry: Entry) -> str:
    return entry.name + ("(2)" if entry.required else "")


@every
def test_an_entry_says_what_it_is_and_where_it_comes_from(entry: Entry) -> None:
    assert entry.sentence[0].isupper()
    assert entry.sentence.endswith(".")
    assert len(entry.sentence) <= 80
    assert entry.source
    assert entry.signature in names(entry.kind)
    assert ENTRIES[entry.name] is entry


@every
def test_a_name_is_free_to_be_used(entry: Entry) -> None:
    taken = {*POSITIONS, *FUNCTIONS, *SPELLINGS, "true", "false"}
    assert entry.name not in taken
    assert not taken & {name for name, _ in entry.parameters}
    assert entry.name.isidentifier()


@every
def test_a_line_is_printed_as_it_stands_in_the_table(entry: Entry) -> None:
    assert str(entry_body(entry.name)) == entry.line


@every
def test_a_line_uses_all_its_parameters_and_only_rules_above_it(entry: Entry) -> None:
    nodes = list(walk(entry_body(entry.name)))
    order = list(ENTRIES)
    assert {node.name for node in nodes if isinstance(node, Name)} >= {name for name, _ in entry.parameters}
    assert all(order.index(node.name) < order.index(entry.name) for node in nodes if isinstance(node, Named))


@every
def test_required_numbers_come_first(entry: Entry) -> None:
    assert all(default is None for _, default in entry.parameters[: entry.required])


@every
def test_a_rule_is_the_same_bare_with_its_defaults_and_written_out(entry: Entry) -> None:
    grid = Grid.of(5, 7, 3, scores=np.linspace(-3, 3, 105).reshape(3, 5, 7))
    bare = parse(example(entry), entry.kind)
    defaults = ["2" if default is None else repr(default) for _, default in entry.parameters]
    spelled = parse(f"{entry.name}({', '.join(defaults)})", entry.kind)
    assert parse(str(bare), entry.kind) == bare
    assert (evaluate(bare, grid) == evaluate(spelled, grid)).all()
    assert (evaluate(Rule(expand(bare.body), entry.kind), grid) == evaluate(bare, grid)).all()


def test_names_for_completion() -> None:
    assert names(Kind.MASK)["window(w=4)"] == "The last w keys, the query's own among them."
    assert "causal" in names(Kind.MASK)
    assert "padding(n)" in names()
    assert list(names(Kind.SCORE_MOD)) == ["none", "alibi", "softcap(c=50)", "distance_penalty(a=0.1)"]


def test_numbers_may_depend_on_the_lengths() -> None:
    assert picture("window(K // 3)", 6, 6) == picture("window(2)", 6, 6)
    assert picture("longformer(min(Q, 99) - 4, H)", 6, 6) == picture("longformer(2, 1)", 6, 6)


def test_numbers_of_a_rule_do_not_reach_into_another() -> None:
    assert picture("streaming(1, 3) ^ window(2) ^ sink(2)", 5, 5) == picture(
        "(causal & (k < 1 | 0 <= q - k < 3)) ^ (0 <= q - k < 2) ^ (k < 2)", 5, 5
    )


def test_a_rule_cannot_be_made_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENTRIES, "endless", Entry("endless", (), "~endless", "Never.", "here", Kind.MASK))
    with pytest.raises(RuleError, match='"endless" is unknown'):
        picture("endless", 2, 2)


def test_to_add_a_rule_is_to_add_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule over an array of its own, used twice with different numbers in one rule."""

    def made(lengths: Lengths, size: int) -> list[int]:
        return [position // size for position in range(max(lengths[:2]))]

    line = "part[q] == part[k] & causal"
    entry = Entry("parts", (("n", 2),), line, "Parts of n.", "here", Kind.MASK, (("part", made),))
    monkeypatch.setitem(ENTRIES, "parts", entry)
    assert picture("parts", 4, 4) == ["█···", "██··", "··█·", "··██"]
    assert picture("parts ^ parts(3)", 4, 4) == ["····", "····", "██··", "··█·"]
    assert "parts(n=2)" in names(Kind.MASK)
