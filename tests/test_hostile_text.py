"""Hostile text in every place that text comes from: it is shown, never obeyed, and columns stay where they are."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.cells import cell_len
from textual import events

from attn_tui.cli import main
from attn_tui.pictures.cells import printable
from tests.capture_files import safetensors_bytes
from tests.hands import Hands, explorer
from tests.ptys import opened

TOKENS = [
    *("\x1b]52;c;aGk=\x07", "\x1b[2J\x1b[31mred", "\x9b31m\x9d0;title\x9c", "nul\0nul", "\u202eabc\u2066"),
    *("[@click=app.quit]x[/]", "[/]", "[red]", "e" + "\u0301\u0323" * 400, "\u0301" * 300, "", "x" * 10**6),
    *("日本語", "line\r\nfeed\x85\u2028", "\ud800", "\udcff", "👩\u200d👩\ufe0f", "\\u001b[31m", "\x7f\x08\x08"),
    *("a\u200bb\ufeff", "{0}%s$(id)"),
]  # fmt: skip
NAME = "odd\x1b]52;c;aGk=\x07\u202e[@click=app.quit]x\n"
"""What a file is called."""

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal would obey, or that turns text around; lines end with a line feed."""

STYLE = re.compile(r"\x1b\[[\d;]*m")
OWN = re.compile(rb"\x1b(\[[?<>=]?[\d;]*[$ ]?[a-zA-Z]|[=>78]|\]22;default\x07)")
"""The control sequences of the explorer's own and of Textual's, none of which holds text."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of attention and of masks whose names, arrays and tokens are hostile."""
    folder = tmp_path_factory.mktemp("odd")
    size = len(TOKENS)
    weights = np.tril(np.ones((2, size, size), dtype=np.float32))
    weights /= weights.sum(-1, keepdims=True)
    arrays = {f"{token[:30]}attentions.{layer}": weights for layer, token in enumerate(TOKENS[:1])}
    (folder / f"{NAME}.safetensors").write_bytes(safetensors_bytes({"attentions.0": weights, "attentions.1": weights}))
    (folder / f"{NAME}names.safetensors").write_bytes(safetensors_bytes(arrays | {"\x1b[2J": weights}))
    (folder / f"{NAME}.json").write_text(json.dumps(TOKENS))
    np.save(folder / f"{NAME}.npy", np.tril(np.ones((4, 4), dtype=bool)))
    (folder / f"{NAME}bad.npy").write_bytes(b"\x1b]52;c;aGk=\x07")
    return folder


def files(folder: Path) -> list[str]:
    return ["--file", str(folder / f"{NAME}.safetensors"), "--tokens", str(folder / f"{NAME}.json")]


def commands(folder: Path) -> list[list[str]]:
    """Every command that shows a text from outside."""
    real, mask = files(folder), str(folder / f"{NAME}.npy")
    capture = [real[1], *real[2:]]
    return [
        *(["print", *real, *more] for more in ([], ["--json"], ["--csv"], ["--svg"], ["--query", "6"])),
        *(["print", *real, "--search", token[:50]] for token in TOKENS if "\0" not in token),
        ["print", *real, "--hide", "[/] \x1b[31m", "--merge-words", "--over", "mean"],
        *(["info", *capture, *more] for more in ([], ["--json"])),
        *(["info", str(path)] for path in sorted(folder.glob("*.safetensors"))),
        *(["mask", mask, *more] for more in ([], ["--json"], ["--code", "flex"], ["--array", NAME])),
        *(["mask", *more] for more in (["--identify", mask], ["causal", "--npy", str(folder / f"{NAME}bad.npy")])),
        *(["check", mask, *more] for more in ([], ["--json"], ["--expect", "full"], ["--array", NAME])),
        *(["check", mask, "--documents", token] for token in ("\x1b[31m", NAME)),
        *([command, str(folder / f"{NAME}bad.npy")] for command in ("print", "info", "mask", "check")),
        *([command, str(folder / f"{NAME}there is none.npy")] for command in ("print", "info", "mask", "check")),
        *([*command, token] for token in TOKENS for command in ([], ["print"], ["mask"], ["check"], ["study"])),
        *(["study", "patterns", "--mask", token, "--draws", "10"] for token in TOKENS[:6]),
        *(["print", f"--{name}={NAME}"] for name in ("set", "layer", "mask", "palette", "tokens", "width", "cursor")),
        *(["settings", word] for word in (NAME, f"{NAME}=1", f"palette={NAME}")),
    ]


def test_no_command_without_a_screen_writes_what_a_terminal_would_obey(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")  # the explorer itself ends at once
    statuses = set()
    for words in commands(folder):
        statuses.add(main(words))
        for text in capsys.readouterr():
            shown = STYLE.sub("", text) if "--svg" not in words else text
            assert not OBEYED.search(shown), (words, OBEYED.search(shown))
            assert {"--csv", "--json", "--svg"} & {*words} or max(map(len, text.split("\n"))) < 2100, words
    assert statuses == {0, 1, 2, 65, 66, 74}


def test_what_is_made_for_programs_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["print", *files(folder), "--json"], ["info", files(folder)[1], "--json", *files(folder)[2:]]):
        assert main(words) == 0
        json.loads(capsys.readouterr().out)
    assert main(["print", *files(folder), "--csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert {len(row) for row in rows} == {len(TOKENS) + 1}
    assert main(["print", *files(folder), "--svg"]) == 0
    picture = ElementTree.fromstring(capsys.readouterr().out)
    assert not {"script", "a", "image", "foreignObject"} & {node.tag.rpartition("}")[2] for node in picture.iter()}


WIDTH = 120
PAGES = [
    *(["1"], ["1", "+", "+"], ["1", "enter"], ["1", "w"], ["1", "f"], ["1", "v"], ["1", "p", "P", "P"], ["1", "z"]),
    *(["1", "down", "down", "right", "end"], ["1", "i"], ["1", "a"], ["1", "X", "space"], ["2"], ["2", "tab"], ["3"]),
    *(["3", "v"], ["4"], ["4", "v"], ["?"], ["/", "type x", "enter", "n", "n"], ["!"], ["y"], [":"], ["x"], ["E"]),
]


def check_screen(hands: Hands) -> None:
    """Assert that all on the screen has been through the gate, and that every row is as wide as the screen."""
    for cells in hands.cells:
        for text, style, _ in cells:
            assert text.isprintable(), repr(text)
            shown = text.replace("\u2800", " ")  # the charts' own, an empty place of their dots
            assert printable(shown) == shown, repr(text)
            assert style is None or (style.link is None and style.meta.keys() <= {"offset"}), (text, style)
        assert sum(cell_len(segment.text) for segment in cells) == WIDTH


async def test_every_page_shows_hostile_tokens_and_names_and_stays_in_its_columns(folder: Path) -> None:
    async with explorer(shlex.join(files(folder)), size=(WIDTH, 40)) as hands:
        assert "␛]52;c;aGk=␇" in hands.screen
        for keys in PAGES:
            await hands.press(*keys)
            check_screen(hands)
            await hands.press("escape", "escape")
        assert hands.app.is_running


async def test_what_is_typed_and_what_is_told_of_it_is_shown_and_not_obeyed(folder: Path) -> None:
    async with explorer("", size=(WIDTH, 40)) as hands:
        for number, token in enumerate(token for token in TOKENS if len(token) < 5000):
            await hands.press("/:Sgm"[number % 5])
            hands.app.post_message(events.Paste(token))
            await hands.settle()
            check_screen(hands)
            await hands.press("enter")
            check_screen(hands)
            await hands.press("escape", "escape", "escape")


@pytest.mark.parametrize(
    ("search", "kept"),
    [(chr(0xD800), "attn-tui --search '�'\n".encode()), ("a" + chr(0xDCE9), b"attn-tui --search 'a\xe9'\n")],
    ids=["half a character", "a byte that is no text"],
)
async def test_text_that_no_encoding_has_can_be_copied_and_saved(
    search: str, kept: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of a name that is no text are kept in a command, so that it names the same file."""
    monkeypatch.chdir(tmp_path)
    async with explorer(shlex.join(["--search", search]), size=(WIDTH, 40)) as hands:
        await hands.press("y")
        assert "copied" in hands.truth
        for ending in (".cmd", ".svg", ".txt", ".csv"):
            await hands.press("S", *["backspace"] * 20, f"type a{ending}", "enter")
            assert "saved" in hands.truth
    assert Path("a.cmd").read_bytes() == kept


def test_nothing_of_it_reaches_a_real_terminal_as_a_command(folder: Path) -> None:
    """Every byte is a character, or one of the explorer's own sequences."""
    with opened(*files(folder)) as terminal:
        terminal.sees("q quit")
        for keys in ("w", "w", "2", "3", "4", "1", "?", "?", "\r", "\r", "]", ":nonsense", "\x1b", "jjjj", "+", "+"):
            terminal.press(keys)
            terminal.rests(0.15)
            terminal.wait(lambda keys=keys: ("nonsense" in terminal.text) == (keys == ":nonsense"), keys)  # type: ignore[misc]
        terminal.press("q")
        assert terminal.ends() == 0
    rest = OWN.sub(b"", terminal.written)
    assert not OBEYED.search(rest.decode().replace("\r\n", "\n")), OBEYED.search(rest.decode())
