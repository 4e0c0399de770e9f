"""attn-tui mask: the picture and its figures, code, arrays and files, each against the rule itself."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from attn_engine import Grid, entries, evaluate, parse
from attn_tui.cli import main
from attn_tui.mask_command import mask_parser
from tests.test_walls import loaded_by

pytestmark = pytest.mark.usefixtures("plain_environment")


def printed(capsys: pytest.CaptureFixture[str], options: str) -> str:
    """What a run leaves on standard output."""
    assert main(["mask", *shlex.split(options)]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], options: str) -> tuple[int, str]:
    """The status, and what is said on standard error."""
    status = main(["mask", *shlex.split(options)])
    out, errors = capsys.readouterr()
    assert out == ""
    return status, errors


def test_a_small_mask_is_drawn_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    picture = printed(capsys, "'causal & (window(2) | sink(1))' --queries 4 --keys 4 --width 40")
    assert (
        picture
        == """\
causal & (window(2) | sink(1))
4 queries × 4 keys, aligned left
  0 1 2 3
0 ██╱╱╱╱╱╱
1 ████╱╱╱╱
2 ██████╱╱
3 ██╱╱████
██ may look  ╱╱ may not

pairs        9
of all       56.25%
keys a row   1 … 3
findings     none
blocks       1
· full       0
· partial    1
· empty      0
dense        4.1 kFLOP
sparse       2.3 kFLOP
in blocks    4.1 kFLOP
· in vain    43.75%
blocks of 4: 0 full, 1 partial, 0 empty; 43.8% of what a block-sparse kernel computes is masked
"""
    )


def test_a_million_positions_are_answered_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "'causal & (window(4096) | sink(4))' --queries 1048576 --keys 1048576")
    assert "pairs        4,290,758,650\n" in text
    assert "keys a row   1 … 4,100\n" in text


def test_a_query_that_sees_nothing_is_told_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 query sees nothing: 0" in printed(capsys, "'k < q' --queries 3 --keys 3")


def test_the_list_has_every_rule_with_its_line_and_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--list")
    for entry in entries():
        assert f"{entry.signature}\n    {entry.line}\n    {entry.sentence} {entry.source}\n" in text


@pytest.mark.parametrize("align", ["left", "right"])
def test_the_array_is_the_mask(capsys: pytest.CaptureFixture[str], tmp_path: Path, align: str) -> None:
    path = tmp_path / "mask.npy"
    printed(capsys, f"'causal & window(3)' --queries 5 --keys 7 --align {align} --npy {path}")
    expected = evaluate(parse("causal & window(3)"), Grid.of(5, 7, align=align))  # type: ignore[arg-type]
    array = np.load(path)
    assert array.dtype == np.bool_
    np.testing.assert_array_equal(array, expected)


def test_an_array_that_exists_stays(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mask.npy"
    path.write_bytes(b"mine")
    status, said = refused(capsys, f"causal --npy {path}")
    assert (status, path.read_bytes()) == (74, b"mine")
    assert len(said.splitlines()) == 1


def test_the_code_runs_as_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(printed(capsys, "'causal & ~window(2)' --queries 6 --keys 9 --code numpy"), names)
    expected = np.broadcast_to(evaluate(parse("causal & ~window(2)"), Grid.of(6, 9)), (6, 9))
    np.testing.assert_array_equal(names["allowed"], expected)
    for dialect in ("flex", "sdpa"):
        compile(printed(capsys, f"bigbird --code {dialect}"), dialect, "exec")


def test_json_has_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "causal --queries 8 --keys 8 --block-size 4 --json"))
    assert (found["pairs"], found["exact"], found["density"]) == (36, True, 36 / 64)
    assert found["keys_seen"] == {"fewest": 1, "most": 8}
    assert found["blocks"] == {"size": 4, "full": 1, "partial": 2, "empty": 1, "error": 0.0}
    assert [cost["form"] for cost in found["costs"]] == ["dense", "sparse", "block-sparse"]


def test_a_files_mask_is_drawn_and_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "unknown.npy"
    np.save(path, evaluate(parse("causal & window(5)"), Grid.of(20, 20)))
    assert "pairs        90\n" in printed(capsys, str(path))
    first = printed(capsys, f"--identify {path}").splitlines()[1]
    assert first == "causal & window(5), aligned left: no cell differs" or first.startswith(
        "window(5), aligned left: no"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "a rule or a file is missing"),
        ("causal --list", "takes no rule"),
        ("causal --identify x.npy", "takes a file and no rule"),
        ("'causal & windo(3)'", '"windo" is unknown'),
        ("alibi", "is a score mod"),
        ("'k % (q - 3) == 0'", "division by zero"),
        ("causal --head 1", "possible are 0 … 0"),
        ("causal --queries 0", "is not a whole number from 1"),
        ("causal --code java", "possible are flex, numpy, sdpa"),
        ("full --queries 1048576 --npy x.npy", "too many for an array"),
    ],
)
def test_a_mistake_is_told_with_what_is_possible(capsys: pytest.CaptureFixture[str], options: str, said: str) -> None:
    status, errors = refused(capsys, options)
    assert (status, errors.startswith("attn-tui: ")) == (2, True)
    assert said in errors
    assert "Traceback" not in errors


def test_a_mistake_in_a_rule_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    _, errors = refused(capsys, "'causal & windo(3)'")
    _, rule, caret = errors.splitlines()
    assert rule[caret.index("^") :] == "windo(3)"


@pytest.mark.parametrize(("name", "status"), [("missing.npy", 66), ("broken.npy", 65)])
def test_a_file_that_cannot_be_used_has_its_status(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    assert refused(capsys, str(tmp_path / name))[0] == status


def test_help_and_list_load_neither_numpy_nor_textual() -> None:
    for words in (["--help"], ["--list"]):
        loaded, said = loaded_by("-m", "attn_tui", "mask", *words)
        assert said
        assert not loaded & {"numpy", "textual"}


def test_help_fits_eighty_columns() -> None:
    assert all(len(line) <= 80 for line in mask_parser().format_help().splitlines())


def test_the_heads_and_the_form_of_a_file_can_be_chosen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    query, key = np.ogrid[:8, :8]
    heads, lengths = tmp_path / "heads.npy", tmp_path / "lengths.npy"
    np.save(heads, np.stack([(key <= query) & (query - key < 3), key <= query]))
    np.save(lengths, np.arange(8) < np.array([[5], [8]]))
    assert "head 0 of 2; --head shows another\nwindow(3)" in printed(capsys, f"--identify '{heads}'")
    assert "head 1 of 2; --head shows another\ncausal" in printed(capsys, f"--identify '{heads}' --head 1")
    assert "pairs        36" in printed(capsys, f"'{heads}' --head 1")
    assert "possible are 0 … 1" in refused(capsys, f"--identify '{heads}' --head 2")[1]
    assert "padding" in printed(capsys, f"--identify '{lengths}' --form padding")
