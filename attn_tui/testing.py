"""Checking masks in other people's test-suites: attn_tui.check(mask, expect=…) raises with the findings."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from attn_engine import CheckFinding, Kind, LoadedMask, Plane, Rule, check_mask, check_rule, mask_of, parse, read_mask

from .arrays import as_numpy

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 16
BLOCK_SIZES = (128, 64, 32, 16, 8, 4)
HEAD = re.compile(r"\bh\b")


class MaskFindings(AssertionError):  # noqa: N818 - read as a sentence: the mask has findings
    """What is wrong with a mask, a line for each finding; `findings` are the same as objects."""

    def __init__(self, findings: Sequence[CheckFinding]) -> None:
        super().__init__("\n".join(f"{finding.kind}: {finding.text}" for finding in findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Settings:
    """How a mask is read, where it stands, and what is asked of it. Lengths of a file or an array are its own."""

    queries: int | None = None
    keys: int | None = None
    align: Literal["left", "right"] = "left"
    heads: int = 1
    head: int | None = None
    block_size: int | None = None
    causal: bool = False
    documents: tuple[int, ...] = ()
    form: str = "auto"
    array: str | None = None
    inverted: bool = False


def check(
    mask: Any,
    *,
    expect: str | None = None,
    queries: int | None = None,
    keys: int | None = None,
    align: Literal["left", "right"] = "left",
    heads: int = 1,
    head: int | None = None,
    causal: bool = False,
    documents: Sequence[int] = (),
    form: str = "auto",
    array: str | None = None,
    inverted: bool = False,
) -> None:
    """Raise MaskFindings where a mask is not what it should be; without `expect`, where it looks wrong.

    `mask` is an array or a torch tensor in any form that files have (boolean or additive, (queries, keys) or with
    heads or a batch before them), the text of a rule, or a path (a `Path`, or a name that ends in .npy, .npz …).
    Lengths are needed for rules only (default 16); `documents` are lengths. Raises ValueError where the mask, a
    rule or a length is none.
    """
    settings = Settings(
        queries, keys, align, heads, head, None, causal, tuple(documents), form, array, inverted
    )  # fmt: skip
    findings, _ = findings_of(_loaded(mask, settings), expect, settings)
    serious = [finding for finding in findings if finding.serious]
    if serious:
        raise MaskFindings(serious)


def _loaded(mask: Any, settings: Settings) -> LoadedMask | Rule:
    if isinstance(mask, str | os.PathLike):
        from .check_command import file_of

        path: Path | str | None = file_of(mask) if isinstance(mask, str) else os.fspath(mask)
        if path is not None:
            return read_mask(path, name=settings.array, form=settings.form, inverted=settings.inverted)
        return parse(str(mask), Kind.MASK)
    return mask_of(as_numpy(mask, "mask"), form=settings.form, inverted=settings.inverted)


def findings_of(
    mask: LoadedMask | Rule, expect: str | None, settings: Settings
) -> tuple[tuple[CheckFinding, ...], Plane]:
    """All findings, and the plane they were found on. Raises ValueError or RuleError for what cannot be checked."""
    plane = _plane(mask, settings)
    size = settings.block_size or _block_size(plane)
    expected = None if expect is None else parse(expect, Kind.MASK)
    asked: dict[str, Any] = {"expect": expected, "causal": settings.causal, "documents": settings.documents}
    rules = [rule for rule in (mask, expected) if isinstance(rule, Rule)]
    for head in _heads(rules, plane, settings.head):
        for rule in rules:
            check_rule(rule, replace(plane, head=head))
    if isinstance(mask, LoadedMask):
        array, base = mask.array, plane
        if settings.head is not None and len(array) > 1:
            array, base = array[settings.head], replace(plane, head=settings.head)
        return check_mask(array, base, size, axis=mask.axis, **asked), base
    found: list[CheckFinding] = []
    heads = _heads(rules, plane, settings.head)
    for head in heads:
        told = check_mask(mask, replace(plane, head=head), size, **asked)
        several = len(heads) > 1
        found += [replace(each, text=f"head {head}: {each.text}", heads=(head,)) if several else each for each in told]
    return tuple(found), plane


def _plane(mask: LoadedMask | Rule, settings: Settings) -> Plane:
    queries, keys, heads = settings.queries or settings.keys or SIDE, settings.keys, settings.heads
    if isinstance(mask, LoadedMask):
        number, *lengths = mask.array.shape
        wanted = [settings.queries or lengths[0], settings.keys or lengths[1]]
        if wanted != lengths:
            raise ValueError(f"the mask is {lengths[0]} × {lengths[1]}; expected {wanted[0]} × {wanted[1]}")
        (queries, keys), heads = lengths, max(number, heads)
    head = settings.head or 0
    if head >= heads:
        raise ValueError(f"{head} is not a head; possible are 0 … {heads - 1}")
    if settings.align not in ("left", "right"):
        raise ValueError(f"align is {settings.align!r}; possible are left, right")
    return Plane(queries, keys or queries, heads, settings.align, head)


def _block_size(plane: Plane) -> int:
    """128, or less where there would be fewer than four blocks along a side."""
    longest = max(plane.query_length, plane.key_length)
    return next((size for size in BLOCK_SIZES if size * 4 <= longest), BLOCK_SIZES[-1])


def _heads(rules: Sequence[Rule], plane: Plane, head: int | None) -> list[int]:
    """The heads to look at: the one that is asked for, all where a rule tells them apart, else the first."""
    differ = head is None and any(HEAD.search(str(rule)) for rule in rules)
    return list(range(plane.num_heads)) if differ else [head or 0]
