"""Self-attention beside cross-attention: one sequence that asks, and another that may be read."""

from __future__ import annotations

from attn_engine import Experiment

from ..view import Studies

HEADS, HEAD_DIM = 4, 16
"""d_model 64, as in the other experiments."""


def pair_of(studies: Studies) -> tuple[Experiment, Experiment]:
    """X on X, and X on Y, of lengths of their own: the same queries of the same random X."""
    own, other = (
        Experiment(
            source=source,
            query_length=studies.study_length,
            key_length=keys,
            num_heads=HEADS,
            head_dim=HEAD_DIM,
            temperature=studies.study_temperature,
            mask=studies.study_mask,
            seed=studies.study_seed,
        )
        for source, keys in (("projected", studies.study_length), ("cross", studies.study_keys))
    )
    return own, other
