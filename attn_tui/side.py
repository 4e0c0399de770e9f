"""One side of what is on show: A or B while both are compared, else the only one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from attn_engine import Attention, Combined, Experiment, Inputs

from .findings import Finding, findings, on_rows, tolerance_of
from .together import pool_findings
from .view import View


@dataclass(frozen=True, eq=False)
class Side:
    """A head, the experiment and inputs that it is of, and the weights that are put together for the map, if any."""

    shown: Experiment
    attention: Attention
    inputs: Inputs
    head: int
    combined: Combined | None
    view: View

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is unusual about each query: of the head, or of all heads that are put together."""
        pooled = pool_findings(self.shown, self.inputs, self.view) if self.combined else None
        return findings(self.attention, self.head, tolerance_of(self.inputs)) if pooled is None else pooled

    @cached_property
    def on_rows(self) -> tuple[Finding, ...]:
        """The same of the rows on show."""
        return on_rows(self.findings, self.combined)

    @cached_property
    def by_row(self) -> dict[int, tuple[str, ...]]:
        """What is unusual about each row on show about which anything is."""
        rows: dict[int, tuple[str, ...]] = {}
        for finding in self.on_rows:
            rows[finding.query] = (*rows.get(finding.query, ()), finding.text)
        return rows

    @property
    def tokens(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels of rows and of columns; empty where there are no tokens."""
        if self.combined:
            return self.combined.query_labels, self.combined.key_labels
        return self.inputs.query_tokens, self.inputs.key_tokens
