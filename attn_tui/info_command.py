"""attn-tui info: what is in a file of real attention."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from .options import OptionError, Parser

DESCRIPTION = """\
Tell what is in a .npy, .npz or .safetensors file of real attention: arrays,
shapes, types, the sets that are made of them, tokens. Only headers are read."""

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
    from attn_engine import describe, open_capture

    with open_capture(given.file, tokens=given.tokens) as capture:
        found = describe(capture)
    text = json.dumps(asdict(found)) + "\n" if given.json else "\n".join(_lines(found)) + "\n"
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _lines(found: object) -> list[str]:
    from attn_engine import CaptureInfo, bytes_text

    from .pictures.cells import printable

    assert isinstance(found, CaptureInfo)
    lines = [f"{printable(found.path)}   {found.format}, {bytes_text(found.nbytes)}"]
    for each in found.sets:
        shape = f"{each.query_length:,} × {each.key_length:,}"
        batch = f", batch of {each.batch_size:,}" if each.batch_size > 1 else ""
        lines += [
            "",
            f"{printable(each.name)}: {each.num_layers} layers × {each.num_heads} heads, {shape}{batch}, {each.dtype}",
            f"  holds {', '.join(each.holds)}",
        ]
        if each.head_dim:
            lines.append(f"  d_k {each.head_dim}, {each.num_key_heads} key heads")
        if each.prompt_length is not None:
            lines.append(f"  prompt of {each.prompt_length} positions, the others generated")
        lines.append(f"  tokens: {_tokens(each.key_tokens)}")
        if each.token_note:
            lines.append(f"  {printable(each.token_note)}")
    lines += ["", *(f"note: {printable(note)}" for note in found.notes)]
    width = max((len(printable(array.name)) for array in found.arrays), default=0)
    for array in found.arrays[:MOST_ARRAYS]:
        size = f"{array.dtype:<10} {bytes_text(array.nbytes):>9}  {array.layout}"
        lines.append(f"{printable(array.name):<{width}}  {list(array.shape)!s:<24} {size}")
    if len(found.arrays) > MOST_ARRAYS:
        lines.append(f"and {len(found.arrays) - MOST_ARRAYS} arrays more")
    return lines


def _tokens(tokens: tuple[str, ...]) -> str:
    from .pictures.cells import printable

    if not tokens:
        return "none: --tokens FILE adds them"
    shown = " ".join(printable(token) for token in tokens[:12])
    return f"{shown} …" if len(tokens) > 12 else shown
