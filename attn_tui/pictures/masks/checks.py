"""What the checks have found, each finding in lines that a person can act on."""

from __future__ import annotations

from rich.segment import Segment

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..cells import Lines, wrap
from .settings import unknown


def checks(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:  # noqa: ARG001 - scrolled by its caller
    """Serious findings first, then what is worth knowing."""
    ink, findings = scene.ink, lab.findings
    if findings is None:
        return [[Segment(unknown(lab), ink.dim)]]
    lines: Lines = []
    for finding in sorted(findings, key=lambda each: not each.serious):
        mark, style = ("!", ink.warning) if finding.serious else ("·", ink.text)
        first, *rest = wrap(finding.text, max(width - 2, 8))
        lines.append([Segment(f"{mark} ", style), Segment(first, style)])
        lines += [[Segment(f"  {line}", style)] for line in rest]
    if not any(finding.serious for finding in findings):
        lines.insert(0, [Segment("Nothing found that would be a mistake.", ink.good)])
    return lines
