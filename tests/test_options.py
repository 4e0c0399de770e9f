"""Options: a session as a command line and back, and mistakes told in one line."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import FIRST, PRESETS, Experiment
from attn_tui.cli import explorer_parser, print_parser
from attn_tui.options import OptionError, command, read_options, session_of, split, words_of
from attn_tui.parameters import BY_FIELD, PARAMETERS
from attn_tui.view import Lab, Pinned, Session, Studies, View
from tests.drawing import quick
from tests.test_parameters import VALUES

flags = {row.field: st.booleans() for row in PARAMETERS if row.flag}


def changed(kind: type[Any]) -> st.SearchStrategy[Any]:
    """An experiment or a view with some fields that are not the defaults."""
    names = [field.name for field in fields(kind)]
    optional = {name: (VALUES | flags)[name] for name in names}
    return st.fixed_dictionaries({}, optional=optional).map(lambda values: kind(**values))


pinned = st.builds(Pinned, changed(Experiment), VALUES["head"])
sessions = st.builds(Session, changed(Experiment), changed(View), st.none() | pinned, changed(Lab), changed(Studies))


def alone(session: Session) -> Session:
    """The session without a preset or a file and at the first experiment, which bring more than they name."""
    default = Session()
    experiment = replace(session.experiment, preset=default.experiment.preset, file="")
    if experiment.source in ("preset", "file"):
        experiment = replace(experiment, source="random")
    return replace(session, experiment=experiment, studies=replace(session.studies, study=default.studies.study))


plain_sessions = sessions.map(alone)
KNOB_FIELDS = [field.name for field in fields(Experiment)]
OF_A_MADE_SOURCE = ("query_length", "key_length", "num_heads", "num_key_heads", "head_dim", "seed")


def said(session: Session) -> Session:
    """The session without knobs that a file decides: they were turned before it was opened, and do nothing."""
    default = Experiment()

    def with_those_that_act(experiment: Experiment) -> Experiment:
        idle = (*OF_A_MADE_SOURCE, "preset") if experiment.source == "file" else ()
        return replace(experiment, **{name: getattr(default, name) for name in idle})

    pin = session.pinned and replace(session.pinned, experiment=with_those_that_act(session.pinned.experiment))
    return replace(session, experiment=with_those_that_act(session.experiment), pinned=pin)


SEARCHES = ["-x", "--mask", "", "it's", '"', "a b", "=", "\n", "$(rm)", "\ud800", "日本", "\\"]


# There and back


@quick
@given(sessions)
def test_the_command_of_a_session_makes_the_session(session: Session) -> None:
    program, *words = split(command(session))
    assert program == "attn-tui"
    assert read_options(words) == said(session)


@quick
@given(sessions, sessions, st.sets(st.sampled_from(KNOB_FIELDS)))
def test_so_does_that_of_a_picture_pinned_beside_one_of_the_same_source(
    session: Session, other: Session, turned: set[str]
) -> None:
    knobs = {name: getattr(other.experiment, name) for name in turned - {"source", "file", "preset"}}
    pin = Pinned(replace(session.experiment, **knobs), other.view.head)
    session = replace(session, pinned=pin)
    assert read_options(words_of(session)) == said(session)
    pinned_words = split(words_of(session)[-1].removeprefix("--pin="))
    assert not {"--source", "--file", "--preset"} & set(pinned_words)


@pytest.mark.parametrize("text", SEARCHES)
def test_any_text_survives_the_command_line(text: str) -> None:
    session = Session(view=View(search=text))
    assert read_options(split(command(session))[1:]) == session
    nested = Session(pinned=Pinned(replace(Experiment(), mask="window(3) | k == 0"), 0), view=View(search=text))
    assert read_options(split(command(nested))[1:]) == nested


@quick
@given(plain_sessions)
def test_a_command_is_one_line_of_what_differs_from_the_defaults(session: Session) -> None:
    words = words_of(replace(session, view=replace(session.view, search="")))
    assert command(Session()) == "attn-tui"
    default = vars(Experiment()) | vars(View()) | vars(Lab()) | vars(Studies())
    values = vars(session.experiment) | vars(session.view) | vars(session.lab) | vars(session.studies)
    differing = {BY_FIELD[name].option for name in default if values[name] != default[name] and name != "search"}
    given_options = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given_options == differing | ({"--pin"} if session.pinned else set())


@quick
@given(sessions, plain_sessions)
def test_options_change_what_they_name_and_nothing_else(before: Session, after: Session) -> None:
    default = Session()
    expected = before
    for kind in ("experiment", "view", "lab", "studies"):
        new, old = getattr(after, kind), getattr(default, kind)
        changes = {name: value for name, value in vars(new).items() if value != vars(old)[name]}
        expected = replace(expected, **{kind: replace(getattr(before, kind), **changes)})
    words = words_of(replace(after, pinned=None))
    decided = {BY_FIELD[name].option for name in OF_A_MADE_SOURCE}
    if expected.experiment.source == "file" and decided & {word.partition("=")[0] for word in words}:
        with pytest.raises(OptionError, match="is as the file has it"):
            read_options(words, before)
    else:
        assert read_options(words, before) == expected


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_brings_its_mask_and_the_page_that_shows_it(name: str) -> None:
    session = read_options(["--preset", name])
    assert (session.experiment.source, session.experiment.preset) == ("preset", name)
    assert session.experiment.mask == PRESETS[name].mask
    assert (session.view.page, session.studies.study) == ("experiments", "cross")
    assert words_of(session) == ["--preset", name]


def test_what_is_said_beside_a_preset_counts_more_than_what_it_brings() -> None:
    session = read_options(["--preset", "gpt", "--mask", "full", "--view", "map", "--cursor", "3,3"])
    assert (session.experiment.mask, session.view.page, session.view.cursor) == ("full", "map", (3, 3))
    assert read_options(words_of(session)) == session
    assert read_options(["--preset", "gpt", "--source", "random"]).view.page == "map"


def test_a_file_brings_its_first_layer_and_head() -> None:
    session = read_options(["--file", "run.npz"])
    assert (session.experiment.source, session.experiment.file, session.experiment.layer) == ("file", "run.npz", FIRST)
    assert (session.view.head, session.view.cursor) == (0, (0, 0))
    assert words_of(session) == ["--file", "run.npz"]
    assert read_options(["--file", "run.npz", "--layer", "5"]).experiment.layer == 5


def test_an_experiment_brings_the_page_that_shows_it() -> None:
    session = read_options(["--study", "learning"])
    assert session.view.page == "experiments"
    assert words_of(session) == ["--study", "learning"]
    assert read_options(["--study", "learning", "--view", "map"]).view.page == "map"


def test_a_rule_with_spaces_is_quoted_for_the_shell() -> None:
    session = read_options(["--mask", "causal & (window(3)|sink(1))"])
    assert session.experiment.mask == "causal & (window(3) | sink(1))"
    assert command(session) == "attn-tui --mask 'causal & (window(3) | sink(1))'"


def test_a_value_that_looks_like_an_option_is_joined_to_its_own() -> None:
    session = Session(replace(Experiment(), scale=-2.0, score_mod="-s"), View(search="--help"))
    assert words_of(session) == ["--scale=-2", "--score-mod=-s", "--search=--help"]


def test_a_pinned_picture_is_an_option_of_options() -> None:
    session = read_options(["--mask", "causal", "--pin", "--mask 'window(2)' --head 3", "--compare", "a-b"])
    assert session.pinned == Pinned(replace(Experiment(), mask="window(2)"), 3)
    assert read_options(["--pin", "--source random"]).pinned == Pinned(Experiment(source="random"), 1)
    assert read_options(["--pin", ""]).pinned == Pinned(Experiment(), 1)


def test_flags_are_switched_on_and_off() -> None:
    assert read_options(["--text", "--picture-only"]).view == View(text=True, picture_only=True)
    assert read_options(["--no-text"], Session(view=View(text=True))).view == View()


@pytest.mark.parametrize(("one", "other"), [(r.options[0], o) for r in PARAMETERS for o in r.options[1:]])
def test_spellings_of_an_option_are_the_same(one: str, other: str) -> None:
    value = {"--head-dim": "8", "--normaliser": "sigmoid"}[one]
    assert read_options([one, value]) == read_options([other, value])


# Mistakes


@pytest.mark.parametrize("parser", [explorer_parser(), print_parser()], ids=lambda parser: parser.prog)
def test_no_option_can_be_abbreviated(parser: argparse.ArgumentParser) -> None:
    options = {option for option in parser._option_string_actions if option.startswith("--")}
    shortened = {option[:size] for option in options for size in range(3, len(option))} - options
    assert len(shortened) > 100
    for word in shortened:
        with pytest.raises(OptionError, match="is no option or command here"):
            parser.parse_args([word, "1"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layr", "3"], "--layr is no option or command here; do you mean --layer?"),
        (["--xyzzy=3"], "--xyzzy is no option or command here; --help lists what there is"),
        (["--heads", "0"], "--heads: '0' is not a whole number from 1 to 4,096"),
        (["--d-k", "x"], "--head-dim/--d-k: 'x' is not a whole number from 1 to 65,536"),
        (["--temperature", "0"], "--temperature: '0' is not a number above 0"),
        (["--align", "up"], "--align: 'up'; possible are left, right"),
        (["--layer"], '--layer: its value is missing (one that starts with "-" is written with "="); '
         "possible are first, 0 …"),
        (["--mask", "causal & ("], '--mask: expected a number or a name after "(", at column 11'),
        (["--mask", "zz"], '--mask: "zz" is unknown; possible: a position (q, k), a rule (causal, window(4)), '
         "an array (doc[q]), at column 1"),
        (["--pin", "--mask zz"], '--pin: --mask: "zz" is unknown; possible: a position (q, k), a rule '
         "(causal, window(4)), an array (doc[q]), at column 1"),
        (["--pin", "--mask 'zz"], '''--pin: no closing quotation in "--mask 'zz"'''),
    ],
)  # fmt: skip
def test_a_mistake_names_the_option_and_what_is_possible(words: list[str], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        explorer_parser().parse_args(words)
    assert str(caught.value) == said


def bad_words() -> Iterator[list[str]]:
    for row in PARAMETERS:
        if not row.flag and row.read is not str and row.field != "hide":  # any text is a token, a path, a name
            yield from ([row.option, text] for text in ("", "\x1b", "a\nb", "é" * 300, "1e999"))


@pytest.mark.parametrize("words", bad_words(), ids=lambda words: f"{words[0]}={words[1][:6]!r}")
def test_every_wrong_value_is_told_with_its_option(words: list[str]) -> None:
    with pytest.raises(OptionError) as caught:
        read_options(words)
    assert str(caught.value).startswith(f"{words[0]}")
    assert "\n" not in str(caught.value)


def test_an_unclosed_quotation_is_told() -> None:
    with pytest.raises(OptionError, match="no closing quotation in"):
        split("attn-tui --mask 'causal")


def test_what_was_parsed_is_put_over_a_session() -> None:
    before = read_options(shlex.split("--source random --head 2"))
    after = session_of(print_parser().parse_args(["--head", "3"]), before)
    assert after == replace(before, view=replace(before.view, head=3))


def test_a_pin_within_a_pin_is_refused() -> None:
    with pytest.raises(OptionError, match="--pin is not possible inside --pin"):
        read_options(["--pin=" * 300])
