"""attn-tui check and attn_tui.check: findings a line each, statuses for scripts, an error for test-suites."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_tui.cli import main

CAUSAL = np.tril(np.ones((6, 6), dtype=bool))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["check", *map(str, words)])
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    np.save(tmp_path / "mask.npy", CAUSAL)
    return tmp_path / "mask.npy"


def test_a_sound_rule_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "causal & window(4)")
    assert (status, err) == (0, "")
    assert out.endswith("nothing found\n")


def test_findings_are_lines_with_row_numbers_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "causal & k < q", "--queries", "8")
    assert status == 1
    assert next(line for line in out.splitlines() if line.startswith("finding")).startswith(
        "finding   blind: 1 query sees nothing: 0;"
    )


def test_a_file_is_compared_with_what_is_expected(capsys: pytest.CaptureFixture[str], mask: Path) -> None:
    assert run(capsys, mask, "--expect", "causal")[0] == 0
    status, out, _ = run(capsys, mask, "--expect", "window(2)")
    assert status == 1
    assert "10 pairs of 36 differ: 10 pairs allowed but not expected, the first: query 2, key 0" in out


def test_a_file_may_be_inverted_or_additive(capsys: pytest.CaptureFixture[str], tmp_path: Path, mask: Path) -> None:
    assert run(capsys, mask, "--invert")[0] == 1
    np.save(tmp_path / "add.npy", np.where(CAUSAL, 0, -np.inf))
    assert run(capsys, tmp_path / "add.npy", "--expect", "causal")[0] == 0


def test_standard_input_and_named_arrays_are_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"10\n11\n")))
    assert run(capsys, "-", "--expect", "causal")[0] == 0
    np.savez(tmp_path / "two.npz", one=CAUSAL, other=~CAUSAL)
    assert run(capsys, tmp_path / "two.npz", "--array", "one", "--expect", "causal")[0] == 0
    assert run(capsys, tmp_path / "two.npz", "--array", "other", "--expect", "causal")[0] == 1


def test_the_future_and_other_documents_are_findings_where_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, "full")[0] == 0
    status, out, _ = run(capsys, "full", "--causal", "--documents", "4,12")
    assert status == 1
    assert "into the future" in out
    assert "into another document" in out
    (tmp_path / "cu.txt").write_text("0 4 16", encoding="utf-8")
    assert run(capsys, "full", "--documents", tmp_path / "cu.txt")[0] == 1


def test_json_has_everything(capsys: pytest.CaptureFixture[str], mask: Path) -> None:
    status, out, _ = run(capsys, mask, "--expect", "window(2)", "--json")
    told = json.loads(out)
    assert (status, told["found"], told["queries"]) == (1, True, 6)
    assert told["findings"][0]["kind"] == "differs"
    assert told["findings"][0]["queries"] == [2]


def test_heads_that_a_rule_tells_apart_are_all_checked(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "k <= q - h", "--heads", "2")
    assert status == 1
    assert "finding   blind: head 1: 1 query sees nothing: 0" in out
    assert run(capsys, "k <= q - h", "--heads", "2", "--head", "0")[0] == 0


def test_a_wrong_rule_is_shown_with_a_caret_and_status_2(capsys: pytest.CaptureFixture[str], mask: Path) -> None:
    for words in (["causal &"], [mask, "--expect", "causal &"]):
        status, out, err = run(capsys, *words)
        assert (status, out) == (2, "")
        assert err.splitlines()[1:] == ["causal &", "        ^"]
    assert run(capsys, "q // (k - 3) == 0")[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["causal", "--queries", "0"],
        ["causal", "--heads", "2", "--head", "2"],
        ["causal", "--documents", "99"],
        ["causal", "--form", "square"],
        ["causal", "--nonsense"],
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, out, err = run(capsys, *words)
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_files_that_cannot_be_used_are_65_and_66(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    for path, wanted in (("bad.npy", 65), ("missing.npy", 66), (".", 66)):
        status, out, err = run(capsys, tmp_path / path)
        assert (status, out, err.count("\n")) == (wanted, "", 1)
    assert run(capsys, "causal", "--documents", tmp_path / "missing.npy")[0] == 66


def test_a_folder_of_a_rules_name_does_not_hide_the_rule(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "causal").mkdir()
    assert run(capsys, "causal")[0] == 0


def test_help_loads_neither_numpy_nor_textual() -> None:
    script = (
        "import sys, attn_tui.cli\n"
        "try: attn_tui.cli.main(['check', '--help'])\n"
        "except SystemExit: pass\n"
        "print({'numpy', 'textual'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "usage: attn-tui check" in done.stdout
    assert done.stdout.endswith("set()\n")


# attn_tui.check


class Tensor:
    """What a torch tensor shows of itself."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.dtype = "torch.bool"

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self.array


def test_arrays_tensors_rules_and_paths_are_checked(mask: Path) -> None:
    for subject in (CAUSAL, Tensor(CAUSAL), CAUSAL.tolist(), mask, str(mask), "causal", CAUSAL[None, None]):
        attn_tui.check(subject, expect="causal")
        with pytest.raises(attn_tui.MaskFindings, match="expected but not allowed"):
            attn_tui.check(subject, expect="full")


def test_the_error_is_a_failed_assertion_with_the_findings() -> None:
    with pytest.raises(AssertionError) as caught:
        attn_tui.check(np.eye(4, dtype=bool), expect="causal")
    assert isinstance(caught.value, attn_tui.MaskFindings)
    assert str(caught.value) == (
        "differs: 6 pairs of 16 differ: 6 pairs expected but not allowed, the first: query 1, key 0"
    )
    assert caught.value.findings[0].queries == (1,)


def test_lengths_alignment_and_polarity_are_taken() -> None:
    right = np.tri(2, 5, 3, dtype=bool)
    attn_tui.check(right, expect="causal", align="right")
    attn_tui.check(~CAUSAL, expect="causal", inverted=True)
    attn_tui.check("causal", expect="window(8)", queries=8)
    with pytest.raises(attn_tui.MaskFindings):
        attn_tui.check("causal", expect="window(8)", queries=9)
    with pytest.raises(attn_tui.MaskFindings):
        attn_tui.check("causal", documents=[4])


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("causal &", {}),
        ("causal", {"expect": "no_such_rule"}),
        (CAUSAL, {"queries": 5}),
        (np.array([[0.3]]), {}),
        ("missing.npy", {}),
        ("causal", {"align": "middle"}),
        (np.array([["x"]]), {}),
    ],
)
def test_what_is_no_mask_is_a_value_error(subject: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        attn_tui.check(subject, **asked)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = attn_tui.nothing
