"""The laboratory of a session: its rule, where the rule stands, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from attn_engine import (
    Alignment,
    Attention,
    BlockCounts,
    CheckFinding,
    Cost,
    Count,
    Growth,
    Kind,
    Plane,
    Reached,
    Reading,
    Rule,
    Settled,
    alignments,
    block_map,
    check_mask,
    check_rule,
    costs,
    count,
    count_blocks,
    growth,
    layers_until_settled,
    parse,
    reach_of,
    refined,
    refined_blocks,
    row_count,
    window_readings,
)

from ..desk import Answer, Desk, Trouble
from ..view import ZOOMS, Lab, Session
from .questions import reach_shares, row_range

QUICK = 2**14
"""Pairs up to which a question is answered within the frame that asks it."""


MOST_SAMPLES = 2**22
"""Pairs that an estimate is refined with at most."""

MOST_SAMPLED_BLOCKS = 2**15
"""Blocks that an estimate of them is refined with at most."""


@dataclass(frozen=True, eq=False)
class Laboratory:
    """A rule on its plane, and the desk that answers what is asked of it. Answers still to come are None."""

    rule: Rule
    plane: Plane
    lab: Lab
    head_dim: int
    desk: Desk

    @property
    def cursor(self) -> tuple[int, int]:
        """The pair stood on, within the plane."""
        query, key = self.lab.mask_cursor
        return min(query, self.plane.query_length - 1), min(key, self.plane.key_length - 1)

    @property
    def quick(self) -> bool:
        """Whether the plane is so small that everything is answered at once."""
        return self.plane.pairs <= QUICK

    @property
    def waiting(self) -> bool:
        """Whether answers are still to come."""
        return self.desk.busy

    def ask(
        self,
        work: Callable[..., Answer],
        *arguments: Hashable,
        quick: bool = False,
        refine: Callable[[Answer], Answer | None] | None = None,
    ) -> Answer | None:
        """What the desk answers about the rule on its plane; None also where there is no answer."""
        try:
            return self.desk.ask(work, self.rule, self.plane, *arguments, quick=quick or self.quick, refine=refine)
        except Trouble:
            return None

    @property
    def count(self) -> Count | None:
        """How many pairs are allowed; an estimate is refined while nothing else is asked."""
        return self.ask(count, refine=self._refined)

    def _refined(self, estimate: Count) -> Count | None:
        enough = estimate.exact or estimate.samples >= MOST_SAMPLES
        return None if enough else refined(estimate, self.rule, self.plane)

    @property
    def blocks(self) -> BlockCounts | None:
        """How many blocks of the size shown are full, partial and empty."""
        return self.ask(count_blocks, self.lab.block_size, refine=self._refined_blocks)

    def _refined_blocks(self, estimate: BlockCounts) -> BlockCounts | None:
        enough = not 0 < estimate.samples < MOST_SAMPLED_BLOCKS
        return None if enough else refined_blocks(estimate, self.rule, self.plane, self.lab.block_size)

    @property
    def row_range(self) -> tuple[int, int] | None:
        """The fewest and the most keys that a query sees."""
        return self.ask(row_range)

    @property
    def findings(self) -> tuple[CheckFinding, ...] | None:
        """What the checks have found."""
        return self.ask(check_mask, self.lab.block_size)

    @property
    def costs(self) -> tuple[Cost, ...] | None:
        """What each form of the mask costs."""
        counted, blocks = self.count, self.blocks
        if counted is None or blocks is None:
            return None
        heads, size = self.plane.num_heads, self.lab.block_size
        return costs(counted.pairs, self.plane, self.head_dim, heads, blocks=blocks, block_size=size)

    @property
    def growth(self) -> Growth | None:
        """How the pairs grow with the length."""
        return self.ask(growth)

    @property
    def reached(self) -> Reached | None:
        """What the cursor's query reaches after the layers asked for. Raises Trouble where there is no answer."""
        return self.desk.ask(reach_of, self.rule, self.plane, self.cursor[0], self.lab.reach_layers, quick=self.quick)

    @property
    def settled(self) -> Settled | None:
        """After how many layers nothing grows. Raises Trouble where there is no answer."""
        return self.desk.ask(layers_until_settled, self.rule, self.plane, quick=self.quick)

    @property
    def readings(self) -> tuple[Reading, ...] | None:
        """What each library lets the cursor's query see by one window number."""
        try:
            return self.desk.ask(window_readings, self.lab.window, self.plane, self.cursor[0], quick=self.quick)
        except Trouble:
            return None

    @property
    def alignments(self) -> tuple[Alignment, ...] | None:
        """The rule under each alignment."""
        return self.ask(alignments)

    def reach_shares(self, side: int) -> NDArray[np.float32] | None:
        """The reach of all positions as side × side cells."""
        return self.ask(reach_shares, self.lab.reach_layers, side)

    def seen_by(self, query: int) -> int | None:
        """How many keys a query sees."""
        return self.ask(row_count, query, quick=True)

    def block_at(self, query: int, key: int) -> tuple[tuple[int, int], int]:
        """The block that a pair is in, and whether it is full, partial or empty."""
        size = self.lab.block_size
        block = query // size, key // size
        rows, columns = (
            np.array([place * size, min((place + 1) * size, length)])
            for place, length in zip(block, (self.plane.query_length, self.plane.key_length), strict=True)
        )
        return block, int(block_map(self.rule, self.plane, rows, columns).verdicts[0, 0])

    @property
    def places(self) -> list[tuple[int, int]]:
        """Pairs that the findings tell of, in the order of rows."""
        found = {
            (query, key)
            for finding in self.findings or ()
            for query in finding.queries or ((0,) if finding.keys else ())
            for key in finding.keys or (0,)
        }
        return sorted(found)

    @property
    def zooms(self) -> list[str]:
        """The zooms of the mask, from the largest cells to one cell for all of it."""
        powers = (max(self.plane.query_length, self.plane.key_length) - 1).bit_length()
        return [*ZOOMS[1:], *(str(2**power) for power in range(1, powers + 1))]


@lru_cache(maxsize=64)
def _checked(rule: Rule, plane: Plane) -> None:
    check_rule(rule, plane)


def laboratory_of(session: Session, attention: Attention, head: int, desk: Desk) -> Laboratory:
    """The laboratory of a session. Raises RuleError where the rule has no value somewhere on the plane."""
    lab = session.lab
    plane = Plane(lab.mask_queries, lab.mask_keys, attention.num_heads, session.experiment.align, head)
    rule = parse(session.experiment.mask, Kind.MASK)
    _checked(rule, plane)
    return Laboratory(rule, plane, lab, attention.head_dim, desk)
