"""attn_tui.show, print and save: attention of a running program, on the screen, as text, in a file.

Arrays become a capture, in a directory that is removed afterwards, so that there is one way for numbers to come in.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TextIO

from attn_engine import close_files, save_capture

from .cli import explorer_parser, print_parser
from .encodings import for_encoding
from .options import OptionError, Parser, session_of
from .outputs import arrays_of, tokens_of, weights_of
from .settings import Stored, session_with, stored_settings, with_defaults
from .view import UNSETTLED, Session, Settings

BESIDE = ("query", "key", "value", "mask", "is_causal", "scale")
TOKENS = ("tokens", "query_tokens", "key_tokens", "encoder_tokens", "decoder_tokens")
NAME = "attention.npz"
PRIVATE = re.compile(r"[^\s'\"]*/attn-tui-[a-z0-9_]{8}/")
OURS = re.compile(r'"[^"]*/attn-tui-[a-z0-9_]{8}/(?:attention\.npz": |(tokens)\.json")')
"""The name of a file that nobody asked for, where an error tells of it: its arrays are named as the arguments are."""

FORMS = {"json": False, "csv": False, "svg": False, "query": None, "top": None, "width": None, "height": None}
"""What print's options are where they are not given."""


def save(
    path: str | os.PathLike[str],
    attention: Any = None,
    *,
    query: Any = None,
    key: Any = None,
    value: Any = None,
    mask: Any = None,
    is_causal: Any = None,
    scale: Any = None,
    tokens: Any = None,
    query_tokens: Any = None,
    key_tokens: Any = None,
    encoder_tokens: Any = None,
    decoder_tokens: Any = None,
    layers: Sequence[int] | None = None,
) -> Path:
    """Write a capture, .npz or .safetensors by the ending, which `attn-tui FILE` opens; where it is.

    `attention` are weights, softmax's result: [queries, keys], [heads, …], [layers, heads, …],
    [layers, batch, heads, …], a sequence with an array for each layer, generate()'s sequence of such sequences, a
    whole output of transformers, a mapping of names to arrays, or a recording. Beside or instead of it `query`
    [heads, queries, d] and `key` (perhaps with fewer heads), after rotary embedding, from which everything can be
    recomputed, `value`, `mask` (true where a query may look, or additive), `is_causal` (true: query i sees no key
    beyond i, and no mask of n² bytes is due) and `scale` (1/√d where it is not given); each for all layers, or a
    sequence with one for each. Arrays are NumPy's, torch's of any device and type, those of `__array__` or DLPack, or
    nested lists. `layers` says which layers of the model they are (0, 1, …). Tokens are strings or ids.

    Raises ValueError, in one line, for what is no attention and where the file cannot be written.
    """
    named = locals()
    texts, ids = tokens_of({name: named[name] for name in TOKENS})
    arrays = {} if attention is None else weights_of(attention, layers)
    for name in BESIDE:
        if named[name] is not None:
            arrays |= arrays_of(name, named[name], layers)
    return save_capture(os.fspath(path), extra=arrays | ids, **texts)  # type: ignore[arg-type]


def show(
    attention: Any = None,
    *,
    query: Any = None,
    key: Any = None,
    value: Any = None,
    mask: Any = None,
    is_causal: Any = None,
    scale: Any = None,
    tokens: Any = None,
    query_tokens: Any = None,
    key_tokens: Any = None,
    encoder_tokens: Any = None,
    decoder_tokens: Any = None,
    layers: Sequence[int] | None = None,
    **options: Any,
) -> None:
    """Open the explorer on the attention of a running program; when it is left, the program goes on.

    The arguments are those of `save`; `attention` may also be the path of a capture. `options` are those of the
    command line, with _ for -: `layer=3, head=1, zoom=2, mask="causal"`; a text for `mask`, `scale` or `tokens`, and
    a number for `scale` without `query`, are options too. Works in scripts, REPLs, pdb, and while an asyncio loop is
    running, which stands still meanwhile. Without a terminal it prints what `print` does.

    Raises what `save` raises, and ValueError for an option that is none.
    """
    asked = _asked(locals())
    from .start import why_no_screen

    stored = Stored(None) if why_no_screen() else stored_settings()  # a person's, for a screen
    given = _parsed(with_defaults(explorer_parser(), stored.settings), asked.options)
    with _session(given, asked, stored.settings) as session:
        if why_no_screen():
            _print(session, argparse.Namespace(**FORMS, colour=given.colour), None, asked)
            return
        from .guest import explore_within, hand_on

        looks = {"colour": given.colour, "mouse": given.mouse, "pacing": given.pacing}
        status = explore_within(session, **looks, rewrite=lasting, told=stored.told)
    hand_on(status)


def print(  # noqa: A001 - said as attn_tui.print
    attention: Any = None,
    *,
    query: Any = None,
    key: Any = None,
    value: Any = None,
    mask: Any = None,
    is_causal: Any = None,
    scale: Any = None,
    tokens: Any = None,
    query_tokens: Any = None,
    key_tokens: Any = None,
    encoder_tokens: Any = None,
    decoder_tokens: Any = None,
    layers: Sequence[int] | None = None,
    file: TextIO | None = None,
    **options: Any,
) -> None:
    """Print the picture of one head and its figures on standard output, or into `file`, as `attn-tui print` does.

    The arguments are those of `show`, and `file`; `options` also those of `attn-tui print`: `json=True`, `width=80`,
    `height=60`, and `query=10, top=5` with a number.
    """
    asked = _asked(locals())
    given = _parsed(print_parser(), asked.options)
    with _session(given, asked) as session:
        _print(session, given, file, asked)


class _Asked(NamedTuple):
    """A capture's path, or the arrays that make one up; and options by name."""

    path: str | None
    arrays: dict[str, Any]
    options: dict[str, Any]


def _asked(named: Mapping[str, Any]) -> _Asked:
    """What the arguments of a function are: a text or a number is an option, anything else goes into the capture."""
    there = {name: named[name] for name in (*BESIDE, *TOKENS, "layers") if named[name] is not None}
    plain = {name: held for name, held in there.items() if isinstance(held, str | os.PathLike | Real)}
    plain.pop("is_causal", None)
    if there.get("is_causal") is False:
        del there["is_causal"]  # which says nothing
    if "query" in there and "query" not in plain:
        plain.pop("scale", None)  # the model's own, which belongs to query and key
    arrays = {name: held for name, held in there.items() if name not in plain}
    attention = named["attention"]
    options = named["options"] | plain
    if not isinstance(attention, str | os.PathLike):
        return _Asked(None, {"attention": attention} | arrays, options)
    beside = [name for name in arrays if name not in TOKENS]
    if beside:
        raise ValueError(f"{', '.join(beside)}: not possible beside the path of a capture, which has its own")
    return _Asked(os.fspath(attention), arrays, options)


def _parsed(parser: Parser, options: Mapping[str, Any]) -> argparse.Namespace:
    """Options as the command line reads them. Raises OptionError."""
    words = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if name in ("file", "help", "version"):
            raise OptionError(f"{name} is no option here; help(attn_tui.show) tells of them")
        if value is None or (value is False and f"--no-{option[2:]}" not in parser.known):
            continue
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        else:
            words.append(f"{option}={_text(value)}")
    return parser.parse_args(words)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@contextmanager
def _session(given: argparse.Namespace, asked: _Asked, settings: Settings = UNSETTLED) -> Iterator[Session]:
    """The session of a capture and options, while the capture is there."""
    with TemporaryDirectory(prefix="attn-tui-") as directory, _closed_files(), _arguments_named():
        given.file = asked.path or str(save(Path(directory, NAME), **asked.arrays))
        if asked.path and asked.arrays:
            given.tokens_file = str(_tokens_file(Path(directory, "tokens.json"), asked.arrays))
        yield session_of(given, session_with(settings))


@contextmanager
def _arguments_named() -> Iterator[None]:
    """Errors tell of the arguments, not of the file that was made of them."""
    try:
        yield
    except ValueError as error:
        error.args = tuple(OURS.sub(r"\1", part) if isinstance(part, str) else part for part in error.args)
        raise


@contextmanager
def _closed_files() -> Iterator[None]:
    """Files are opened anew, and closed again: the program may write them between two looks, or needs the room."""
    _forget_files()
    try:
        yield
    finally:
        _forget_files()


def _forget_files() -> None:
    """Close what was opened, and forget what was made of it: the same path may hold other numbers."""
    from .findings import first_findings
    from .together import forget_pooled

    close_files()
    forget_pooled()
    first_findings.cache_clear()


def _tokens_file(path: Path, tokens: Mapping[str, Any]) -> Path:
    texts, ids = tokens_of(tokens)
    named = texts | {name: list(map(str, held.ravel().tolist())) for name, held in ids.items()}
    path.write_text(json.dumps(named), encoding="utf-8")
    return path


def _print(session: Session, given: argparse.Namespace, file: TextIO | None, asked: _Asked) -> None:
    """Print what the options ask for; of arrays without the command, since their file is about to be removed."""
    from .report import report_text

    out = file or sys.stdout
    if not out.isatty():
        given.colour = "none" if given.colour == "auto" and not given.svg else given.colour
        given.width = given.width or 100
    text = lasting(report_text(session, given, commanded=not asked.arrays))
    out.write(for_encoding(text, getattr(out, "encoding", None) or "utf-8"))
    out.flush()


def lasting(text: str) -> str:
    """The text with files that are about to be removed by their names alone: `save` may keep them anywhere."""
    return PRIVATE.sub("", text)
