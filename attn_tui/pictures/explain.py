"""One cell, step by step, with every number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.segment import Segment

from attn_engine import SCALED, UNSCALED, parse_normaliser

from ..scene import Scene
from .cells import Lines, figure, fit, wrap
from .ink import Ink

TERMS = 6


def explain(scene: Scene, width: int, height: int) -> Lines:
    """The steps from query and key to the weight and its share of the output; briefer where there is little room."""
    for terms, spaced in ((TERMS, True), (TERMS, False), (2, False), (0, False)):
        lines = _drawn(scene.ink, _steps(scene, terms=terms), width, spaced=spaced)
        if len(lines) <= height:
            break
    return lines


@dataclass(frozen=True)
class Step:
    """What is computed, its value, and how: lines of text."""

    name: str
    value: str
    how: tuple[str, ...]


def _drawn(ink: Ink, steps: list[Step], width: int, *, spaced: bool) -> Lines:
    lines: Lines = []
    for step in steps:
        room = max(width - len(step.value) - 1, 1)
        lines += [[]] if lines and spaced else []
        lines.append([Segment(fit(step.name, room), ink.strong), Segment(" " + step.value, ink.accent)])
        lines += [[Segment(text, ink.dim)] for how in step.how for text in wrap(how, width)]
    return lines


def _steps(scene: Scene, *, terms: int) -> list[Step]:
    attention, head = scene.attention, scene.head
    query, key = scene.place
    score, scaled, modified = (
        float(stage[head, query, key]) for stage in (attention.scores, attention.scaled, attention.modified)
    )
    row, column = scene.cursor
    place = f"{scene.query_labels[row]} → {scene.key_labels[column]}"
    alone = "" if scene.combined is None else ", alone"
    steps = [Step(place, "", (f"query {query}, key {key}, head {scene.head_number}{alone}",))]
    if scene.has_scores:
        steps.append(Step("q·k", figure(score), _dot_product(scene, terms)))
        steps.append(Step("scaled", figure(scaled), (_scale(scene, score),)))
    else:
        steps.append(Step("ln p", figure(score), ("p is the weight in the file, which has no query and key for it",)))
    if attention.modified is not attention.scaled:
        steps.append(Step("after the score mod", figure(modified), (scene.shown.score_mod,)))
    if scene.captured_weights is not None:
        return [*steps, Step("weight", figure(float(scene.head_weights[query, key])), ("as it is in the file",))]
    share = [_share(scene)] if attention.value.shape[-1] else []
    return [*steps, *_normalised(scene, modified), *share]


def _dot_product(scene: Scene, terms: int) -> tuple[str, ...]:
    """The sum of d_k products, the largest of them first."""
    query, key = scene.place
    attention = scene.attention
    q, k = attention.query[scene.head, query], attention.key[_key_head(scene), key]
    products = q * k
    order = np.argsort(-np.abs(products), kind="stable")
    parts = [
        f"  q[{i}]·k[{i}]  {figure(float(q[i]), 2)} × {figure(float(k[i]), 2)} = {figure(float(products[i]), 2)}"
        for i in order[:terms].tolist()
    ]
    rest = order[terms:]
    if len(rest) and parts:
        parts.append(f"  and {len(rest)} more{' ' * 10}= {figure(float(products[rest].sum()), 2)}")
    return f"the sum of {len(products)} products", *parts


def _key_head(scene: Scene) -> int:
    """The head of key and value that the head on show uses."""
    return scene.head * scene.attention.num_key_heads // scene.attention.num_heads


def _scale(scene: Scene, score: float) -> str:
    scale, width = scene.shown.scale, scene.attention.head_dim
    if scale == UNSCALED:
        return "not scaled"
    if scale == SCALED and scene.inputs.captured and scene.inputs.captured.scale is not None:
        return f"{figure(score)} × {figure(scene.attention.scale)}, the scale in the file"
    if scale == SCALED:
        return f"{figure(score)} / √{width} = {figure(score)} / {figure(math.sqrt(width))}"
    return f"{figure(score)} × {figure(scene.attention.scale)}"


def _normalised(scene: Scene, modified: float) -> list[Step]:
    query, key = scene.place
    attention, head = scene.attention, scene.head
    seen = attention.mask_of(head)[query]
    weight = float(scene.head_weights[query, key])
    steps: list[Step] = []
    logit = modified / attention.temperature
    if attention.temperature != 1:
        how = f"{figure(modified)} / temperature {figure(attention.temperature)}"
        steps.append(Step("over the temperature", figure(logit), (how,)))
    count, total = int(seen.sum()), len(seen)
    looks = "may look" if seen[key] else "may not look"
    how = f"{scene.shown.mask}: this query sees {count} of {total} keys"
    steps.append(Step("mask", looks, (how,)))
    if not seen[key]:
        return [*steps, Step("weight", figure(weight), ("masked keys get no weight",))]
    return [*steps, *_weight(scene, logit, weight)]


def _weight(scene: Scene, logit: float, weight: float) -> list[Step]:
    name, numbers = parse_normaliser(scene.shown.normaliser)
    query, _ = scene.place
    attention = scene.attention
    seen = attention.mask_of(scene.head)[query]
    logits = attention.modified[scene.head, query][seen].astype(np.float64) / attention.temperature
    if name == "sigmoid":
        keys = attention.key_length
        return [Step("weight", figure(weight), (f"sigmoid({figure(logit)} − ln {keys})",))]
    if name == "sparsemax":
        support = int(np.count_nonzero(scene.head_weights[query]))
        threshold = logit - weight if weight > 0 else float("nan")
        above = f"; those above {figure(threshold)} keep what exceeds it" if weight > 0 else ": below the threshold"
        return [Step("weight", figure(weight), (f"sparsemax: {support} keys have any weight{above}",))]
    top = float(logits.max())
    exponential = math.exp(max(logit - top, -745.0))
    total = float(np.exp(logits - top).sum())
    extra = {"softmax1": (0.0,), "sink_logit": numbers or (0.0,)}.get(name)
    sink = math.exp(min(extra[0] - top, 700.0)) if extra else 0.0
    how = f"over the {len(logits)} keys seen" + (f", with the sink's {figure(sink)}" if extra else "")
    return [
        Step("exponential", figure(exponential), (f"exp({figure(logit)} − {figure(top)}): less the row's greatest",)),
        Step("sum of the row", figure(total + sink), (how,)),
        Step("weight", figure(weight), (f"{figure(exponential)} / {figure(total + sink)}",)),
    ]


def _share(scene: Scene) -> Step:
    """How much of the query's output comes from this key."""
    query, key = scene.place
    attention = scene.attention
    value = attention.value[_key_head(scene), key].astype(np.float64)
    weight = float(scene.head_weights[query, key])
    size = float(np.linalg.norm(value))
    output = attention.output[scene.head, query].astype(np.float64)
    length = float(np.linalg.norm(output))
    along = weight * float(value @ output) / length**2 if length > 0 else 0.0
    how = f"weight {figure(weight)} × |value| {figure(size)} = {figure(weight * size)}; |output| {figure(length)}"
    return Step("share of the output", f"{round(along, 2) + 0.0:.0%}", (how, "(weight·value along the output)"))
