"""attn-tui print --query as JSON and CSV: what one query reads, against a plain argsort, of rows of any length."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

import attn_tui
from attn_engine import Experiment, close_files, far_of, run, save_capture
from attn_tui.cli import main
from tests.hands import session_of
from tests.test_cli import ended

pytestmark = pytest.mark.usefixtures("plain_environment")

FAR = ["--source", "random", "--heads", "2", "--queries", "700", "--keys", "600", "--head-dim", "8", "--mask", "causal"]


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["print", *map(str, words)]) == 0
    return capsys.readouterr().out


def object_of(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """The JSON object, which has no NaN and no ∞ in it."""

    def none(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found: dict[str, Any] = json.loads(printed(capsys, *words, "--json"), parse_constant=none)
    return found


def table_of(capsys: pytest.CaptureFixture[str], *words: object) -> list[tuple[int, str, float]]:
    header, *rows = csv.reader(io.StringIO(printed(capsys, *words, "--csv")))
    assert header == ["key", "token", "weight"]
    return [(int(key), token, float(weight)) for key, token, weight in rows]


def check(
    capsys: pytest.CaptureFixture[str], row: NDArray[Any], seen: int, *words: object, top: int | None = None
) -> dict[str, Any]:
    """Both forms have the keys of a row that sees its first `seen`, as argsort has them; the object."""
    more = [] if top is None else ["--top", top]
    order = np.argsort(-row[:seen], kind="stable")[:top].tolist()
    found = object_of(capsys, *words, *more)
    assert [each["key"] for each in found["keys"]] == order
    assert_allclose([each["weight"] for each in found["keys"]], row[order], rtol=1e-6)
    assert found["keys_seen"] == seen
    table = table_of(capsys, *words, *more)
    assert [key for key, _, _ in table] == order
    assert_allclose([weight for *_, weight in table], row[order], rtol=1e-6)
    assert [token or None for _, token, _ in table] == [each["token"] for each in found["keys"]]
    return found


@pytest.mark.parametrize("top", [None, 1, 3, 50])
@pytest.mark.parametrize("query", [0, 12, 19])
def test_both_forms_have_the_keys_of_a_query_heaviest_first(
    capsys: pytest.CaptureFixture[str], query: int, top: int | None
) -> None:
    row = run(Experiment(source="random", mask="causal")).weights[2, query]
    words = ("--source", "random", "--mask", "causal", "--head", 2, "--query", query)
    found = check(capsys, row, query + 1, *words, top=top)
    assert (found["query"], found["query_token"], found["layer"], found["head"]) == (query, None, 0, 2)
    assert found["entropy"] == pytest.approx(-sum(p * math.log(p) for p in row.tolist() if p > 0), abs=1e-5)
    assert found["unusual"] == []
    assert found["command"] == "attn-tui --source random --mask causal --head 2"


@pytest.mark.parametrize("top", [None, 4])
@pytest.mark.parametrize("query", [0, 300, 699])
def test_a_head_of_which_no_scores_are_made_has_both_forms_of_every_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, query: int, top: int | None
) -> None:
    shown = session_of(" ".join(FAR)).experiment
    row = run(shown).weights[1, query]
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**16)
    assert_allclose(far_of(shown).row(1, query).weights, row, rtol=1e-4)
    found = check(capsys, far_of(shown).row(1, query).weights, min(query + 1, 600), *FAR, "--query", query, top=top)
    assert (found["query"], found["head"]) == (query, 1)
    for form in ("--json", "--csv"):
        assert ended(capsys, "print", *FAR, form)[0] == 2, "without a query it is of every weight"


def test_a_long_head_of_a_file_has_its_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(300), size=(2, 2, 300)).astype(np.float32)
    path = save_capture(tmp_path / "c.npz", weights, tokens=[f"word{at}" for at in range(300)])
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**12)
    close_files()
    found = check(capsys, weights[1, 0, 120], 300, path, "--layer", 1, "--head", 0, "--query", 120)
    assert (found["layer"], found["head"], found["query_token"]) == (1, 0, "word120")
    assert all(each["token"] == f"word{each['key']}" for each in found["keys"])


def test_what_is_not_finite_comes_last_and_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = np.full((1, 1, 4, 4), 0.25, np.float32)
    weights[0, 0, 2] = [np.nan, 0.125, np.inf, 0.875]
    path = save_capture(tmp_path / "c.npz", weights)
    found = object_of(capsys, path, "--query", 2)
    assert [(each["key"], each["weight"]) for each in found["keys"][:2]] == [(3, 0.875), (1, 0.125)]
    assert [each["weight"] for each in found["keys"][2:]] == [None, None]
    assert found["entropy"] is None
    assert found["unusual"] == ["has weights that are NaN or ∞"]
    assert [key for key, *_ in table_of(capsys, path, "--query", 2)] == [each["key"] for each in found["keys"]]


def test_a_query_that_sees_nothing_reads_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--source", "random", "--mask", "k > q", "--query", 19)
    found = object_of(capsys, *words)
    assert (found["keys"], found["keys_seen"], found["entropy"]) == ([], 0, None)
    assert table_of(capsys, *words) == []


def test_words_are_keys_by_their_first_position(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = np.random.default_rng(1).dirichlet(np.ones(6), size=(1, 2, 6)).astype(np.float32)
    tokens = ["[CLS]", "play", "##ing", "chess", "##s", "[SEP]"]
    path = save_capture(tmp_path / "c.npz", weights, tokens=tokens)
    found = object_of(capsys, path, "--head", 1, "--merge-words", "--hide", "special", "--query", 4)
    given = weights[0, 1, 3:5].mean(axis=0)
    due = {1: ("playing", given[1:3].sum()), 3: ("chesss", given[3:5].sum())}
    assert found["query_token"] == "chesss"
    assert {each["key"]: each["token"] for each in found["keys"]} == {at: name for at, (name, _) in due.items()}
    assert_allclose([each["weight"] for each in found["keys"]], [due[each["key"]][1] for each in found["keys"]], 1e-5)
    assert found["combined"] == ["without 2 special", "words"]


def test_tokens_in_csv_go_through_the_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_capture(tmp_path / "c.npz", np.full((1, 1, 2, 2), 0.5), tokens=["\x1b]0;x\x07", "b"])
    for form in ("--csv", "--json"):
        assert "\x1b" not in printed(capsys, path, "--query", 0, form)
    assert table_of(capsys, path, "--query", 0)[0][1] == "␛]0;x␇"
    assert object_of(capsys, path, "--query", 1)["keys"][0]["token"] == "\x1b]0;x\x07"


def test_a_running_program_has_it_too() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 5))
    out = io.StringIO()
    attn_tui.print(weights, query=3, top=2, json=True, head=1, file=out)
    order = np.argsort(-weights[1, 3])[:2].tolist()
    assert [each["key"] for each in json.loads(out.getvalue())["keys"]] == order
