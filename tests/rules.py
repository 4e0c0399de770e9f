"""Rules at random: trees over the whole notation, and planes small enough to look at every cell."""

from __future__ import annotations

from hypothesis import strategies as st

from attn_engine import Kind, Plane, entries

MOST = 24

lengths = st.integers(1, MOST)
planes = st.builds(Plane, lengths, lengths, st.integers(1, 3), st.sampled_from(["left", "right"]))

small = st.integers(-6, 12).map(str)
divisors = st.integers(1, 7).map(str) | st.just("-3") | st.sampled_from(["2.5", "K", "Q"])
leaves = st.sampled_from(["q", "k", "q", "k", "q - k", "Q", "K", "h", "q % 4", "k // 3", "0.5"]) | small
numbers = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds("({} {} {})".format, parts, st.sampled_from(["+", "-", "*"]), parts),
        st.builds("({} {} {})".format, parts, st.sampled_from(["//", "%", "/"]), divisors),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), parts, parts),
        st.builds("abs({})".format, parts),
        st.builds("-({})".format, parts),
        st.builds("where({} < {}, {}, {})".format, parts, parts, parts, parts),
        st.builds("hash(1, {}, {})".format, st.just("q"), st.just("k")),
    ),
    max_leaves=5,
)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
named = st.sampled_from([entry for entry in entries(Kind.MASK) if entry.required <= 1]).flatmap(
    lambda entry: st.integers(1, 9).map(lambda number: f"{entry.name}({number})" if entry.required else entry.name)
)
comparisons = st.builds("{} {} {}".format, numbers, signs, numbers)
chains = st.builds("{} <= {} < {}".format, numbers, numbers, numbers)
masks = st.recursive(
    st.one_of(comparisons, comparisons, chains, named),
    lambda parts: st.one_of(
        st.builds("({}) {} ({})".format, parts, st.sampled_from(["&", "|", "^"]), parts),
        st.builds("~({})".format, parts),
        st.builds("({}) == ({})".format, parts, parts),
    ),
    max_leaves=4,
)
"""Texts of masks; on some planes a few of them have no value."""
