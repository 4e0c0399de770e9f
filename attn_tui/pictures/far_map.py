"""The map of an attention with more scores than are made: blocks of everything, or of a part in view."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from attn_engine import MeanMap

from ..estimates import larger
from ..far import FarScene, as_far
from ..scene import Scene
from ..stages import Mask, Matrix
from .drawn import Drawn
from .far import percent
from .ink import NOTHING
from .levels import Shades, shades
from .plan import Plan


def drawn_far(far_scene: Scene, plan: Plan) -> Drawn:
    """Means as far as they are known: of blocks of everything, or of smaller ones, which are computed for a part."""
    scene = as_far(far_scene)
    found, size, first = scene.whole, plan.zoom.block // scene.grain, (0, 0)
    if plan.zoom.block % scene.grain:
        rows, columns = (_around(plan, axis) for axis in (0, 1))
        part = scene.part(*(_positions(scene, plan, axis, cells) for axis, cells in enumerate((rows, columns))))
        if part is None:
            return _stand_in(scene, plan)
        found, size, first = part, 1, (rows.start, columns.start)
    tones, means = _toned(found, size, scene.session.view.colour_range)
    return Drawn(tones, means, first, _drawn_so_far(scene) or _estimate(found))


def _stand_in(scene: FarScene, plan: Plan) -> Drawn:
    """As long as the blocks of a part are still to come, those of everything that they lie in."""
    rows, columns = (
        np.arange(first, first + count) * plan.zoom.block // scene.grain
        for first, count in zip(plan.first, plan.shown, strict=True)
    )
    means, seen, unknown = larger(scene.whole, 1)
    there = np.ix_(rows, columns)
    tones = _tones(means[there], seen[there], unknown[rows], scene.session.view.colour_range)
    note = _drawn_so_far(scene) or (f"so far blocks of {scene.grain}", f"so far {scene.grain}")
    return Drawn(tones, means[there], plan.first, note)


def _drawn_so_far(scene: FarScene) -> tuple[str, str] | None:
    if not scene.progress.drawing:
        return None
    share = percent(scene.progress.drawing.share)
    return f"numbers drawn: {share}", f"drawn {share}"


def _estimate(found: MeanMap) -> tuple[str, str] | None:
    share = percent(found.share)
    return None if found.exact else (f"estimate, {share} of queries", f"estimate {share}")


def _around(plan: Plan, axis: int) -> range:
    """The cells of a part with those in view, which stays the same while they are scrolled a little."""
    count = plan.shown[axis]
    step = max(count // 2, 1)
    start = plan.first[axis] // step * step
    return range(start, min(start + count + step, plan.whole[axis]))


def _positions(scene: Scene, plan: Plan, axis: int, cells: range) -> tuple[int, int, int]:
    block = plan.zoom.block
    return cells.start * block, min(cells.stop * block, scene.size[axis]), block


@lru_cache(maxsize=2)
def _toned(found: MeanMap, size: int, colour_range: str) -> tuple[Shades, Matrix]:
    """The shades and means of all blocks, which stay while the cursor moves."""
    means, seen, unknown = larger(found, size)
    return _tones(means, seen, unknown, colour_range), means


def _tones(means: Matrix, seen: Mask, unknown: Mask, colour_range: str) -> Shades:
    known = np.where(unknown[:, None], 0, means)
    tones = shades(known, seen, colour_range, signed=False, highest=0.0)
    tones.levels[unknown] = NOTHING
    return tones
