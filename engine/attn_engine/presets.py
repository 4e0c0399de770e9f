"""Eight systems that attend, as presets: shapes, mask and heads of each, its axes labelled. Loads no NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VASWANI = "Vaswani et al. 2017, arXiv 1706.03762"

PAD, START, END = "<pad>", "<start>", "<end>"
"""Labels of positions that stand for nothing in a sentence or a picture."""


@dataclass(frozen=True)
class Preset:
    """One system: what its queries and keys are, who may look where, and how it differs from the real one.

    `queries` and `keys` say what the positions are, the labels which. A grid is (rows, columns); its positions are
    counted row by row, and each is labelled "row,column" from 0. `scaled_down` is empty where nothing is.
    """

    name: str
    title: str
    kind: Literal["self", "cross"]
    mask: str
    heads: int
    head_dim: int
    queries: str
    keys: str
    query_labels: tuple[str, ...]
    key_labels: tuple[str, ...]
    source_paper: str
    scaled_down: str
    query_grid: tuple[int, int] | None = None
    key_grid: tuple[int, int] | None = None

    @property
    def query_length(self) -> int:
        """How many queries."""
        return len(self.query_labels)

    @property
    def key_length(self) -> int:
        """How many keys."""
        return len(self.key_labels)


def _words(sentence: str) -> tuple[str, ...]:
    return tuple(sentence.split())


def _cells(grid: tuple[int, int]) -> tuple[str, ...]:
    rows, columns = grid
    return tuple(f"{row},{column}" for row in range(rows) for column in range(columns))


_BERT = _words("[CLS] my dog is cute [SEP] he likes play ##ing [SEP]")
_GPT = _words("the cat sat on the mat and the dog sat on the rug .")
_LONGFORMER = _words(
    "<s> a long report tells of a flood : the river rose in the night , the bridge fell , "
    "and by noon the whole town stood in deep water . </s>"
)
_BIGBIRD = _words(
    "[CLS] the birds fly south when the days grow short , rest on a lake for a week , "
    "and come back in spring when the last ice is gone . [SEP]"
)
_ENGLISH = _words("the cat sits on the mat and sleeps . </s>")
_GERMAN = _words("die Katze sitzt auf der Matte und schläft . </s>")
_CAPTION = _words("a brown dog catches a red frisbee on the green grass")
_PROMPT = (START, *_words("a photograph of an astronaut riding a horse"), END)

_PATCHES, _REGIONS, _PIXELS = (7, 7), (6, 6), (8, 8)

_TABLE = (
    Preset(
        name="bert",
        title="BERT encoder",
        kind="self",
        mask="full",
        heads=12,
        head_dim=64,
        queries="words",
        keys="the same words",
        query_labels=_BERT,
        key_labels=_BERT,
        source_paper="BERT, arXiv 1810.04805",
        scaled_down="One layer of BERT-base's 12, 11 words of up to 512; its 12 heads of width 64 are kept.",
    ),
    Preset(
        name="vit",
        title="ViT",
        kind="self",
        mask="full",
        heads=12,
        head_dim=64,
        queries="image patches",
        keys="the same patches",
        query_labels=_cells(_PATCHES),
        key_labels=_cells(_PATCHES),
        query_grid=_PATCHES,
        key_grid=_PATCHES,
        source_paper="ViT, arXiv 2010.11929",
        scaled_down="One layer of ViT-B/16's 12, 14 × 14 patches of a 224 × 224 image made 7 × 7 (those of ViT-B/32), "
        "without the class token; its 12 heads of width 64 are kept.",
    ),
    Preset(
        name="gpt",
        title="GPT",
        kind="self",
        mask="causal",
        heads=12,
        head_dim=64,
        queries="tokens",
        keys="the same tokens",
        query_labels=_GPT,
        key_labels=_GPT,
        source_paper="GPT-2, Radford et al. 2019",
        scaled_down="One layer of GPT-2 small's 12, 14 tokens of up to 1,024; its 12 heads of width 64 are kept.",
    ),
    Preset(
        name="longformer",
        title="Longformer",
        kind="self",
        mask="longformer(4, 1)",
        heads=12,
        head_dim=64,
        queries="tokens",
        keys="the same tokens",
        query_labels=_LONGFORMER,
        key_labels=_LONGFORMER,
        source_paper="Longformer, arXiv 2004.05150",
        scaled_down="One layer of Longformer-base's 12, 4,096 tokens made 32 and a window of 512, an eighth of them, "
        "made 4; one global token and its 12 heads of width 64 are kept.",
    ),
    Preset(
        name="bigbird",
        title="BigBird",
        kind="self",
        mask="bigbird(2, 1, 0)",
        heads=12,
        head_dim=64,
        queries="tokens",
        keys="the same tokens",
        query_labels=_BIGBIRD,
        key_labels=_BIGBIRD,
        source_paper="BigBird, arXiv 2007.14062",
        scaled_down="One layer of BigBird-base's 12, 4,096 tokens made 32, blocks of 64 made 2 and 3 random blocks "
        "made 1; the first and last block for everyone, a window of 3 blocks and 12 heads of width 64 are kept.",
    ),
    Preset(
        name="translation",
        title="machine translation decoder",
        kind="cross",
        mask=f"padding({len(_ENGLISH)})",
        heads=8,
        head_dim=64,
        queries="target words",
        keys="source words",
        query_labels=_GERMAN,
        key_labels=(*_ENGLISH, PAD, PAD, PAD),
        source_paper=VASWANI,
        scaled_down="One layer of the base model's 6; its 8 heads of width 64 are kept.",
    ),
    Preset(
        name="captioning",
        title="image captioning",
        kind="cross",
        mask="full",
        heads=12,
        head_dim=64,
        queries="words",
        keys="image patches",
        query_labels=_CAPTION,
        key_labels=_cells(_REGIONS),
        key_grid=_REGIONS,
        source_paper="BLIP, arXiv 2201.12086",
        scaled_down="One layer of the 12 of BLIP-base's decoder, 24 × 24 patches of a 384 × 384 image made 6 × 6, "
        "without the class token; its 12 heads of width 64 are kept.",
    ),
    Preset(
        name="diffusion",
        title="Stable Diffusion U-Net",
        kind="cross",
        mask="full",
        heads=8,
        head_dim=160,
        queries="latent pixels",
        keys="prompt tokens",
        query_labels=_cells(_PIXELS),
        key_labels=(*_PROMPT, *[END] * (16 - len(_PROMPT))),
        query_grid=_PIXELS,
        source_paper="latent diffusion, arXiv 2112.10752; Stable Diffusion v1",
        scaled_down="One layer of 16, the middle one, and 77 prompt tokens made 16; its 8 × 8 latent pixels "
        "(64 × 64 at the first layer, of a 512 × 512 image) and 8 heads of width 160 are kept.",
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _TABLE}
