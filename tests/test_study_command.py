"""attn-tui study: tables, JSON, CSV, mistakes, and what ctrl+c leaves."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from attn_engine import ScalingSettings, scaling_study
from attn_tui import study_report
from attn_tui.cli import main
from attn_tui.study_command import OPTIONS, STUDIES, settings_of, study_parser
from attn_tui.study_progress import bar_text, gathered
from tests.ptys import left_behind, opened
from tests.test_walls import loaded_by

pytestmark = pytest.mark.usefixtures("plain_environment")


def printed(capsys: pytest.CaptureFixture[str], options: str) -> str:
    """What a run leaves on standard output."""
    assert main(["study", *shlex.split(options)]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], options: str) -> tuple[int, str]:
    """The status, and what is said on standard error."""
    status = main(["study", *shlex.split(options)])
    out, errors = capsys.readouterr()
    assert out == ""
    return status, errors


# Text


def test_the_scaling_study_is_a_table_under_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "scaling") == SCALING


def test_the_diversity_study_says_that_the_published_rise_is_noise(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "diversity") == DIVERSITY


def test_the_patterns_are_told_with_their_costs_and_their_users(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "patterns") == PATTERNS


def test_under_other_settings_there_is_no_published_figure(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "diversity --mask causal --heads 2,4 --draws 50")
    assert "published  " not in text
    assert "noise" not in text
    assert "50 draws, seed 0, mask causal: " in text
    text = " ".join(printed(capsys, "scaling --temperature 2 --mask 'local(1)' --draws 1 --d-k 4").split())
    assert "1 draw, seed 0, temperature 2, mask local(1): " in text
    assert "none was published for these." in text
    assert "the mean of ln(keys seen)" in text
    assert "standard deviation of the scores before the temperature" in text


def test_a_rule_of_ones_own_stands_beside_the_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "patterns --mask 'causal & window(4)' --draws 20")
    sees, costs = (line for line in text.splitlines() if line.startswith("causal & window(4)"))
    assert sees.split()[3:7] == ["74", "18.50%", "≤", "4"]
    assert costs.endswith("4,194,298  O(n·w), w = 4")


def test_a_local_rule_has_the_same_width_at_any_length(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "patterns --n 1 --draws 3 --mask 'local(1000)'")
    widths = [line.partition("w = ")[2] for line in text.splitlines() if "O(n·w)" in line]
    assert widths == ["7", "2,000"]
    assert "a mean over 1 query;" in text


def test_pairs_that_are_estimated_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "patterns --draws 3 --mask 'q * k % 1009 < q % 13'")
    line = next(line for line in reversed(text.splitlines()) if line.startswith("q * k"))
    assert line.count("≈") == 2
    assert line.split()[-7:] == ["18", "8,167", "≈", "1,943,552", "≈", "7,658,799,104", "O(n²)"]
    found = json.loads(printed(capsys, "patterns --draws 3 --mask 'q * k % 1009 < q % 13' --json"))
    assert [row["pairs_exact"] for row in found["rows"]] == [True, True, True, False]


def test_text_has_no_escapes_in_a_pipe_and_colours_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "\x1b" not in printed(capsys, "diversity --draws 20")
    assert "\x1b[" in printed(capsys, "diversity --draws 20 --colour truecolor")


@pytest.mark.parametrize("study", STUDIES)
def test_tables_fit_eighty_columns_and_text_any_width(capsys: pytest.CaptureFixture[str], study: str) -> None:
    lines = printed(capsys, f"{study} --draws 20 --width 80").splitlines()
    assert all(len(line) <= 80 for line in lines)


# For programs


def test_json_has_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "scaling --draws 60 --seed 3 --d-k 8,9 --json"))
    assert (found["study"], found["draws"], found["interrupted"], found["protocol"]) == ("scaling", 60, False, True)
    assert found["settings"]["seed"] == 3
    assert found["ceiling"] == pytest.approx(math.log(20))
    *_, study = scaling_study(ScalingSettings(draws=60, seed=3, head_dims=(8, 9)))
    plain, _, scaled, other = found["rows"]
    assert (plain["scores"], plain["d_k"], plain["published"], plain["inside"]) == ("unscaled", 8, 1.5, True)
    assert (other["scores"], other["published"], other["inside"]) == ("scaled", None, None)
    assert scaled["mean"] == study.rows[0].scaled.entropy.mean
    assert scaled["jacobian"] == study.rows[0].scaled.jacobian
    assert plain["score_deviation"] == study.rows[0].unscaled.deviation


def test_json_of_the_other_studies(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "diversity --draws 1 --json"))
    assert [row["error"] for row in found["rows"]] == [0, None, None, None]
    assert [round(found["sample_by_layer"][layer], 2) for layer in (0, 4)] == [0.59, 0.88]
    found = json.loads(printed(capsys, "patterns --draws 2 --n 10 --json"))
    assert [row["pairs_at_10"] for row in found["rows"]] == [100, 55, 58]
    assert [row["pairs_at_1024"] for row in found["rows"]] == [1024**2, 1024 * 1025 // 2, 7 * 1024 - 12]


@pytest.mark.parametrize("study", STUDIES)
def test_csv_is_the_table(capsys: pytest.CaptureFixture[str], study: str) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys, f"{study} --draws 5 --csv"))))
    found = json.loads(printed(capsys, f"{study} --draws 5 --json"))["rows"]
    assert len(rows) == len(found)
    for row, record in zip(rows, found, strict=True):
        assert list(row) == list(record)
        assert float(row["mean"]) == pytest.approx(record["mean"], rel=1e-7)


# Mistakes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "which study? possible are scaling, diversity, patterns"),
        ("scalling", "STUDY: 'scalling'; possible are scaling, diversity, patterns"),
        ("scaling --draws 0", "--draws: '0' is not a whole number from 1 to 100,000"),
        ("scaling --draws 1000000", "--draws: '1000000' is not a whole number"),
        ("scaling --d-k 8,x", "--d-k: 'x' is not a whole number from 1 to 4,096"),
        ("scaling --d-k 8,", "--d-k: '' is not a whole number"),
        ("scaling --d-k 8,8", "--d-k: 8, 8: possible are 1 … 12 different numbers"),
        ("scaling --n 2000", "--n: '2000' is not a whole number from 1 to 1,024"),
        ("scaling --seed=-1", "--seed: '-1' is not a whole number from 0"),
        ("scaling --temperature 0", "--temperature: '0' is not a number above 0"),
        ("scaling --mask 'causal & windo(3)'", "--mask: "),
        ("scaling --mask 'k > q + 30'", "--mask: k > q + 30: no query of 20 sees any key"),
        ("scaling --heads 2", "--heads: scaling has no such option; it belongs to diversity, patterns"),
        ("diversity --d-k 8", "--d-k: diversity has no such option; it belongs to scaling"),
        ("diversity --heads 3", "--heads: 3 heads do not divide d_model 64; possible are 1, 2, 4"),
        ("diversity --heads 64 --n 1024", "--n: 64 heads × 1024 queries × 1024 keys"),
        ("patterns --heads 2,4", "--heads: patterns takes one number, not 2,4"),
        ("scaling --json --csv", "not allowed with"),
        ("scaling --dk 3", "--dk is no option or command here; do you mean --d-k?"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_what_is_possible(
    capsys: pytest.CaptureFixture[str], options: str, said: str
) -> None:
    status, errors = refused(capsys, options)
    assert (status, errors.startswith("attn-tui: ")) == (2, True)
    assert said in errors
    assert len(errors.splitlines()) == 1


def test_help_loads_neither_numpy_nor_textual() -> None:
    loaded, said = loaded_by("-m", "attn_tui", "study", "--help")
    assert "attn-tui study scaling" in said
    assert not loaded & {"numpy", "textual", "rich"}


def test_help_fits_eighty_columns_and_says_the_defaults() -> None:
    text = study_parser().format_help()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert all(option in text for option in OPTIONS.values())
    assert "8,32,64,128,256,512" in text


@pytest.mark.parametrize("study", STUDIES)
def test_without_options_the_settings_are_the_protocols(study: str) -> None:
    assert settings_of(study_parser().parse_args([study])) == STUDIES[study]


# A long study


def interrupted_after(batches: int) -> Callable[[ScalingSettings], Iterator[Any]]:
    """A scaling study in whose next batch somebody presses ctrl+c."""

    def study(settings: ScalingSettings) -> Iterator[Any]:
        yield from islice(scaling_study(settings, 10), batches)
        raise KeyboardInterrupt

    return study


def test_ctrl_c_keeps_the_answer_so_far(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_report, "scaling_study", interrupted_after(3))
    assert main(["study", "scaling"]) == 130
    out, errors = capsys.readouterr()
    assert errors == "attn-tui: interrupted after 30 of 200 draws\n"
    assert "30 of 200 draws, seed 0" in out
    assert main(["study", "scaling", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    *_, whole = scaling_study(ScalingSettings(draws=30))
    assert (found["interrupted"], found["draws"]) == (True, 30)
    assert found["rows"][0]["mean"] == pytest.approx(whole.rows[0].unscaled.entropy.mean, abs=1e-6)


def test_ctrl_c_before_the_first_answer_prints_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_report, "scaling_study", interrupted_after(0))
    assert main(["study", "scaling"]) == 130
    assert capsys.readouterr() == ("", "")


class Screen(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_is_drawn_for_those_who_wait_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, now = Screen(), iter(range(1000))
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("attn_tui.study_progress.time.monotonic", lambda: next(now))
    gathered(scaling_study(ScalingSettings(draws=30), 10), 30)
    lines = screen.getvalue().split("\r")
    assert [line.rstrip() for line in lines] == ["", *(bar_text(done, 30) for done in (10, 20, 30)), "", ""]
    assert len(lines[-2]) == max(map(len, lines))


def test_the_bar_is_not_drawn_for_those_who_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("attn_tui.study_progress.time.monotonic", lambda: 0.0)
    gathered(scaling_study(ScalingSettings(draws=30), 10), 30)
    assert screen.getvalue() == ""


def test_the_bar_says_how_far_it_is() -> None:
    assert bar_text(250, 1000) == f"[{'#' * 6}{' ' * 18}] 250 of 1,000 draws; ctrl+c shows the answer so far"
    assert bar_text(1000, 1000).startswith(f"[{'#' * 24}]")


def test_in_a_terminal_the_bar_comes_and_ctrl_c_leaves_the_answer() -> None:
    with opened("study", "scaling", "--draws", "100000") as terminal:
        terminal.sees("of 100,000 draws; ctrl+c")
        terminal.press("\x03")
        assert terminal.ends() == 130
        assert "interrupted after" in terminal.text
        assert "of 100,000 draws, seed 0" in terminal.text
        assert "Traceback" not in terminal.output
        assert left_behind(terminal) == []


# What is printed

SCALING = """\
A query shares out its attention by the scores q·k: the longer the vectors (d_k numbers), the larger
the scores, until nearly all weight goes to one key (entropy falls to 0) and little can be learned
(the Jacobian falls too); dividing the scores by √d_k keeps both about the same at every length.

scores    d_k  published   mean ± error  95 % of draws  inside   s.d.  Jacobian
q·k         8       1.50  1.414 ± 0.011  1.127 – 1.722     yes   2.83     0.313
q·k        32       0.51  0.664 ± 0.008  0.455 – 0.874     yes   5.63     0.237
q·k        64       0.42  0.445 ± 0.007  0.272 – 0.641     yes   7.98     0.183
q·k       128       0.25  0.302 ± 0.006  0.158 – 0.472     yes  11.29     0.140
q·k       256       0.13  0.204 ± 0.005  0.093 – 0.344     yes  15.96     0.101
q·k       512       0.07  0.142 ± 0.004  0.048 – 0.255     yes  22.59     0.076

q·k/√d_k    8       2.65  2.574 ± 0.005  2.400 – 2.693     yes   1.00     0.280
q·k/√d_k   32       2.55  2.572 ± 0.004  2.457 – 2.670     yes   1.00     0.282
q·k/√d_k   64       2.54  2.570 ± 0.004  2.461 – 2.653     yes   1.00     0.283
q·k/√d_k  128       2.51  2.570 ± 0.003  2.466 – 2.643     yes   1.00     0.284
q·k/√d_k  256       2.54  2.567 ± 0.003  2.480 – 2.647     yes   1.00     0.284
q·k/√d_k  512       2.56  2.567 ± 0.003  2.490 – 2.628     yes   1.00     0.284

Figures are the softmax's entropy in nats, a mean over 20 queries; it is at most ln 20 = 2.996. s.d.
is the standard deviation of the scores: q·k grows as √d_k. Jacobian is the mean Frobenius norm of
diag(p) − p·pᵀ.
200 draws, seed 0: ± is the standard error of the mean; 95 % of single draws lie in the band; each
published figure is one draw.
"""

DIVERSITY = """\
How alike the heads of one layer look, 0 for nothing in common and 1 for the same, where nothing was
learned: with random projections the similarity is about the same whatever the number of heads.

heads  published   mean ± error  95 % of draws  inside
    1       1.00          1.000              –     yes  by definition
    2       0.12  0.187 ± 0.004  0.101 – 0.299     yes
    4       0.17  0.189 ± 0.002  0.143 – 0.241     yes
    8       0.19  0.194 ± 0.001  0.160 – 0.232     yes

Figures are the mean cosine similarity of the weights of all pairs of heads. So the published rise
from 0.12 to 0.19 is the noise of single draws.
200 draws, seed 0: ± is the standard error of the mean; 95 % of single draws lie in the band; each
published figure is one draw.
Trained heads are another matter: those of all-MiniLM-L6-v2 on the sample's sentence have 0.59 0.69
0.74 0.74 0.88 0.75, layer by layer: 0.59 to 0.88.
"""

PATTERNS = """\
A mask says which keys a query may see: full attention costs n² pairs of n tokens, causal half of
them, and local attention with w keys a query only n·w.

mask      pairs   of all  keys a query  entropy ± error  95 % of draws  at most
full        400  100.00%          ≤ 20    1.848 ± 0.010  1.588 – 2.140    2.996
causal      210   52.50%          ≤ 20    1.267 ± 0.008  1.059 – 1.484    2.117
local(3)    128   32.00%           ≤ 7    1.076 ± 0.007  0.890 – 1.237    1.841

mask      n = 20  n = 1,024   n = 16,384      n = 1,048,576  grows as
full         400  1,048,576  268,435,456  1,099,511,627,776  O(n²)
causal       210    524,800  134,225,920    549,756,338,176  O(n²)
local(3)     128      7,156      114,676          7,340,020  O(n·w), w = 7

Entropy in nats of the first of 4 random heads, d_model 64, a mean over 20 queries; at most is the
mean of ln(keys seen). n … are pairs of that many tokens.
200 draws, seed 0: ± is the standard error of the mean; 95 % of single draws lie in the band.
full: BERT encoders, vision transformers.
causal: GPT.
local(3): Longformer, BigBird (with global and, for BigBird, random keys).
"""
