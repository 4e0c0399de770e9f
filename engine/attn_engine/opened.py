"""Files that are open: which set, layer and batch item of them is looked at, and how much that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .budget import PER_SCORE, most_within
from .experiment import FIRST, Experiment, FieldError, most_scores, most_scores_told

if TYPE_CHECKING:
    from .captures.bands import Band
    from .captures.opening import Capture
    from .captures.sets import CaptureSet

AT_ONCE = 2**22
"""Scores of a layer above which one head at a time is read and computed."""


when_closed: list[Callable[[], None]] = []
"""What else has to be forgotten of files that are closed."""

MASK_AT_ONCE = 2**22
"""Cells of a mask that are read at once."""


@lru_cache(maxsize=4)
def opened(path: str, tokens: str) -> Capture:
    """The file, opened once. Raises CaptureError."""
    from .captures.opening import open_capture  # few sessions have a file

    return open_capture(path, tokens=tokens or None)


def forget_files() -> None:
    """Close the files, unless somebody else still reads them."""
    for kept in (opened, band_of_head, whole_mask):
        kept.cache_clear()
    for forget in when_closed:
        forget()


def set_of(experiment: Experiment) -> CaptureSet:
    """The set of the file that is looked at. Raises CaptureError, or FieldError for one that there is not."""
    if not experiment.file:
        raise FieldError("file", "no file was named: attn-tui FILE opens one")
    capture = opened(experiment.file, experiment.tokens_file)
    for each in capture.sets:
        if each.name == (experiment.capture_set or capture.sets[0].name):
            return each
    names = ", ".join(each.name for each in capture.sets)
    raise FieldError("capture_set", f"{experiment.capture_set!r} is no set of it; possible are {names}")


def file_changed(experiment: Experiment) -> str:
    """What happened to the file since it was opened, in words; nothing, where it is the same."""
    return opened(experiment.file, experiment.tokens_file).changed()


def one_at_a_time(experiment: Experiment) -> bool:
    """Whether a file's layer is so large that its heads are read and computed one at a time."""
    if experiment.source != "file":
        return False
    found = set_of(experiment)
    return found.num_heads * found.scores > most_within(AT_ONCE, PER_SCORE)


def is_long(experiment: Experiment) -> bool:
    """Whether one head of a file has more scores than are made. Raises as `set_of`."""
    return set_of(experiment).scores > most_scores()


def check_not_long(experiment: Experiment) -> None:
    """Raise FieldError where one head has more scores than are made, which `far_of` does without."""
    check_scores_of(set_of(experiment), 1)


def check_scores_of(found: CaptureSet, heads: int) -> None:
    """Raise FieldError where so many heads have more scores than are made."""
    if heads * found.scores > most_scores():
        most = max(most_scores() // found.key_length, 1)
        raise FieldError(
            "file",
            f"{found.query_length:,} queries × {found.key_length:,} keys is more than {most_scores_told()} scores, "
            f"which is the most that is made at once: save {most:,} of the queries or fewer",
        )


def sized(experiment: Experiment) -> Experiment:
    """The experiment with the lengths, heads and widths of its file, as far as that has them. Raises as `set_of`."""
    found = set_of(experiment)
    return replace(
        experiment,
        query_length=found.query_length,
        key_length=found.key_length,
        num_heads=found.num_heads,
        num_key_heads=found.num_key_heads,
        head_dim=0 if found.has_weights else found.head_dim or 0,
    )


def within_set(experiment: Experiment) -> Experiment:
    """The experiment with a layer and a batch item that its set has: its own, else the first layer, the last item.

    Raises as `set_of`.
    """
    found = set_of(experiment)
    layer = experiment.layer if experiment.layer in found.layer_numbers else FIRST
    return replace(experiment, layer=layer, batch_item=min(experiment.batch_item, found.batch_size - 1))


def num_heads_of(experiment: Experiment) -> int:
    """How many heads a file's layers have."""
    return set_of(experiment).num_heads


def numbered(layer: int, numbers: Sequence[int], what: str = "not there") -> int:
    """The number of a layer, that of the FIRST among them. Raises FieldError for one that is `what`."""
    if layer != FIRST and layer not in numbers:
        raise FieldError("layer", f"{layer} is {what}; possible are {listed(numbers)}")
    return numbers[0] if layer == FIRST else layer


def listed(numbers: Sequence[int]) -> str:
    """Numbers in words: 0 … 11 where none is left out, else 3, 7; of many the first and the last."""
    if len(numbers) > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} … {numbers[-1]}"
    shown = list(map(str, numbers))
    return ", ".join(shown if len(shown) <= 12 else [*shown[:11], "…", shown[-1]])


@lru_cache(maxsize=64)
def band_of_head(found: CaptureSet, layer: int, head: int, batch: int) -> Band | None:
    """What a mask is that has to be read as a whole; None where it is no band."""
    return found.band(layer, head, batch)


@lru_cache(maxsize=2)
def whole_mask(found: CaptureSet, layer: int, head: int, batch: int) -> NDArray[np.bool_]:
    """A mask that is no band, (queries, keys)."""
    rows, made = found.head_rows(layer, head, batch), np.empty((found.query_length, found.key_length), dtype=np.bool_)
    step = max(MASK_AT_ONCE // found.key_length, 1)
    for first in range(0, len(made), step):
        some = range(first, min(first + step, len(made)))
        made[some.start : some.stop] = rows.seen(some)
    return made
