"""The dialects: what stands around the expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from ..errors import RuleError
from ..expansion import expand
from ..plane import Plane
from ..tree import Expression, Name, Number, Rule, Sum, walk
from ..words import Kind
from .arrays import Arrays
from .printer import NUMPY, TORCH, Library, Printer

Dialect: TypeAlias = Literal["flex", "numpy", "sdpa"]

DIALECTS: dict[Dialect, str] = {
    "flex": "PyTorch FlexAttention: a mask_mod and its block mask, or a score_mod",
    "numpy": "NumPy: a function that gives the boolean array, or changes an array of scores",
    "sdpa": "PyTorch scaled_dot_product_attention: its attn_mask, boolean or added to the scores",
}

DEVICE = 'device = "cuda" if torch.cuda.is_available() else "cpu"'

HASH = """
def pseudo_random(seed, a, b):
    # a number in [0, 1) for three whole numbers; the finaliser of splitmix64 in wrapping int64
    state = (seed + a + b) * 0
    for value in (seed, a, b):
        state = (state ^ value) + ({0})
        state = (state ^ ((state >> 30) & {1})) * ({2})
        state = (state ^ ((state >> 27) & {3})) * ({4})
        state = state ^ ((state >> 31) & {5})
    return ((state >> 11) & {6}){cast} * 2.0**-53
"""


def code_of(rule: Rule, dialect: Dialect, plane: Plane) -> str:
    """Source that runs as it stands, for the lengths, alignment, heads and arrays of the plane.

    Results are (Q, K), or (H, Q, K) of a rule of the head. Raises RuleError for what the dialect cannot say
    (SDPA: a score mod other than `s` plus what does not depend on it), or an array too large to write out.
    """
    text = _WRITERS[dialect](rule, expand(rule.body), plane)
    return f"{_heading(rule, plane)}\n{text}"


def _heading(rule: Rule, plane: Plane) -> str:
    heads = "1 head" if plane.num_heads == 1 else f"{plane.num_heads} heads"
    sizes = f"{plane.query_length} queries, {plane.key_length} keys, {heads}"
    stands = "the last query stands at the last key" if plane.align == "right" else "query 0 stands at key 0"
    meaning = "True means: may look." if rule.kind is Kind.MASK else "s is the score, already scaled."
    return f"# {rule}\n# {sizes}. {meaning}\n# Aligned {plane.align}: {stands}.\n"


def _numpy(rule: Rule, body: Expression, plane: Plane) -> str:
    printer, result = _printed(NUMPY, body, plane, rule.kind)
    mask = rule.kind is Kind.MASK
    heads = _uses(body, "h")
    lengths = f"query_length={plane.query_length}, key_length={plane.key_length}"
    head = f"def mask({lengths}, " if mask else "def score_mod(scores, "
    shift = " + (K - Q)" if plane.align == "right" else ""
    rows, columns = ("query_length", "key_length") if mask else ("scores.shape[-2]", "scores.shape[-1]")
    lines = [
        f"Q, K, H = np.int64({rows}), np.int64({columns}), np.int64(num_heads)",
        f"q = np.arange(Q)[:, None]{shift}",
        "k = np.arange(K)[None, :]",
        "h = np.arange(H)[:, None, None]" if heads else "h = np.int64(0)",
        "b = np.int64(0)",
        *([] if mask else ["s = scores"]),
    ]
    shape = "(H, Q, K)" if heads else "(Q, K)"
    end = f"return np.broadcast_to({result}, {shape})" if mask else f"return ({result}) + 0.0 * np.zeros({shape})"
    size = f"({plane.query_length}, {plane.key_length})"
    call = "allowed = mask()" if mask else f"scores = score_mod(np.zeros({size}))"
    work = [*printer.lines, end]
    if printer.hashes:
        work = ['with np.errstate(over="ignore"):', *(f"    {line}" for line in work)]
    function = _function(f"{head}num_heads={plane.num_heads})", [*lines, *work])
    return "\n".join(["import numpy as np", *_before(printer), function, call, ""])


def _flex(rule: Rule, body: Expression, plane: Plane) -> str:
    mask = rule.kind is Kind.MASK
    imports = "create_block_mask, flex_attention" if mask else "flex_attention"
    head = ["import torch", f"from torch.nn.attention.flex_attention import {imports}", "", DEVICE]
    name = "mask_mod" if mask else "score_mod"
    signature = f"def {name}({'' if mask else 'score, '}b, h, q_idx, kv_idx):"
    printer, function = _torch_function(signature, body, plane, rule.kind)
    heads = plane.num_heads if _uses(body, "h") else None
    sizes = f"B={1 if _uses(body, 'b') else None}, H={heads}, Q_LEN={plane.query_length}, KV_LEN={plane.key_length}"
    made = [f"block_mask = create_block_mask(mask_mod, {sizes}, device=device)"] if mask else []
    given = "block_mask=block_mask" if mask else "score_mod=score_mod"
    use = f"# output = flex_attention(query, key, value, {given})"
    return "\n".join([*head, *_before(printer), function, *made, use, ""])


def _sdpa(rule: Rule, body: Expression, plane: Plane) -> str:
    mask = rule.kind is Kind.MASK
    name = "mask" if mask else "bias"
    head = ["import torch", "import torch.nn.functional as F", "", DEVICE]
    added = body if mask else _without_score(body)
    printer, function = _torch_function(f"def {name}(b, h, q_idx, kv_idx):", added, plane, rule.kind, added=True)
    heads = _uses(added, "h")
    lines = [
        f"q_idx = torch.arange({plane.query_length}, device=device)[:, None]",
        f"kv_idx = torch.arange({plane.key_length}, device=device)[None, :]",
        f"h = torch.arange({plane.num_heads if heads else 1}, device=device)" + ("[:, None, None]" if heads else ""),
        "b = torch.zeros_like(h)",
        f"attn_mask = {name}(b, h, q_idx, kv_idx).expand({_shape(plane, heads)})",
        "# output = F.scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)",
    ]
    return "\n".join([*head, *_before(printer), function, *lines, ""])


_WRITERS: dict[Dialect, Callable[[Rule, Expression, Plane], str]] = {"flex": _flex, "numpy": _numpy, "sdpa": _sdpa}


def _shape(plane: Plane, heads: bool) -> str:
    sizes = (plane.query_length, plane.key_length)
    return ", ".join(map(str, (plane.num_heads, *sizes) if heads else sizes))


def _printed(library: Library, body: Expression, plane: Plane, kind: Kind) -> tuple[Printer, str]:
    mask = kind is Kind.MASK
    printer = Printer(library, plane, Arrays(plane, library.module, single=library.casts and not mask))
    part = printer.piece(body, mask)
    return printer, printer.lifted(part, "float", mask) if part.constant else part.text


def _torch_function(
    signature: str, body: Expression, plane: Plane, kind: Kind, added: bool = False
) -> tuple[Printer, str]:
    printer, result = _printed(TORCH, body, plane, kind)
    to = ".to(torch.float32)" if added else ".to(score.dtype)"
    end = f"return {result}{'' if kind is Kind.MASK or result == 'score' else to}"
    shifted = plane.shift and _uses(body, "q")
    shift = [f"q_idx = q_idx + ({plane.shift})"] if shifted else []
    return printer, _function(signature, [*shift, *printer.lines, end])


def _function(signature: str, lines: list[str]) -> str:
    return "\n".join([f"\n{signature.removesuffix(':')}:", *(f"    {line}" for line in lines), "\n"])


def _before(printer: Printer) -> list[str]:
    """The arrays, and the hash, that the function uses."""
    constants = (0x9E3779B97F4A7C15, 2**34 - 1, 0xBF58476D1CE4E5B9, 2**37 - 1, 0x94D049BB133111EB, 2**33 - 1, 2**53 - 1)
    signed = [number - 2**64 if number >= 2**63 else number for number in constants]
    cast = ".to(torch.float64)" if printer.library.casts else ""
    arrays = ["", *printer.arrays.lines] if printer.arrays.lines else []
    return arrays + ([HASH.rstrip().format(*signed, cast=cast)] if printer.hashes else [])


def _uses(body: Expression, name: str) -> bool:
    return any(part == Name(name) for part in walk(body))


def _without_score(body: Expression) -> Expression:
    """What a score mod adds to the score."""
    score = Name("s")
    terms = [("+", body)] if not isinstance(body, Sum) else [("+", body.first), *body.rest]
    if ("+", score) in terms:
        terms.remove(("+", score))
        if not any(_uses(term, "s") for _, term in terms):
            return Sum(Number(0), tuple(terms)) if terms else Number(0)
    raise RuleError("scaled_dot_product_attention has no score mods: only s plus what does not depend on s")
