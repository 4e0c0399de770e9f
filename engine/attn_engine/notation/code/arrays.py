"""The named arrays of a rule, written out in its code."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from keyword import iskeyword
from typing import Any, Literal

import numpy as np

from ..errors import RuleError, quoted
from ..evaluation import table_at
from ..grid import Array
from ..plane import Plane
from ..tables import Table
from ..tree import Read

MOST_WRITTEN = 4096
"""Numbers that are written into code; equal ones in a row count as two."""

SORTS: dict[str, Literal["whole", "float", "condition"]] = {"b": "condition", "f": "float", "i": "whole", "u": "whole"}
TAKEN = {"np", "torch", "F", "device", "mask", "mask_mod", "score_mod", "bias", "pseudo_random", "block_mask", "score"}
TAKEN |= {"scores", "allowed", "attn_mask", "flex_attention", "create_block_mask", "q_idx", "kv_idx", *"qkhbsQKH"}
TAKEN |= {"query_length", "key_length", "num_heads"}


@dataclass
class Arrays:
    """Gives each array that a rule reads a name that is free in the code, and a line that makes it."""

    plane: Plane
    module: str
    single: bool = False
    """Whether other than whole numbers are single precision, as scores are."""
    names: dict[tuple[str, Any], tuple[str, Literal["whole", "float", "condition"]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def name(self, node: Read) -> tuple[str, Literal["whole", "float", "condition"]]:
        """The array's name in the code, and what it holds; its line is noted at the first time."""
        key = node.array, node.owner
        if key not in self.names:
            table = table_at(node, self.plane.points(np.asarray(0), np.asarray(0)))
            sort = SORTS.get(table.dtype.kind)
            if sort is None or table.ndim != len(node.indices):
                raise RuleError(f"{node.array} of shape {table.shape} cannot be read as {quoted(str(node))}")
            name = self.free(node.array)
            self.lines.append(f"{name} = {self.text(node.array, _entries(node.array, table), sort)}")
            self.names[key] = name, sort
        return self.names[key]

    def free(self, name: str) -> str:
        """The name, or one like it that the code has no other use for."""
        used = TAKEN | {known for known, _ in self.names.values()}
        taken = name in used or iskeyword(name) or name.startswith("part_")
        return next(f"{name}_{number}" for number in range(2, 999) if f"{name}_{number}" not in used) if taken else name

    def text(self, name: str, entries: Array, sort: str) -> str:
        """The array as source: as runs where that is shorter. Raises RuleError for one that is too large."""
        runs = [(value, len(list(group))) for value, group in groupby(entries.tolist())] if entries.ndim == 1 else []
        if runs and 2 * len(runs) < len(entries):
            values, counts = [value for value, _ in runs], [count for _, count in runs]
            size, written = 2 * len(runs), f"np.repeat({values}, {counts})"
        else:
            size, written = entries.size, repr(entries.tolist())
        if size > MOST_WRITTEN:
            raise RuleError(f"{name} is too large to be written as code: {size} numbers, at most {MOST_WRITTEN}")
        if not np.isfinite(entries).all():
            raise RuleError(f"{name} holds infinities or NaN: they are not written as code")
        return self.made(written, sort)

    def made(self, written: str, sort: str) -> str:
        """The source of an array of these numbers."""
        kind = {"whole": "int64", "condition": "bool", "float": "float32" if self.single else "float64"}[sort]
        if self.module == "np":
            return f"np.array({written}, dtype=np.{kind})"
        if written.startswith("np.repeat"):
            values, counts = written.removeprefix("np.repeat(").removesuffix(")").split("], ")
            return (
                f"torch.repeat_interleave(torch.tensor({values}], dtype=torch.{kind}, device=device), "
                f"torch.tensor({counts}, device=device))"
            )
        return f"torch.tensor({written}, dtype=torch.{kind}, device=device)"


def _entries(name: str, table: Table) -> Array:
    if table.ndim > 1 and int(np.prod(table.shape)) > MOST_WRITTEN:
        shape = " × ".join(map(str, table.shape))
        raise RuleError(f"{name}, {shape}, is too large to be written as code: at most {MOST_WRITTEN} numbers")
    if table.ndim == 1 and table.shape[0] > 2**22:
        raise RuleError(f"{name} of {table.shape[0]} numbers is too long to be written as code")
    return table.at(*(np.asarray(axis) for axis in np.ix_(*map(np.arange, table.shape))))
