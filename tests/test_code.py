"""Code is run, and gives what the rule gives: NumPy itself, and PyTorch by a stand-in and, where it is, in earnest."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from attn_engine import Captured, Grid, Kind, Plane, RuleError, entries, evaluate, parse
from attn_engine.notation.code import DIALECTS, code_of
from tests.rules import masks, planes

quick = settings(deadline=None, max_examples=60)

PLANES = [Plane(16, 16, 2), Plane(5, 9, 3, "right"), Plane(9, 5, 2, "right"), Plane(7, 11)]
TEXTS = [(Kind.MASK, entry.name + "(3)" * bool(entry.required)) for entry in entries(Kind.MASK)]
TEXTS += [(Kind.SCORE_MOD, entry.name) for entry in entries(Kind.SCORE_MOD)]
TEXTS += [
    (Kind.MASK, "0 < abs(q - k) * 0.1 <= min(q, 3, K)"),
    (Kind.MASK, "true ^ (q // -3 == k % -3)"),
    (Kind.MASK, "where(q < k, q, 2.5) < max(3, K / 7)"),
    (Kind.MASK, "(h < 1) & causal | q == k"),
    (Kind.MASK, "where(Q < K, false, causal) == (k == 2)"),
    (Kind.SCORE_MOD, "where(q >= k, s, -1e4) + h"),
    (Kind.SCORE_MOD, "s + hash(3, q, k) - exp(0.1)"),
    (Kind.SCORE_MOD, "-2.5"),
]

REFUSED = {"softcap", "where(q >= k, s, -1e4) + h", "-2.5"}
BIASES = [(kind, text) for kind, text in TEXTS if text not in REFUSED]
"""What SDPA can say."""


class Tensor(np.ndarray):
    """An array with the few methods of a tensor that code may use."""

    def to(self, dtype: Any) -> Tensor:
        return self.astype(dtype).view(Tensor)

    def expand(self, *shape: int) -> Tensor:
        return np.broadcast_to(self, shape, subok=True).view(Tensor)


def tensor(values: Any, **options: Any) -> Tensor:
    return np.asarray(values, dtype=options.get("dtype")).view(Tensor)


def tensor_function(function: Any) -> Any:
    return lambda *operands, **options: tensor(function(*operands, **options))


class Recorder:
    """FlexAttention, of which it is only seen what it was given."""

    def create_block_mask(self, mask_mod: Any, **sizes: Any) -> dict[str, Any]:
        return sizes

    def flex_attention(self) -> None:
        """Only imported."""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch)


def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    torch: Any = ModuleType("torch")
    for name in ["minimum", "maximum", "where", "abs", "exp", "log", "tanh", "zeros_like", "full_like"]:
        setattr(torch, name, tensor_function(getattr(np, name)))
    for name in ["int64", "float32", "float64", "bool"]:
        setattr(torch, name, getattr(np, name))
    torch.arange = lambda length, **_: tensor(np.arange(length))
    torch.tensor, torch.repeat_interleave = tensor, np.repeat
    torch.cuda = ModuleType("cuda")
    torch.cuda.is_available = lambda: False
    modules = ["torch.nn", "torch.nn.functional", "torch.nn.attention", "torch.nn.attention.flex_attention"]
    parts: dict[str, Any] = {name: ModuleType(name) for name in modules}
    flex = parts["torch.nn.attention.flex_attention"]
    flex.create_block_mask, flex.flex_attention = Recorder().create_block_mask, Recorder().flex_attention
    torch.nn, parts["torch.nn"].functional = parts["torch.nn"], parts["torch.nn.functional"]
    for name, module in {"torch": torch, **parts}.items():
        monkeypatch.setitem(sys.modules, name, module)


def run(text: str, kind: Kind, dialect: str, plane: Plane) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code_of(parse(text, kind), dialect, plane), names)  # type: ignore[arg-type]
    return names


def expected(text: str, kind: Kind, plane: Plane, scores: Any = None) -> Any:
    rule = parse(text, kind)
    sizes = (plane.query_length, plane.key_length, plane.num_heads)
    grid = Grid.of(*sizes, align=plane.align, scores=scores, arrays=plane.captured.arrays)
    return grid.spread(evaluate(rule, grid))


def scores_of(plane: Plane) -> Any:
    return np.random.default_rng(5).normal(size=(plane.num_heads, plane.query_length, plane.key_length))


def check_numpy(text: str, kind: Kind, plane: Plane) -> None:
    names = run(text, kind, "numpy", plane)
    if kind is Kind.MASK:
        assert names["allowed"].dtype == bool
        np.testing.assert_array_equal(names["allowed"], expected(text, kind, plane))
    else:
        scores = scores_of(plane)
        np.testing.assert_allclose(names["score_mod"](scores), expected(text, kind, plane, scores), rtol=1e-12)


def each_cell(plane: Plane) -> Any:
    """Head, query and key of every cell, as FlexAttention's vmap gives them: no two in one array."""
    return np.ndindex(plane.num_heads, plane.query_length, plane.key_length)


def check_flex(text: str, kind: Kind, plane: Plane) -> None:
    names = run(text, kind, "flex", plane)
    scores = scores_of(plane)
    wanted = expected(text, kind, plane, scores)
    wanted = np.broadcast_to(wanted, scores.shape)
    for cell in each_cell(plane):
        b, h, q, k = (tensor(index) for index in (0, *cell))
        if kind is Kind.MASK:
            assert names["mask_mod"](b, h, q, k) == wanted[cell], cell
        else:
            assert names["score_mod"](tensor(scores[cell]), b, h, q, k) == pytest.approx(wanted[cell], rel=1e-6)


def check_sdpa(text: str, kind: Kind, plane: Plane) -> None:
    got = np.asarray(run(text, kind, "sdpa", plane)["attn_mask"])
    zeros = np.zeros((plane.num_heads, plane.query_length, plane.key_length))
    wanted = expected(text, kind, plane, zeros)
    if kind is Kind.MASK:
        assert got.dtype == bool
        np.testing.assert_array_equal(np.broadcast_to(got, zeros.shape), np.broadcast_to(wanted, zeros.shape))
    else:
        np.testing.assert_allclose(np.broadcast_to(got, zeros.shape), wanted, rtol=1e-5)


@pytest.mark.parametrize("plane", PLANES, ids=str)
@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_numpy_code_gives_what_the_rule_gives(kind: Kind, text: str, plane: Plane) -> None:
    check_numpy(text, kind, plane)


@pytest.mark.parametrize("plane", PLANES[1:3], ids=str)
@pytest.mark.parametrize(("kind", "text"), TEXTS)
@pytest.mark.usefixtures("stand_in")
def test_flex_code_gives_at_every_cell_what_the_rule_gives(kind: Kind, text: str, plane: Plane) -> None:
    check_flex(text, kind, plane)


@pytest.mark.parametrize("plane", PLANES, ids=str)
@pytest.mark.parametrize(("kind", "text"), BIASES)
@pytest.mark.usefixtures("stand_in")
def test_sdpa_code_gives_what_the_rule_gives(kind: Kind, text: str, plane: Plane) -> None:
    check_sdpa(text, kind, plane)


@quick
@given(masks, planes)
def test_code_of_any_mask_gives_what_the_rule_gives(text: str, plane: Plane) -> None:
    try:
        wanted = expected(text, Kind.MASK, plane)
    except RuleError:
        return
    with pytest.MonkeyPatch.context() as patch:
        _stand_in(patch)
        np.testing.assert_array_equal(run(text, Kind.MASK, "numpy", plane)["allowed"], wanted)
        got = run(text, Kind.MASK, "sdpa", plane)["attn_mask"]
        np.testing.assert_array_equal(np.broadcast_to(got, wanted.shape), wanted)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.usefixtures("stand_in")
def test_captured_arrays_are_written_out_under_names_that_are_free(dialect: Any) -> None:
    arrays = {"q_idx_": np.arange(8) // 3, "mask": np.array([True, False] * 4), "table": np.eye(8, dtype=bool)}
    plane = Plane(8, 8, captured=Captured(arrays))
    text = "q_idx_[q] == q_idx_[k] & mask[k] | table[q, k]"
    names = run(text, Kind.MASK, dialect, plane)
    cells = np.ix_(*map(np.arange, (8, 8)))
    got = {
        "flex": lambda: names["mask_mod"](0, 0, *map(tensor, cells)),
        "numpy": lambda: names["allowed"],
        "sdpa": lambda: names["attn_mask"],
    }
    np.testing.assert_array_equal(got[dialect](), expected(text, Kind.MASK, plane))


def test_long_arrays_of_few_runs_are_short_code_and_others_are_refused() -> None:
    runs = Plane(90_000, 90_000, captured=Captured({"doc": np.arange(90_000) // 30_000}))
    assert len(code_of(parse("doc[q] == doc[k]"), "numpy", runs)) < 1000
    mixed = Plane(90_000, 90_000, captured=Captured({"doc": np.arange(90_000)}))
    with pytest.raises(RuleError, match="too large to be written"):
        code_of(parse("doc[q] == doc[k]"), "numpy", mixed)


@pytest.mark.parametrize("text", ["softcap", "s + s", "s * 2", "q - k", "s - s", "-s"])
def test_sdpa_has_no_score_mods_but_a_bias(text: str) -> None:
    with pytest.raises(RuleError, match="no score mods"):
        code_of(parse(text, Kind.SCORE_MOD), "sdpa", Plane(4, 4))


def test_chains_of_chains_do_not_make_code_longer_and_longer() -> None:
    text = "k"
    for _ in range(20):
        text = f"where(0 < {text} < 9, q, k)"
    assert len(code_of(parse(f"0 < {text} < 9"), "flex", Plane(4, 4))) < 5000


PASTED = [
    "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx",
    'def m(b, h, q_idx, kv_idx) -> bool:\n    """Causal."""\n    return (\n q_idx >= kv_idx\n)\n',
    "lambda b, h, q_idx, kv_idx: q_idx >= kv_idx",
    "causal = lambda b, h, q, k: q >= k",
]


@pytest.mark.parametrize("text", PASTED)
def test_a_pasted_function_is_its_rule(text: str) -> None:
    assert parse(text) == (parse("q >= k"))


def test_a_pasted_score_mod_and_functions_of_torch_are_understood() -> None:
    text = "def f(score, b, h, q_idx, kv_idx):\n  return score - torch.abs(q_idx - kv_idx)"
    assert parse(text, Kind.SCORE_MOD) == parse("s - abs(q - k)", Kind.SCORE_MOD)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("def f(b, h, q_idx, kv_idx):\n    d = q_idx\n    return d", 3, "only one return"),
        ("lambda x, y: x", 6, "understood with b, h, q_idx"),
        ("lambda b, h, q_idx, kv_idx: q_idx >= foo", 37, "unknown"),
        ("torch.sin(q) < 1", 0, "unknown"),
    ],
)
def test_of_what_is_not_understood_it_is_said_where(text: str, column: int, message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        parse(text)
    assert caught.value.column == column


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_in_torch_itself(kind: Kind, text: str) -> None:
    torch = pytest.importorskip("torch")
    flex = pytest.importorskip("torch.nn.attention.flex_attention")
    warnings.simplefilter("ignore")
    for plane in PLANES:
        names = run(text, kind, "flex", plane)
        shape = (1, plane.num_heads, plane.query_length, plane.key_length)
        scores = scores_of(plane)
        wanted = np.broadcast_to(expected(text, kind, plane, scores), shape)
        if kind is Kind.MASK:
            got = flex.create_mask(names["mask_mod"], 1, *shape[1:], device="cpu")
            np.testing.assert_array_equal(got.numpy(), wanted)
        query, key = torch.randn(1, *shape[1:3], 16), torch.randn(1, plane.num_heads, plane.key_length, 16)
        given = {"block_mask": names["block_mask"]} if kind is Kind.MASK else {"score_mod": names["score_mod"]}
        output = flex.flex_attention(query, key, key, **given).numpy()
        raw = (query @ key.mT / 4.0).numpy()
        logits = np.where(wanted, raw, -np.inf) if kind is Kind.MASK else expected(text, kind, plane, raw)
        top = np.maximum(logits.max(-1, keepdims=True), -1e30)
        weights = np.exp(logits - top)
        total = weights.sum(-1, keepdims=True)
        weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        np.testing.assert_allclose(output, weights @ key.numpy(), rtol=1e-3, atol=1e-4)
