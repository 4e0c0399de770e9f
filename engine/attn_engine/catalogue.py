"""Every named rule: one line of the notation, a sentence and its source.

A line may use the positions, its own parameters, and rules above it. Where a rule needs data, its line reads
a named array, and a function of `arrays` makes that array from the lengths and the rule's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .notation.words import Kind

MORE = "n1, n2, …"


class Lengths(NamedTuple):
    """What an array may be made from, besides the numbers of its rule."""

    query_length: int
    key_length: int
    num_heads: int


@dataclass(frozen=True)
class Entry:
    """A named rule; a parameter is a name and its default, or None where a number has to be given.

    An array that its line reads is a name and the name of its maker in `arrays`. Of `many` numbers any more may be
    given, for the makers alone.
    """

    name: str
    parameters: tuple[tuple[str, int | float | None], ...]
    line: str
    sentence: str
    source: str
    kind: Kind
    arrays: tuple[tuple[str, str], ...] = ()
    many: bool = False

    @property
    def signature(self) -> str:
        """How it is written, with the defaults: `window(w=4)`; with … where more numbers may follow."""
        written = [name if default is None else f"{name}={default!r}" for name, default in self.parameters]
        written += [MORE] if self.many else []
        return f"{self.name}({', '.join(written)})" if written else self.name

    @property
    def required(self) -> int:
        """How many numbers have to be given."""
        return sum(default is None for _, default in self.parameters)


def entries(kind: Kind | None = None) -> tuple[Entry, ...]:
    """The rules of one kind, or all of them, in the order of the table."""
    return tuple(entry for entry in ENTRIES.values() if kind in (None, entry.kind))


def names(kind: Kind | None = None) -> dict[str, str]:
    """For help and completion: `window(w=4)` and the like, each with its sentence."""
    return {entry.signature: entry.sentence for entry in entries(kind)}


def _mask(signature: str, line: str, sentence: str, source: str, **arrays: str) -> Entry:
    return Entry(*_split(signature), line, sentence, source, Kind.MASK, tuple(arrays.items()), MORE in signature)


def _score_mod(signature: str, line: str, sentence: str, source: str, **arrays: str) -> Entry:
    return Entry(*_split(signature), line, sentence, source, Kind.SCORE_MOD, tuple(arrays.items()))


def _split(signature: str) -> tuple[str, tuple[tuple[str, int | float | None], ...]]:
    name, _, inside = signature.removesuffix(")").partition("(")
    written = [parameter.partition("=") for parameter in inside.split(", ") if parameter and MORE not in signature]
    return name, tuple((parameter, _number(default)) for parameter, _, default in written)


def _number(text: str) -> int | float | None:
    if not text:
        return None
    return int(text) if text.isdecimal() else float(text)


VASWANI = "Vaswani et al. 2017, arXiv 1706.03762"
LONGFORMER = "Longformer, arXiv 2004.05150"
STREAMING = "StreamingLLM, arXiv 2309.17453"
BIGBIRD = "BigBird, arXiv 2007.14062"
NATTEN = "NATTEN, arXiv 2204.07143"
SPARSE = "Sparse Transformer, arXiv 1904.10509"

_TABLE = (
    _mask("full", "true", "Every query sees every key.", VASWANI),
    _mask("causal", "k <= q", "A query sees itself and what came before it.", VASWANI),
    _mask(
        "window(w=4)",
        "0 <= q - k < w",
        "The last w keys, the query's own among them.",
        "Mistral, arXiv 2310.06825",
    ),
    _mask("local(r=3)", "abs(q - k) <= r", "Keys at most r away, on either side.", LONGFORMER),
    _mask(
        "dilated(r=3, d=2)",
        "abs(q - k) <= r * d & (q - k) % d == 0",
        "Every d-th key, r of them on either side.",
        LONGFORMER,
    ),
    _mask(
        "global(g=1)",
        "q < g | k < g",
        "The first g positions see everything and are seen by everything.",
        LONGFORMER,
    ),
    _mask("sink(g=4)", "k < g", "Every query sees the first g keys.", STREAMING),
    _mask(
        "prefix_lm(p=4)",
        "causal | k < p",
        "Causal, but the first p keys are seen by every query.",
        "prefix LM, arXiv 1910.10683",
    ),
    _mask("padding(n)", "k < n", "The first n keys are real, the others padding; n has to be given.", VASWANI),
    _mask(
        "left_padding(n)",
        "k >= n",
        "The first n keys are padding, the others real; n has to be given.",
        VASWANI,
    ),
    _mask(
        "chunked(c=4)",
        "q // c == k // c",
        "Keys of the query's own chunk of c; with causal as in Llama 4.",
        "Llama 4, 2025",
    ),
    _mask("strided(l=4)", "(q - k) % l == 0", "Every l-th key, counted from the query.", SPARSE),
    _mask(
        "fixed(l=4, c=1)",
        "q // l == k // l | k % l >= l - c",
        "The query's own block of l, and the last c keys of every block.",
        SPARSE,
    ),
    _mask(
        "longformer(w=4, g=1)",
        "local(w // 2) | global(g)",
        "A local window of w keys, half on either side, and g global positions.",
        LONGFORMER,
    ),
    _mask(
        "streaming(g=4, w=4)",
        "causal & (sink(g) | window(w))",
        "The first g keys and the last w, never the future.",
        STREAMING,
    ),
    _mask(
        "sparse_strided(l=4)",
        "causal & (window(l) | strided(l))",
        "The last l keys, and every l-th one before them.",
        SPARSE,
    ),
    _mask(
        "sparse_fixed(l=4, c=1)",
        "causal & fixed(l, c)",
        "The own block of l so far, and the last c keys of every block before.",
        SPARSE,
    ),
    _mask(
        "axial(W=4)",
        "q // W == k // W | q % W == k % W",
        "On a grid W wide: the query's row and its column.",
        "Axial attention, arXiv 1912.12180",
    ),
    _mask(
        "local2d(W=4, r=1)",
        "abs(q // W - k // W) <= r & abs(q % W - k % W) <= r",
        "On a grid W wide: at most r rows and r columns away.",
        "Image Transformer, arXiv 1802.05751",
    ),
    _mask(
        "document(n1, n2, …)",
        "doc[max(q, 0)] == doc[k]",
        "Packed documents of n1, n2 … positions, the rest one more; each sees itself.",
        "Packing, arXiv 2107.02027",
        doc="documents",
    ),
    _mask(
        "random_pairs(p=0.1, seed=0)",
        "hash(seed, q, k) < p",
        "Each pair with probability p, the same at every size.",
        "xFormers, random_pattern",
    ),
    _mask(
        "random_blocks(B=2, r=2, seed=0)",
        "chosen[max(q, 0) // B, k // B]",
        "For each block of B queries, r blocks of B keys at random.",
        BIGBIRD,
        chosen="random_blocks",
    ),
    _mask(
        "bigbird(B=2, r=1, seed=0)",
        "min(q // B, k // B) <= 0 | max(q // B, k // B) >= (K - 1) // B | abs(q // B - k // B) <= 1 "
        "| random_blocks(B, r, seed)",
        "First and last block everywhere, three neighbouring blocks, r random ones.",
        f"{BIGBIRD}; Hugging Face, modeling_big_bird",
    ),
    _mask(
        "swin(W=4, m=2, shift=1)",
        "(q % W - shift) // m == (k % W - shift) // m & (q // W - shift) // m == (k // W - shift) // m",
        "On a grid W wide: windows of m × m, shifted, and not around the edges.",
        "Swin, arXiv 2103.14030",
    ),
    _mask(
        "natten1d(m=3)",
        "0 <= k - min(max(q - m // 2, 0), K - m) < m",
        "The m nearest keys, moved inwards at the ends.",
        NATTEN,
    ),
    _mask(
        "natten(width=4, height=4, m=3)",
        "0 <= k % width - min(max(q % width - m // 2, 0), width - m) < m "
        "& 0 <= k // width - min(max(q // width - m // 2, 0), height - m) < m",
        "On a grid: the m × m nearest, moved inwards at the edges; m at most its sides.",
        NATTEN,
    ),
    _mask(
        "block_diffusion(S=8, B=4)",
        "q // S == k // S & q % S // B == k % S // B | q < S & k >= S & q % S // B > k % S // B "
        "| q >= S & k >= S & q % S // B >= k % S // B",
        "S noisy positions, S clean: blocks of B see themselves and clean ones before.",
        "Block diffusion, arXiv 2503.09573",
    ),
    _mask(
        "tree(p=4)",
        "k < p | ancestor[max(q, 0), max(k - p, 0)]",
        "Nodes of a binary heap see p keys before them, their ancestors and themselves.",
        "Medusa, arXiv 2401.10774; SpecInfer, arXiv 2305.09781",
        ancestor="ancestors",
    ),
    _score_mod("none", "s", "The score as it is.", VASWANI),
    _score_mod(
        "alibi",
        "s - slope[h] * abs(q - k)",
        "A penalty for distance, steeper in the first heads.",
        "ALiBi, arXiv 2108.12409",
        slope="alibi_slopes",
    ),
    _score_mod(
        "t5_bias",
        "s + table[h, bucket[k - q + Q + K]]",
        "A bias by head and bucket of distance, made up, not learned; with scale none.",
        "T5, arXiv 1910.10683",
        table="t5_table",
        bucket="t5_buckets",
    ),
    _score_mod(
        "softcap(c=50)",
        "c * tanh(s / c)",
        "Scores bent smoothly to stay between −c and c.",
        "Gemma 2, arXiv 2408.00118",
    ),
    _score_mod(
        "distance_penalty(a=0.1)",
        "s - a * abs(q - k)",
        "The same penalty a for each step of distance, in every head.",
        "ALiBi with one slope, arXiv 2108.12409",
    ),
)

ENTRIES = {entry.name: entry for entry in _TABLE}
