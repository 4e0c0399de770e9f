"""Attention, computed stage by stage with NumPy alone: masks, score mods, heads, measures.

    from attn_engine import attend
    attention = attend(query, key, value, mask="causal & window(128)")
    attention.weights, attention.output

Names are handed out when they are first used: tables and the notation can be read without loading NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import measures as measures
    from .attention import Attention as Attention
    from .attention import attend as attend
    from .attention import unrepeated as unrepeated
    from .budget import most_told as most_told
    from .budget import most_within as most_within
    from .captured import row_tolerance as row_tolerance
    from .captures.describing import ArrayInfo as ArrayInfo
    from .captures.describing import CaptureInfo as CaptureInfo
    from .captures.describing import SetInfo as SetInfo
    from .captures.describing import describe as describe
    from .captures.disk import CaptureError as CaptureError
    from .captures.memory import memory_budget as memory_budget
    from .captures.opening import Capture as Capture
    from .captures.opening import open_capture as open_capture
    from .captures.saving import save_capture as save_capture
    from .captures.sets import CaptureSet as CaptureSet
    from .catalogue import Entry as Entry
    from .catalogue import entries as entries
    from .combining import Combined as Combined
    from .combining import combined as combined
    from .combining import pooled as pooled
    from .combining import pooled_heads as pooled_heads
    from .combining import renormalised as renormalised
    from .detection import head_scores as head_scores
    from .drawing import Drawing as Drawing
    from .experiment import ALIGNMENTS as ALIGNMENTS
    from .experiment import FIRST as FIRST
    from .experiment import HIDES_NOTHING as HIDES_NOTHING
    from .experiment import NORMALISERS as NORMALISERS
    from .experiment import OF_A_MADE_SOURCE as OF_A_MADE_SOURCE
    from .experiment import OF_THE_SOURCE as OF_THE_SOURCE
    from .experiment import ROPES as ROPES
    from .experiment import SCALED as SCALED
    from .experiment import SOURCES as SOURCES
    from .experiment import UNSCALED as UNSCALED
    from .experiment import Experiment as Experiment
    from .experiment import FieldError as FieldError
    from .experiment import most_scores as most_scores
    from .experiment import normaliser_signatures as normaliser_signatures
    from .experiment import parse_normaliser as parse_normaliser
    from .far import Far as Far
    from .far import FarRow as FarRow
    from .far import far_of as far_of
    from .far import pooled_map as pooled_map
    from .fast.growing import Growing as Growing
    from .fast.maps import MeanMap as MeanMap
    from .fast.maps import mean_map as mean_map
    from .fast.maps import mean_maps as mean_maps
    from .fast.maps import mean_rows as mean_rows
    from .fast.packing import Packed as Packed
    from .fast.packing import PackedKeys as PackedKeys
    from .fast.packing import cooled as cooled
    from .fast.packing import pack as pack
    from .fast.packing import pack_keys as pack_keys
    from .fast.weighing import Weighed as Weighed
    from .fast.weighing import weighed as weighed
    from .heads import as_random as as_random
    from .heads import compared_queries as compared_queries
    from .heads import mean_similarity as mean_similarity
    from .heads import random_similarity as random_similarity
    from .heads import similarity as similarity
    from .heads import similarity_of_random as similarity_of_random
    from .kinds import KINDS as KINDS
    from .kinds import HeadKind as HeadKind
    from .kinds import head_kinds as head_kinds
    from .masks.blocks import Blocks as Blocks
    from .masks.blocks import block_map as block_map
    from .masks.checks import CheckFinding as CheckFinding
    from .masks.checks import check_mask as check_mask
    from .masks.conventions import POLARITIES as POLARITIES
    from .masks.conventions import Alignment as Alignment
    from .masks.conventions import Reading as Reading
    from .masks.conventions import alignments as alignments
    from .masks.conventions import blind_outcomes as blind_outcomes
    from .masks.conventions import window_readings as window_readings
    from .masks.costs import Cost as Cost
    from .masks.costs import Growth as Growth
    from .masks.costs import bytes_text as bytes_text
    from .masks.costs import costs as costs
    from .masks.costs import flops_text as flops_text
    from .masks.costs import growth as growth
    from .masks.counting import Count as Count
    from .masks.counting import count as count
    from .masks.counting import key_counts as key_counts
    from .masks.counting import refined as refined
    from .masks.counting import row_count as row_count
    from .masks.counting import row_counts as row_counts
    from .masks.files import LoadedMask as LoadedMask
    from .masks.files import MaskFileError as MaskFileError
    from .masks.files import mask_of as mask_of
    from .masks.files import read_lengths as read_lengths
    from .masks.files import read_mask as read_mask
    from .masks.identification import Identification as Identification
    from .masks.identification import identify_mask as identify_mask
    from .masks.reach import Reached as Reached
    from .masks.reach import Settled as Settled
    from .masks.reach import layers_until_settled as layers_until_settled
    from .masks.reach import reach as reach
    from .masks.reach import reach_of as reach_of
    from .masks.tally import BlockCounts as BlockCounts
    from .masks.tally import count_blocks as count_blocks
    from .masks.tally import refined_blocks as refined_blocks
    from .measures import Measures as Measures
    from .measures import measure as measure
    from .notation import Grid as Grid
    from .notation import Kind as Kind
    from .notation import Rule as Rule
    from .notation import RuleError as RuleError
    from .notation import evaluate as evaluate
    from .notation import parse as parse
    from .notation.code import code_of as code_of
    from .notation.intervals import judge as judge
    from .notation.plane import Captured as Captured
    from .notation.plane import Plane as Plane
    from .notation.plane import Rectangles as Rectangles
    from .notation.plane import Verdict as Verdict
    from .notation.soundness import check_rule as check_rule
    from .notation.words import FUNCTIONS as FUNCTIONS
    from .opened import file_changed as file_changed
    from .opened import listed as listed
    from .opened import num_heads_of as num_heads_of
    from .opened import one_at_a_time as one_at_a_time
    from .opened import within_set as within_set
    from .overview import LayerOverview as LayerOverview
    from .overview import heads_apart as heads_apart
    from .overview import layer_overview as layer_overview
    from .pipeline import close_files as close_files
    from .pipeline import inputs_of as inputs_of
    from .pipeline import run as run
    from .pipeline import run_once as run_once
    from .presets import PRESETS as PRESETS
    from .presets import Preset as Preset
    from .sources import Inputs as Inputs
    from .sources import Size as Size
    from .sources import is_far as is_far
    from .sources import layer_of as layer_of
    from .sources import size_of as size_of
    from .studies.diversity import DiversityRow as DiversityRow
    from .studies.diversity import DiversityStudy as DiversityStudy
    from .studies.diversity import diversity_study as diversity_study
    from .studies.diversity import diversity_weights as diversity_weights
    from .studies.diversity import sample_similarity as sample_similarity
    from .studies.estimates import Estimate as Estimate
    from .studies.estimates import estimate as estimate
    from .studies.failures import Failure as Failure
    from .studies.failures import ScoreMemory as ScoreMemory
    from .studies.failures import failures as failures
    from .studies.learning import Example as Example
    from .studies.learning import LearningState as LearningState
    from .studies.learning import examples as examples
    from .studies.learning import learning as learning
    from .studies.patterns import USED_BY as USED_BY
    from .studies.patterns import PatternRow as PatternRow
    from .studies.patterns import PatternStudy as PatternStudy
    from .studies.patterns import pattern_growth as pattern_growth
    from .studies.patterns import pattern_study as pattern_study
    from .studies.patterns import pattern_weights as pattern_weights
    from .studies.scaling import ScalingRow as ScalingRow
    from .studies.scaling import ScalingStudy as ScalingStudy
    from .studies.scaling import SoftmaxFigures as SoftmaxFigures
    from .studies.scaling import scaling_study as scaling_study
    from .studies.scaling import scaling_weights as scaling_weights
    from .studies.settings import MOST_DRAWS as MOST_DRAWS
    from .studies.settings import MOST_HEAD_DIM as MOST_HEAD_DIM
    from .studies.settings import MOST_LENGTH as MOST_LENGTH
    from .studies.settings import MOST_SEED as MOST_SEED
    from .studies.settings import PUBLISHED_SCALED as PUBLISHED_SCALED
    from .studies.settings import PUBLISHED_SIMILARITY as PUBLISHED_SIMILARITY
    from .studies.settings import PUBLISHED_UNSCALED as PUBLISHED_UNSCALED
    from .studies.settings import SCORE_PACE as SCORE_PACE
    from .studies.settings import STARTS as STARTS
    from .studies.settings import DiversitySettings as DiversitySettings
    from .studies.settings import FailureSettings as FailureSettings
    from .studies.settings import LearningSettings as LearningSettings
    from .studies.settings import PatternSettings as PatternSettings
    from .studies.settings import ScalingSettings as ScalingSettings
    from .studies.settings import is_protocol as is_protocol
    from .studies.training import LearningCurves as LearningCurves
    from .studies.training import learning_curves as learning_curves
    from .studies.training import state_at as state_at
    from .survey import SetSurvey as SetSurvey
    from .survey import Unusual as Unusual
    from .survey import look_through as look_through
    from .what_if import Losses as Losses
    from .what_if import error_bound as error_bound
    from .what_if import losses as losses
    from .words import PIECE_MARKS as PIECE_MARKS
    from .words import SPECIAL as SPECIAL
    from .words import SPECIAL_TOKENS as SPECIAL_TOKENS
    from .words import PieceMark as PieceMark
    from .words import is_special as is_special
    from .words import piece_mark as piece_mark
    from .words import word_numbers as word_numbers

_ROOMS = {
    "attention": ("Attention", "attend", "unrepeated"),
    "budget": ("most_told", "most_within"),
    "captures.describing": ("ArrayInfo", "CaptureInfo", "SetInfo", "describe"),
    "captures.disk": ("CaptureError",),
    "captures.memory": ("memory_budget",),
    "captures.opening": ("Capture", "open_capture"),
    "captures.saving": ("save_capture",),
    "captures.sets": ("CaptureSet",),
    "captured": ("row_tolerance",),
    "catalogue": ("Entry", "entries"),
    "combining": ("Combined", "combined", "pooled", "pooled_heads", "renormalised"),
    "detection": ("head_scores",),
    "drawing": ("Drawing",),
    "experiment": (
        "ALIGNMENTS",
        "FIRST",
        "HIDES_NOTHING",
        "NORMALISERS",
        "OF_A_MADE_SOURCE",
        "OF_THE_SOURCE",
        "ROPES",
        "SCALED",
        "SOURCES",
        "UNSCALED",
        "Experiment",
        "FieldError",
        "most_scores",
        "normaliser_signatures",
        "parse_normaliser",
    ),
    "far": ("Far", "FarRow", "far_of", "pooled_map"),
    "fast.growing": ("Growing",),
    "fast.maps": ("MeanMap", "mean_map", "mean_maps", "mean_rows"),
    "fast.packing": ("Packed", "PackedKeys", "cooled", "pack", "pack_keys"),
    "fast.weighing": ("Weighed", "weighed"),
    "heads": (
        "as_random",
        "compared_queries",
        "mean_similarity",
        "random_similarity",
        "similarity",
        "similarity_of_random",
    ),
    "kinds": ("KINDS", "HeadKind", "head_kinds"),
    "masks.blocks": ("Blocks", "block_map"),
    "masks.checks": ("CheckFinding", "check_mask"),
    "masks.conventions": ("POLARITIES", "Alignment", "Reading", "alignments", "blind_outcomes", "window_readings"),
    "masks.costs": ("Cost", "Growth", "bytes_text", "costs", "flops_text", "growth"),
    "masks.counting": ("Count", "count", "key_counts", "refined", "row_count", "row_counts"),
    "masks.reach": ("Reached", "Settled", "layers_until_settled", "reach", "reach_of"),
    "masks.tally": ("BlockCounts", "count_blocks", "refined_blocks"),
    "masks.files": ("LoadedMask", "MaskFileError", "mask_of", "read_lengths", "read_mask"),
    "masks.identification": ("Identification", "identify_mask"),
    "measures": ("Measures", "measure"),
    "notation": ("Grid", "Kind", "Rule", "RuleError", "evaluate", "parse"),
    "notation.code": ("code_of",),
    "notation.intervals": ("judge",),
    "notation.plane": ("Captured", "Plane", "Rectangles", "Verdict"),
    "notation.soundness": ("check_rule",),
    "notation.words": ("FUNCTIONS",),
    "opened": ("file_changed", "listed", "num_heads_of", "one_at_a_time", "within_set"),
    "overview": ("LayerOverview", "heads_apart", "layer_overview"),
    "pipeline": ("close_files", "inputs_of", "run", "run_once"),
    "presets": ("PRESETS", "Preset"),
    "sources": ("Inputs", "Size", "is_far", "layer_of", "size_of"),
    "studies.diversity": (
        "DiversityRow",
        "DiversityStudy",
        "diversity_study",
        "diversity_weights",
        "sample_similarity",
    ),
    "studies.estimates": ("Estimate", "estimate"),
    "studies.failures": ("Failure", "ScoreMemory", "failures"),
    "studies.learning": ("Example", "LearningState", "examples", "learning"),
    "studies.patterns": ("USED_BY", "PatternRow", "PatternStudy", "pattern_growth", "pattern_study", "pattern_weights"),
    "studies.scaling": ("ScalingRow", "ScalingStudy", "SoftmaxFigures", "scaling_study", "scaling_weights"),
    "studies.settings": (
        "MOST_DRAWS",
        "MOST_HEAD_DIM",
        "MOST_LENGTH",
        "MOST_SEED",
        "PUBLISHED_SCALED",
        "PUBLISHED_SIMILARITY",
        "PUBLISHED_UNSCALED",
        "SCORE_PACE",
        "STARTS",
        "DiversitySettings",
        "FailureSettings",
        "LearningSettings",
        "PatternSettings",
        "ScalingSettings",
        "is_protocol",
    ),
    "studies.training": ("LearningCurves", "learning_curves", "state_at"),
    "survey": ("SetSurvey", "Unusual", "look_through"),
    "what_if": ("Losses", "error_bound", "losses"),
    "words": ("PIECE_MARKS", "SPECIAL", "SPECIAL_TOKENS", "PieceMark", "is_special", "piece_mark", "word_numbers"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_HOME, "measures"])  # noqa: PLE0605 - made from the table above


def __getattr__(name: str) -> Any:
    if name == "measures":
        return import_module(".measures", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return list(__all__)
