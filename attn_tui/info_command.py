"""attn-tui info: what is in a file of real attention."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .options import OptionError, Parser

if TYPE_CHECKING:
    from attn_engine import CaptureInfo, SetInfo, SetSurvey, Unusual

DESCRIPTION = """\
Tell what is in a .npy, .npz or .safetensors file of real attention: arrays,
shapes, types, the sets that are made of them, tokens, and what is unusual
about the numbers. They are looked through for about a second; of a large file,
what is told is of the part that was read."""

EPILOG = """\
examples:
  attn-tui info run.npz
  attn-tui info run.safetensors --json

Status: 0 done, 2 a wrong option, 65 bad data, 66 a file that cannot be read.
"""

MOST_ARRAYS = 40
"""Arrays listed one by one; of more the first are."""


def info_parser() -> Parser:
    """The parser of the command's options."""
    parser = Parser(
        prog="attn-tui info",
        usage="attn-tui info FILE [OPTIONS]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="the file; - is standard input")
    parser.add_argument("--tokens", metavar="FILE", help="a .json or .txt file with its tokens")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    return parser


def run_info(words: Sequence[str]) -> int:
    """Run the command; its exit status. Raises OptionError, CaptureError or OSError."""
    given = info_parser().parse_args(words)
    if not given.file:
        raise OptionError("which file? attn-tui info FILE")
    from attn_engine import describe, look_through, open_capture

    with open_capture(given.file, tokens=given.tokens) as capture:
        found, looks = describe(capture), look_through(capture)
    text = json.dumps(_record(found, looks)) if given.json else "\n".join(_lines(found, looks))
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return 0


def _record(found: CaptureInfo, looks: Sequence[SetSurvey]) -> dict[str, Any]:
    record = asdict(found)
    for each, look in zip(record["sets"], looks, strict=True):
        each["findings"] = {name: value for name, value in asdict(look).items() if name != "name"}
    return record


def _lines(found: CaptureInfo, looks: Sequence[SetSurvey]) -> list[str]:
    from attn_engine import bytes_text

    from .pictures.cells import brief, printable

    lines = [f"{printable(found.path)}   {found.format}, {bytes_text(found.nbytes)}"]
    for each, look in zip(found.sets, looks, strict=True):
        lines += ["", *_of_set(each), *(f"  {printable(line)}" for line in _findings(each, look))]
    lines += ["", *(f"note: {printable(note)}" for note in found.notes)]
    width = max((len(brief(array.name)) for array in found.arrays[:MOST_ARRAYS]), default=0)
    for array in found.arrays[:MOST_ARRAYS]:
        size = f"{array.dtype:<10} {bytes_text(array.nbytes):>9}  {array.layout}"
        lines.append(f"{brief(array.name):<{width}}  {list(array.shape)!s:<24} {size}")
    if len(found.arrays) > MOST_ARRAYS:
        lines.append(f"and {len(found.arrays) - MOST_ARRAYS} arrays more")
    return lines


def _of_set(each: SetInfo) -> list[str]:
    from attn_engine import listed

    from .pictures.cells import printable

    numbered = each.layer_numbers != tuple(range(each.num_layers))
    numbers = f" ({listed(each.layer_numbers)})" if numbered else ""
    sizes = f"{_count(each.num_layers, 'layer')}{numbers} × {_count(each.num_heads, 'head')}"
    shape = f"{each.query_length:,} × {each.key_length:,}"
    batch = f", batch of {each.batch_size:,}" if each.batch_size > 1 else ""
    lines = [f"{printable(each.name)}: {sizes}, {shape}{batch}, {each.dtype}", f"  holds {', '.join(each.holds)}"]
    if each.head_dim:
        lines.append(f"  d_k {each.head_dim}, {_count(each.num_key_heads, 'key head')}")
    if each.prompt_length is not None:
        lines.append(f"  prompt of {_count(each.prompt_length, 'position')}, the others generated")
    if each.query_tokens == each.key_tokens:
        lines.append(f"  tokens: {_tokens(each.key_tokens)}")
    else:
        lines += [f"  query tokens: {_tokens(each.query_tokens)}", f"  key tokens: {_tokens(each.key_tokens)}"]
    return [*lines, f"  {printable(each.token_note)}"] if each.token_note else lines


KINDS = {
    "NaN": ("is NaN", "are NaN"),
    "infinite": ("is infinite", "are infinite"),
    "below 0": ("is below 0", "are below 0"),
    "zeros": ("is all zeros", "are all zeros"),
    "sum": ("does not sum to 1", "do not sum to 1"),
}
"""What is said of one number or row, and of several."""

OF_ROWS = ("zeros", "sum")


def _findings(each: SetInfo, look: SetSurvey) -> Iterator[str]:
    """What is unusual about a set, in words, and in how much of it."""
    part = f"in {_count(look.rows, 'row')}"
    if look.rows_read < look.rows:
        share = f"{100 * look.rows_read / look.rows:.2g} %"
        part = f"in {look.rows_read:,} of {look.rows:,} rows ({share}), which is what was read"
    yield f"findings {part}:" if look.unusual else f"nothing unusual {part}"
    for found in look.unusual:
        yield f"  {_told(each, found)}"
    yield from look.unreadable
    yield from look.left_out


def _told(each: SetInfo, found: Unusual) -> str:
    """3 weights are NaN, the first in layer 2, head 5, query 17."""
    row = "query" if found.part in ("weights", "query") else "key"
    what = "row" if found.kind in OF_ROWS else "weight" if found.part == "weights" else "number"
    of = "" if found.part == "weights" else f" of {found.part}"
    batch = f"batch item {found.batch_item}, " if each.batch_size > 1 else ""
    place = f"layer {found.layer}, {batch}head {found.head}, {row} {found.row}"
    first = "the first " if found.count > 1 else ""
    return f"{_count(found.count, what)}{of} {KINDS[found.kind][found.count > 1]}, {first}in {place}"


def _count(number: int, what: str) -> str:
    """1 layer, 12 layers."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _tokens(tokens: tuple[str, ...]) -> str:
    from .pictures.cells import brief

    if not tokens:
        return "none: --tokens FILE adds them"
    shown = " ".join(brief(token) for token in tokens[:12])
    return f"{shown} …" if len(tokens) > 12 else shown
