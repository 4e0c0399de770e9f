"""A study's rows as flat records: what is written for programs, and what the tables are made from."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

from attn_engine import DiversityStudy, Estimate, PatternStudy, ScalingStudy, is_protocol, sample_similarity

Study: TypeAlias = ScalingStudy | DiversityStudy | PatternStudy
Record: TypeAlias = dict[str, Any]


def of_estimate(estimate: Estimate) -> Record:
    """The mean, its standard error, the band of single draws, what was published and whether it is inside."""
    return {**asdict(estimate), "inside": estimate.inside}


def of_scaling(study: ScalingStudy) -> list[Record]:
    """A record for each d_k, first without and then with the division."""
    return [
        {
            "scores": name,
            "d_k": row.head_dim,
            **of_estimate(kind.entropy),
            "score_deviation": kind.deviation,
            "jacobian": kind.jacobian,
        }
        for name in ("unscaled", "scaled")
        for row in study.rows
        for kind in (getattr(row, name),)
    ]


def of_diversity(study: DiversityStudy) -> list[Record]:
    """A record for each number of heads."""
    return [{"heads": row.heads, **of_estimate(row.similarity)} for row in study.rows]


def of_patterns(study: PatternStudy) -> list[Record]:
    """A record for each mask; pairs_at_n for each length at which its cost was counted."""
    return [
        {
            "mask": row.mask,
            "pairs": row.pairs,
            "density": row.density,
            "most_keys": row.most_keys,
            **{name: value for name, value in asdict(row.entropy).items() if name != "published"},
            "ceiling": row.ceiling,
            **{f"pairs_at_{n}": pairs for n, pairs in zip(row.growth.lengths, row.growth.pairs, strict=True)},
            "pairs_exact": all(row.growth.exact),
            "exponent": row.growth.exponent,
            "used_by": row.used_by,
        }
        for row in study.rows
    ]


RECORDS: dict[type, tuple[str, Callable[[Any], list[Record]]]] = {
    ScalingStudy: ("scaling", of_scaling),
    DiversityStudy: ("diversity", of_diversity),
    PatternStudy: ("patterns", of_patterns),
}
"""Each kind of study: its name, and how its records are made."""


def records_of(study: Study) -> list[Record]:
    """The study's rows as flat records."""
    _, records = RECORDS[type(study)]
    return records(study)


def json_text(study: Study, interrupted: bool) -> str:
    """Everything about the study; what JSON has no number for is null."""
    name, _ = RECORDS[type(study)]
    found: Record = {
        "study": name,
        "settings": asdict(study.settings),
        "draws": study.done,
        "interrupted": interrupted,
        "rows": [{field: _number(value) for field, value in record.items()} for record in records_of(study)],
    }
    if not isinstance(study, PatternStudy):
        found["protocol"] = is_protocol(study.settings)
    if isinstance(study, ScalingStudy):
        found["ceiling"] = study.ceiling
    if isinstance(study, DiversityStudy):
        found["sample_by_layer"] = list(sample_similarity())
    return json.dumps(found, allow_nan=False) + "\n"


def csv_text(study: Study) -> str:
    """The table: a header, then a line for each row; what there is not is empty."""
    records = records_of(study)
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, *([_cell(record.get(name)) for name in names] for record in records)])
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    value = _number(value)
    return "" if value is None else f"{value:.8g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
