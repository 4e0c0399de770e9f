"""What is asked for is budgeted before anything is reserved: a line, never a crash, and the screen stays."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from attn_engine import Experiment, budget, evaluate, parse, run
from attn_engine.budget import PER_SCORE, most_told, most_within
from attn_engine.captures.memory import available_memory
from attn_engine.experiment import MAX_SCORES
from attn_engine.notation.plane import Plane
from attn_tui import mask_report
from attn_tui.cli import main
from tests.hands import WIDE, explorer

GIB = 2**30
MUCH = 2**62


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[int]:
    """So many bytes are the budget."""
    budget._budget.cache_clear()
    monkeypatch.setattr("attn_engine.captures.memory.memory_budget", lambda: request.param)
    yield request.param
    budget._budget.cache_clear()


# The arithmetic


@pytest.mark.parametrize("memory", [MUCH], indirect=True)
def test_with_memory_enough_the_limits_are_those_of_patience(memory: int) -> None:
    assert (most_within(MAX_SCORES, PER_SCORE), most_told(MAX_SCORES, PER_SCORE)) == (2**24, "16,777,216")


@pytest.mark.parametrize("memory", [48_000_000], indirect=True)
def test_with_little_the_limits_are_those_of_memory_and_say_so(memory: int) -> None:
    assert (most_within(MAX_SCORES, PER_SCORE), most_told(MAX_SCORES, PER_SCORE)) == (
        1_000_000,
        "1,000,000, for lack of memory,",
    )


@pytest.mark.parametrize(
    ("memory", "fields", "told"),
    [
        (
            48_000_000,
            {"query_length": 600, "key_length": 500},
            "1,200,000 scores; at most 1,000,000, for lack of memory",
        ),
        (
            32_000_000,
            {"num_heads": 100, "head_dim": 256},
            "1,536,000 numbers of query, key and value; at most 1,000,000",
        ),
        (32_000_000, {"source": "projected", "num_heads": 10, "head_dim": 64}, "at most 1,000,000, for lack of memory"),
    ],
    indirect=["memory"],
)
def test_what_does_not_fit_into_memory_is_refused_with_the_arithmetic(
    memory: int, fields: dict[str, int], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        run(Experiment(**({"source": "random"} | fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize("memory", [2**25], indirect=True)
def test_however_little_there_is_the_first_screen_and_a_small_picture_can_be_had(
    memory: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["print"], ["print", "--source", "random", "--queries", "300", "--keys", "300", "--heads", "4"]):
        assert main(words) == 0
        assert capsys.readouterr().out


def test_the_limit_of_the_address_space_counts_less_what_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 8388608 kB\n")
    (tmp_path / "proc/self/statm").write_text("1000 500 200 1 0 300 0\n")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (GIB, 2 * GIB))
    assert available_memory(tmp_path) == GIB - 1000 * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert available_memory(tmp_path) == 8 * GIB


# Under a limit

MOST = "1048576"
TOO_MUCH = [
    "print --queries 1000000000",
    f"print --source random --queries {MOST} --keys {MOST}",
    "print --source random --queries 4096 --keys 4096 --heads 1 --normaliser sparsemax",
    "print --source random --heads 4096 --head-dim 65536",
    "print --source projected --heads 4096 --head-dim 16",
    "print --source random --queries 1400 --keys 1400 --heads 1 --json",
    "print --width 1000000000",
    "print --height 99999999999999999999",
    f"mask full --queries {MOST} --keys {MOST} --npy huge.npy",
    "study scaling --draws 1000000000",
    f"study scaling --n {MOST}",
    f"study scaling --d-k {','.join(['4096'] * 9999)}",
    f"print --marked-keys 0-{MOST}",
    f"mask {'(' * 60000}causal{')' * 60000}",
    f"mask q<{'9' * 9000}",
]
ANSWERED = [
    "print --source random --queries 4096 --keys 4096 --heads 1",
    f"mask q*k%7==3 --queries {MOST} --keys {MOST}",
    f"check q*k%7==3 --queries {MOST} --keys {MOST}",
]

CHILD = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (700 * 10**6,) * 2)
from attn_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def limited(words: str, folder: Path) -> tuple[int, str, float]:
    """The status, what is said on standard error, and the seconds of computing, in 700 MB of address space."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", CHILD, *words.split()]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=folder)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode, done.stderr, ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


@pytest.mark.skipif(sys.platform != "linux", reason="where the limit of the address space holds")
@pytest.mark.parametrize("words", TOO_MUCH, ids=lambda words: words[:60])
def test_too_much_is_refused_at_once_in_one_line(words: str, tmp_path: Path) -> None:
    status, said, seconds = limited(words, tmp_path)
    assert status == 2
    first, *place = said.splitlines()
    assert first.startswith("attn-tui: ")
    assert len(place) in (0, 2)  # the place in a rule
    assert max(map(len, said.splitlines())) < 2100
    assert seconds < 5
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(sys.platform != "linux", reason="where the limit of the address space holds")
@pytest.mark.parametrize("words", ANSWERED)
def test_a_huge_mask_or_map_needs_little_memory(words: str, tmp_path: Path) -> None:
    status, said, seconds = limited(words, tmp_path)
    assert (status, said) in ((0, ""), (1, ""))
    assert seconds < 15


@pytest.mark.skipif(sys.platform != "linux", reason="where the limit of the address space holds")
def test_the_explorer_refuses_before_it_loads_what_draws_the_screen(tmp_path: Path) -> None:
    lines = CHILD.splitlines()[:-1]
    told = "from attn_tui import start; start._check_terminal = lambda: None"
    source = "\n".join([*lines, told, "main(sys.argv[1:])", "sys.exit(3 if 'textual' in sys.modules else 0)"])
    command = [sys.executable, "-c", source, "--source", "random", "--heads", "4096"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "numbers of query, key and value; at most" in done.stderr
    assert done.returncode == 0


# In the explorer


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([":", "type queries 1000000000", "enter"], "is not a whole number from 1 to 1,048,576"),
        (
            [":", "type source random", "enter", ":", "type queries 1048576", "enter"],
            "of query and key; at most",
        ),
        (
            [":", "type source random", "enter", "Q", "enter", "type 999999", "enter"],
            "of query and key; at most",
        ),
        (
            [":", "type source random", "enter", ":", "type heads 4096", "enter", "d", "enter", "type 65536", "enter"],
            "at most",
        ),
        ([":", "type cursor 99999999999,0", "enter"], "is not QUERY,KEY"),
        ([":", "type source=projected heads=1", "enter"], "possible are"),
        (["m", "enter", "type " + "(" * 300, "enter"], "too deep: at most 64 levels"),
    ],
)
async def test_what_cannot_be_had_gets_a_line_and_what_was_on_the_screen_stays(keys: list[str], told: str) -> None:
    async with explorer("", size=WIDE) as hands:
        typing = max(at for at, key in enumerate(keys) if key.startswith("type "))
        await hands.press(*keys[: typing - 1])
        before = hands.session, hands.app.scene.attention
        await hands.press(*keys[typing - 1 :])
        assert told in hands.truth
        assert (hands.session, hands.app.scene.attention) == before
        await hands.press("escape", "escape")
        assert hands.session.experiment == before[0].experiment


# Numbers as text


@pytest.mark.parametrize("form", ["--json", "--csv"])
@pytest.mark.parametrize("memory", [80 * 100_000], indirect=True)
def test_numbers_that_do_not_fit_into_memory_as_text_are_refused(
    form: str, memory: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["print", "--source", "random", "--heads", "1", "--queries", "400", "--keys"]
    assert main([*words, "300", form]) == 2
    assert "numbers are too many to write; at most 100,000, for lack of memory, are" in capsys.readouterr().err
    assert main([*words, "30", form]) == 0


# A mask as an array


@pytest.mark.parametrize("rule", ["causal & window(3)", "full", "q*k%7==3", "document(3,5)"])
@pytest.mark.parametrize("align", ["left", "right"])
def test_a_mask_written_in_bands_is_the_mask(
    rule: str, align: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_report, "MOST_WRITTEN", 20)
    assert (
        main(["mask", rule, "--queries", "7", "--keys", "9", "--align", align, "--npy", str(tmp_path / "a.npy")]) == 0
    )
    whole = evaluate(parse(rule), Plane(7, 9, 1, align, 0).grid())  # type: ignore[arg-type]
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.broadcast_to(whole, (7, 9)))


def test_a_mask_that_cannot_be_written_whole_is_not_left_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> Iterator[object]:
        yield np.ones((1, 4), dtype=bool)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mask_report, "_bands", failing)
    assert main(["mask", "causal", "--queries", "4", "--npy", str(tmp_path / "a.npy")]) == 74
    assert "No space left on device" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]
