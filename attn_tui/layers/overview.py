"""All layers at a glance: what is known of each so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from attn_engine import Attention, Experiment, Inputs, LayerOverview, layer_overview

from ..desk import Desk, Trouble

QUICK = 2**15
"""Scores of all layers together up to which they are read within the frame that asks for them."""


@dataclass(frozen=True, eq=False)
class Layers:
    """The layers of an experiment, whatever its own layer is, and the desk that reads them."""

    experiment: Experiment
    numbers: tuple[int, ...]
    num_heads: int
    quick: bool
    desk: Desk

    def of(self, layer: int) -> LayerOverview | Trouble | None:
        """What is known of a layer: None while it is still to be read, Trouble where it cannot be."""
        try:
            return self.desk.ask(layer_overview, self.experiment, layer, quick=self.quick)
        except Trouble as trouble:
            return trouble

    def known(self, first: int) -> tuple[LayerOverview | Trouble | None, ...]:
        """What is known of every layer; those not read yet are asked for, one layer before the others."""
        self.of(first)
        return tuple(self.of(layer) for layer in self.numbers)


def layers_of(shown: Experiment, attention: Attention, inputs: Inputs, desk: Desk) -> Layers | None:
    """The layers of an experiment; None where there is one."""
    if inputs.num_layers == 1:
        return None
    heads = inputs.captured.total_heads if inputs.captured else attention.num_heads
    scores = inputs.num_layers * heads * attention.query_length * attention.key_length
    return Layers(replace(shown, layer=0), inputs.layers, heads, scores <= QUICK, desk)
