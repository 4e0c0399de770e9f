"""The catalogue: every rule against a plain definition of its own, and the promises of the table."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from attn_engine import arrays
from attn_engine.arrays import alibi_slopes
from attn_engine.catalogue import ENTRIES, Entry, Lengths, entries, names
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
        ("document(2, 1)", ["██····", "██····", "··█···", "···███", "···███", "···███"]),
        ("document", ["█·····", "·██···", "·██···", "···███", "···███", "···███"]),
        ("natten1d(3)", ["███···", "███···", "·███··", "··███·", "···███", "···███"]),
        ("natten1d(4)", ["████··", "████··", "████··", "·████·", "··████", "··████"]),
        ("natten(3, 2, 2)", ["██·██·", "██·██·", "·██·██", "██·██·", "██·██·", "·██·██"]),
        ("swin(3, 2, 1)", ["█·····", "·██···", "·██···", "···█··", "····██", "····██"]),
        ("block_diffusion(3, 2)", ["██····", "██····", "··███·", "···██·", "···██·", "···███"]),
        ("tree(1)", ["██····", "███···", "██·█··", "███·█·", "███··█", "██·█··"]),
        ("random_blocks(2, 1)", ["██····", "██····", "██····", "██····", "····██", "····██"]),
        ("bigbird(2, 0)", ["██████"] * 6),
    ],
)
def test_drawn(text: str, rows: list[str]) -> None:
    assert picture(text, 6, 6) == rows


def test_random_pairs_are_as_many_as_asked_for() -> None:
    for p in (0.1, 0.5):
        seen = evaluate(parse(f"random_pairs({p})"), Grid.of(200, 200))
        assert abs(seen.mean() - p) < 0.01
    assert (evaluate(parse("random_pairs(0.5, 1)"), Grid.of(99, 99)) != seen[:99, :99]).any()


# Definitions that take the lengths, from the papers


def documents(sizes: tuple[int, ...]) -> Callable[..., bool]:
    owners = [number for number, size in enumerate(sizes) for _ in range(size)]
    return lambda q, k, queries, keys: [*owners, *[-1] * 99][max(q, 0)] == [*owners, *[-1] * 99][k]


def natten_keys(query: int, length: int, kernel: int) -> range:
    """Neighbourhood attention: the centre's window with its two corrections at the ends."""
    left = kernel // 2
    right = left + (kernel % 2 - 1)
    start = max(query - left, 0) + (query + right >= length) * (length - right - query - 1)
    return range(start, start + kernel)


def natten1d(kernel: int) -> Callable[..., bool]:
    return lambda q, k, queries, keys: k in natten_keys(q, keys, kernel)


def natten2d(width: int, height: int, kernel: int) -> Callable[..., bool]:
    def sees(q: int, k: int, queries: int, keys: int) -> bool:
        (row, column), (other_row, other_column) = place(q, width), place(k, width)
        return other_row in natten_keys(row, height, kernel) and other_column in natten_keys(column, width, kernel)

    return sees


def swin(width: int, window: int, shift: int) -> Callable[..., bool]:
    def window_of(position: int) -> tuple[int, ...]:
        return tuple(
            next(number for number in range(-9, 99) if at - shift in range(number * window, (number + 1) * window))
            for at in place(position, width)
        )

    return lambda q, k, queries, keys: window_of(q) == window_of(k)


def block_diffusion(half: int, block: int) -> Callable[..., bool]:
    """The three parts of the paper's mask: block-diagonal, offset block-causal, block-causal."""

    def sees(q: int, k: int, queries: int, keys: int) -> bool:
        clean_query, clean_key = q >= half, k >= half
        own, other = (q - half * clean_query) // block, (k - half * clean_key) // block
        if clean_query == clean_key and own == other:
            return True
        return clean_key and (own >= other if clean_query else own > other)

    return sees


def tree(before: int) -> Callable[..., bool]:
    def sees(q: int, k: int, queries: int, keys: int) -> bool:
        node = q
        while k >= before and node > k - before:
            node = (node - 1) // 2
        return k < before or node == k - before

    return sees


def bigbird(size: int) -> Callable[..., bool]:
    """Without random blocks: window and global blocks of the paper's internal construction."""

    def sees(q: int, k: int, queries: int, keys: int) -> bool:
        last = (keys - 1) // size
        own, other = q // size, k // size
        return own in (0, last) or other in (0, last) or other in (own - 1, own, own + 1)

    return sees


SIZED: list[tuple[str, Callable[..., bool], tuple[int, int]]] = [
    ("document(3, 1, 4)", documents((3, 1, 4)), (9, 9)),
    ("document(3, 1, 4)", documents((3, 1, 4)), (4, 11)),
    ("document(20)", documents((20,)), (5, 7)),
    *(
        (f"natten1d({m})", lambda q, k, queries, keys, m=m: k in natten_keys(q, keys, m), (9, 9))
        for m in (1, 2, 3, 4, 9)
    ),
    *((f"natten(4, 3, {m})", natten2d(4, 3, m), (12, 12)) for m in (1, 2, 3)),
    ("natten(5, 2, 2)", natten2d(5, 2, 2), (10, 10)),
    *((f"swin(4, {m}, {shift})", swin(4, m, shift), (16, 16)) for m in (1, 2, 3) for shift in range(m)),
    ("swin(6, 3, 1)", swin(6, 3, 1), (13, 18)),
    *((f"block_diffusion(6, {size})", block_diffusion(6, size), (12, 12)) for size in (1, 2, 3, 6)),
    *((f"tree({p})", tree(p), (9, 9 + p)) for p in (0, 1, 4)),
    *((f"bigbird({size}, 0)", bigbird(size), (14, 14)) for size in (1, 2, 3)),
]


@pytest.mark.parametrize(("text", "sees", "size"), SIZED)
def test_a_rule_that_takes_the_lengths_is_what_its_source_says(
    text: str, sees: Callable[..., bool], size: tuple[int, int]
) -> None:
    queries, keys = size
    expected = ["".join("·█"[sees(q, k, queries, keys)] for k in range(keys)) for q in range(queries)]
    assert picture(text, queries, keys) == expected


@pytest.mark.parametrize(("size", "number", "seed"), [(1, 3, 0), (2, 2, 1), (3, 1, 5), (4, 99, 0)])
def test_random_blocks_are_whole_different_and_as_many_as_asked_for(size: int, number: int, seed: int) -> None:
    rows = picture(f"random_blocks({size}, {number}, {seed})", 24, 24)
    columns = 24 // size
    for row, line in enumerate(rows):
        chosen = [line[start : start + size] for start in range(0, 24, size)]
        assert {*chosen} <= {"█" * size, "·" * size}
        assert chosen.count("█" * size) == min(number, columns)
        assert line == rows[row // size * size], "queries of one block see the same"
    assert rows == picture(f"random_blocks({size}, {number}, {seed})", 24, 24)
    if number < columns:
        assert rows != picture(f"random_blocks({size}, {number}, {seed + 1})", 24, 24)


def test_bigbird_has_its_random_blocks_besides() -> None:
    fixed, whole = picture("bigbird(2, 0)", 40, 40), picture("bigbird(2, 3, 7)", 40, 40)
    drawn = picture("random_blocks(2, 3, 7)", 40, 40)
    assert whole == picture("bigbird(2, 0) | random_blocks(2, 3, 7)", 40, 40)
    assert fixed != whole != drawn


def test_queries_before_the_first_key_belong_to_its_document() -> None:
    assert picture("document(1)", 5, 3, "right")[:3] == ["█··"] * 3


@pytest.mark.parametrize("text", ["document(0)", "document(2.5)", "random_blocks(0)", "random_blocks(1, -1)"])
def test_numbers_that_make_no_array_are_refused(text: str) -> None:
    with pytest.raises(RuleError):
        picture(text, 6, 6)


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


def t5_bucket(distance: int) -> int:
    """T5's relative position bucket, as published: 32 of them, up to 128, both directions."""
    side = 16 if distance > 0 else 0
    size = abs(distance)
    if size < 8:
        return side + size
    return side + min(8 + int(math.log(size / 8) / math.log(128 / 8) * 8), 15)


@pytest.mark.parametrize("distance", [0, 1, -1, 7, -7, 8, -8, 9, 15, 16, -16, 31, 64, -90, 127, 128, 500, -1000])
def test_the_buckets_of_t5(distance: int) -> None:
    buckets = arrays.t5_buckets(Lengths(700, 400, 2))
    assert buckets[distance + 1100] == t5_bucket(distance)


def t5(s: float, h: int, q: int, k: int) -> float:
    return s - (h + 1) / 12 * math.log(1 + t5_bucket(k - q) % 16)


SCORE_MODS: dict[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    "none": (lambda s, h, q, k: s, [()]),
    "alibi": (lambda s, h, q, k: s - alibi_slopes(Lengths(4, 6, 12))[h] * abs(q - k), [()]),
    "t5_bias": (t5, [()]),
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
    used = {node.name for node in nodes if isinstance(node, Name)}
    assert used >= {name for name, _ in entry.parameters} or entry.arrays, "makers of arrays are given all of them"
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
    assert list(names(Kind.SCORE_MOD)) == [
        *("none", "alibi", "t5_bias", "softcap(c=50)", "distance_penalty(a=0.1)"),
    ]


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
    entry = Entry("parts", (("n", 2),), line, "Parts of n.", "here", Kind.MASK, (("part", "parts_of"),))
    monkeypatch.setattr(arrays, "parts_of", made, raising=False)
    monkeypatch.setitem(ENTRIES, "parts", entry)
    assert picture("parts", 4, 4) == ["█···", "██··", "··█·", "··██"]
    assert picture("parts ^ parts(3)", 4, 4) == ["····", "····", "██··", "··█·"]
    assert "parts(n=2)" in names(Kind.MASK)
