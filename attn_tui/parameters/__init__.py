"""The table of parameters: one row is a knob, a key, an option and a line of help.

Rows of the experiment decide the numbers, rows of the view only the pixels. This package loads neither NumPy nor
Textual, so that `--help` answers at once.
"""

from __future__ import annotations

from ..view import Session
from .knobs import KNOBS
from .lab import LAB
from .looks import VIEW
from .row import Parameter
from .studies import KNOBS_OF, STUDIES

__all__ = [
    "BY_FIELD",
    "BY_KEY",
    "EVERY_KNOB",
    "KNOBS",
    "LAB",
    "LAB_BY_KEY",
    "PARAMETERS",
    "PARTS",
    "PART_OF",
    "STUDIES",
    "STUDY_BY_KEY",
    "VIEW",
    "Parameter",
    "knobs_of",
    "study_knobs",
]

PARAMETERS = (*KNOBS, *VIEW, *LAB, *STUDIES)

BY_FIELD = {row.field: row for row in PARAMETERS}
BY_KEY = {row.key: row for row in KNOBS if row.key}
LAB_BY_KEY = {row.key: row for row in (BY_FIELD["mask"], *LAB[:3], BY_FIELD["align"], BY_FIELD["head_dim"], *LAB[3:5])}
"""The knobs of the mask laboratory: its own, and those that it shares with the map."""

STUDY_BY_KEY = {
    study: {BY_FIELD[field].key: BY_FIELD[field] for field in knobs_shown} for study, knobs_shown in KNOBS_OF.items()
}
"""The knobs of each experiment."""

EVERY_KNOB = {key: row for rows in (*STUDY_BY_KEY.values(), LAB_BY_KEY, BY_KEY) for key, row in rows.items()}
"""A knob for each letter, whichever view it is of."""

PARTS = (
    ("what is computed", "experiment", KNOBS),
    ("how it is shown", "view", VIEW),
    ("the mask laboratory", "lab", LAB),
    ("the experiments", "studies", STUDIES),
)
"""The groups of rows: a title, and the part of a session that they are of."""

PART_OF = {row.field: part for _, part, rows in PARTS for row in rows}


def study_knobs(session: Session) -> dict[str, Parameter]:
    """The knobs of the experiment on show, by key."""
    return STUDY_BY_KEY[session.studies.study]


def knobs_of(session: Session) -> dict[str, Parameter]:
    """The knobs of the view on show, by key."""
    if session.view.page == "experiments":
        return study_knobs(session)
    return LAB_BY_KEY if session.view.page == "masks" else BY_KEY
