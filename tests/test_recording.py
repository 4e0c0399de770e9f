"""attn_tui.record with a stand-in for torch: what is kept, of which calls, and that nothing is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import Experiment, close_files, open_capture, run
from tests import fake_torch
from tests.fake_torch import Module, Tensor

ROOM = np.random.default_rng(0)


@pytest.fixture
def functional(monkeypatch: pytest.MonkeyPatch) -> Any:
    return fake_torch.installed(monkeypatch)


def tensor(*shape: int, **kind: Any) -> Tensor:
    return Tensor(ROOM.standard_normal(shape, dtype=np.float32), **kind)


def layers(functional: Any, number: int, length: int = 5, **options: Any) -> Module:
    """A model of so many layers, which hands out the weights of each."""

    def forward() -> list[Any]:
        shapes = [(2, 4, length, 8), (2, options.pop("key_heads", 4), length, 8)]
        inputs = [[tensor(*shapes[0]), tensor(*shapes[1]), tensor(*shapes[1])] for _ in range(number)]
        return [functional.scaled_dot_product_attention(*each, **options) for each in inputs]

    return Module(forward)


def recomputed(path: Path, layer: int, batch: int) -> Any:
    close_files()
    return run(Experiment(source="file", file=str(path), layer=layer, batch_item=batch)).weights


BIAS = ROOM.standard_normal((1, 4, 5, 5))
HIDDEN = np.where(np.tri(5, dtype=bool), 0, np.finfo(np.float32).min)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"scale": 0.5},
        {"key_heads": 2, "enable_gqa": True},
        {"attn_mask": Tensor(np.tri(5, dtype=bool))},
        {"attn_mask": Tensor(np.broadcast_to(ROOM.random((2, 1, 1, 5)) > 0.2, (2, 4, 5, 5)) | np.eye(5, dtype=bool))},
        {"attn_mask": Tensor(HIDDEN.astype(np.float32))},
        {"attn_mask": Tensor(BIAS)},
        {"attn_mask": Tensor(HIDDEN + BIAS), "key_heads": 1, "enable_gqa": True},
    ],
    ids=["plain", "causal", "scale", "fewer key heads", "mask", "mask of a batch", "additive", "bias", "bias and mask"],
)
def test_the_weights_of_every_layer_and_batch_item_can_be_recomputed(
    functional: Any, tmp_path: Path, options: dict[str, Any]
) -> None:
    with attn_tui.record(model := layers(functional, 3, **options), path=tmp_path / "r.npz") as recording:
        due = model()
    assert recording.layers == (0, 1, 2)
    for layer in range(3):
        for batch in range(2):
            found = recomputed(tmp_path / "r.npz", layer, batch)
            np.testing.assert_allclose(found, due[layer][batch], atol=5e-6)


def test_what_a_model_hands_out_is_what_it_hands_out_without_recording(functional: Any) -> None:
    given = [tensor(1, 2, 4, 8) for _ in range(3)]
    model = Module(lambda: functional.scaled_dot_product_attention(*given, None, 0.0, True))
    plain = model()
    with attn_tui.record(model) as recording:
        assert np.array_equal(model(), plain)
    given[0].array[:] = 0  # what was kept is a copy
    assert recording.arrays()["query.0"].any()


def test_layers_are_chosen_by_their_place_in_a_pass_and_keep_their_numbers(functional: Any, tmp_path: Path) -> None:
    model = layers(functional, 6)
    with attn_tui.record(model, layers=[1, 4], path=tmp_path / "r.safetensors") as recording:
        model()
    assert recording.layers == (1, 4)
    with open_capture(tmp_path / "r.safetensors") as capture:
        assert capture.sets[0].layer_numbers == (1, 4)


def test_a_layer_that_was_not_called_is_told(functional: Any) -> None:
    model = layers(functional, 2)
    with pytest.warns(UserWarning, match="layers 7 were not called: the pass has 2 calls"), attn_tui.record(model, 7):
        model()


@pytest.mark.parametrize(("keep", "length"), [("first", 5), ("last", 7)])
def test_one_of_several_passes_is_kept(functional: Any, keep: Any, length: int) -> None:
    lengths = iter((5, 6, 7))

    def forward() -> None:
        inputs = [tensor(1, 2, at, 8) for at in [next(lengths)] * 3]
        functional.scaled_dot_product_attention(*inputs)

    with attn_tui.record(model := Module(forward), keep=keep) as recording:
        for _ in range(3):
            model()
    assert recording.arrays()["query.0"].shape == (1, 2, length, 8)


def test_calls_of_other_models_and_between_the_passes_do_not_count(functional: Any) -> None:
    one, other = layers(functional, 2), layers(functional, 3)
    with attn_tui.record(one) as recording:
        other()
        functional.scaled_dot_product_attention(*[tensor(1, 1, 3, 4)] * 3)
        one()
        other()
    assert recording.layers == (0, 1)


def test_a_model_that_calls_another_counts_its_calls_in_order(functional: Any) -> None:
    part = layers(functional, 2)
    whole = Module(lambda: [part(), part()])
    with attn_tui.record(whole) as all_of_it, attn_tui.record(part) as some:
        whole()
    assert (all_of_it.layers, some.layers) == ((0, 1, 2, 3), (0, 1))


def test_a_thread_is_a_pass_of_its_own(functional: Any) -> None:
    begun, gone_on = threading.Event(), threading.Event()

    def forward() -> None:
        functional.scaled_dot_product_attention(*[tensor(1, 1, 3, 4)] * 3)
        begun.set()
        assert gone_on.wait(10)
        functional.scaled_dot_product_attention(*[tensor(1, 1, 4, 4)] * 3)

    with attn_tui.record(model := Module(forward)) as recording:
        thread = threading.Thread(target=model)
        thread.start()
        assert begun.wait(10)
        gone_on.set()
        model()
        thread.join()
    assert [recording.arrays()[f"query.{number}"].shape[2] for number in recording.layers] == [3, 4]


def test_without_a_model_every_call_of_the_thread_counts(functional: Any) -> None:
    with attn_tui.record() as recording:
        layers(functional, 2)()
        thread = threading.Thread(target=layers(functional, 5))
        thread.start()
        thread.join()
        layers(functional, 1)()
    assert recording.layers == (0, 1, 2)


def test_no_more_bytes_are_held_than_allowed(functional: Any) -> None:
    model = layers(functional, 8)
    one = 2 * (2 * 4 * 5 * 8) * 4
    told = pytest.warns(UserWarning, match=r"layers 3, 4, 5, 6, 7 are left out: most_bytes is")
    with told, attn_tui.record(model, most_bytes=3 * one + 10) as recording:
        model()
    assert recording.layers == (0, 1, 2)
    assert recording.nbytes == 3 * one


@pytest.mark.parametrize(
    ("options", "held"), [({"attn_mask": Tensor(np.tri(5, dtype=bool))}, 25), ({"is_causal": True}, 0)]
)
def test_a_mask_that_layers_share_is_held_once_and_a_causal_one_not_at_all(
    functional: Any, options: dict[str, Any], held: int
) -> None:
    model = layers(functional, 8, **options)
    with attn_tui.record(model) as recording:
        model()
    assert recording.nbytes == 8 * 2 * (2 * 4 * 5 * 8) * 4 + held


def test_of_layers_some_may_be_causal(functional: Any, tmp_path: Path) -> None:
    given = [tensor(1, 2, 5, 8) for _ in range(3)]
    model = Module(lambda: [functional.scaled_dot_product_attention(*given, is_causal=at == 1) for at in range(3)])
    with attn_tui.record(model, path=tmp_path / "r.npz") as recording:
        due = model()
    assert {name for name in recording.arrays() if "causal" in name} == {"is_causal.0", "is_causal.1", "is_causal.2"}
    for layer in range(3):
        np.testing.assert_allclose(recomputed(tmp_path / "r.npz", layer, 0), due[layer][0], atol=5e-6)


def test_torch_is_as_it_was_also_after_an_exception_and_out_of_order(functional: Any) -> None:
    functional_before = functional.scaled_dot_product_attention

    def fails() -> None:
        functional.scaled_dot_product_attention(*[tensor(1, 1, 3, 4)] * 3)
        raise KeyError("a mistake of the model")

    model = Module(fails)
    with pytest.raises(KeyError), attn_tui.record(model) as recording:
        model()
    assert recording.layers == (0,)
    one, two = attn_tui.record(), attn_tui.record()
    one.__enter__()
    second = two.__enter__()
    functional.scaled_dot_product_attention(*[tensor(1, 1, 3, 4)] * 3)
    one.__exit__(None, None, None)
    functional.scaled_dot_product_attention(*[tensor(1, 1, 3, 4)] * 3)
    two.__exit__(None, None, None)
    assert second.layers == (0, 1)
    assert functional.scaled_dot_product_attention is functional_before
    assert not model.before
    assert not model.after


def test_a_function_that_was_imported_by_name_is_heard_too(functional: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = globals()
    monkeypatch.setitem(names, "scaled_dot_product_attention", functional.scaled_dot_product_attention)
    with attn_tui.record() as recording:
        names["scaled_dot_product_attention"](*[tensor(1, 1, 3, 4)] * 3)
    assert recording.layers == (0,)
    assert names["scaled_dot_product_attention"] is functional.scaled_dot_product_attention


def test_what_somebody_else_put_in_torch_meanwhile_stays(functional: Any) -> None:
    with attn_tui.record() as recording:
        ours: Callable[..., Any] = functional.scaled_dot_product_attention

        def theirs(*args: Any) -> Any:
            return ours(*args)

        functional.scaled_dot_product_attention = theirs
        theirs(*[tensor(1, 1, 3, 4)] * 3)
    assert functional.scaled_dot_product_attention is theirs
    theirs(*[tensor(1, 1, 3, 4)] * 3)
    assert recording.layers == (0,)


def test_nothing_heard_is_told_and_cannot_be_saved(functional: Any, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"no call .* was seen"), attn_tui.record(Module(list)) as recording:
        pass
    with pytest.raises(ValueError, match="no call"):
        recording.save(tmp_path / "r.npz")


def test_a_tensor_that_hands_out_no_numbers_does_not_stop_the_model(functional: Any) -> None:
    inputs = [tensor(1, 1, 3, 4, dtype="complex64")] * 3
    with pytest.warns(UserWarning, match="layers 0 are left out: query"), attn_tui.record() as recording:
        functional.scaled_dot_product_attention(*inputs)
    assert recording.layers == ()


def test_without_torch_or_a_model_one_line_says_so(functional: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"int is no torch\.nn\.Module"), attn_tui.record(3):
        pass
    with pytest.raises(ValueError, match="possible are first, last"), attn_tui.record(keep="middle"):  # type: ignore[arg-type]
        pass
    monkeypatch.delitem(__import__("sys").modules, "torch.nn.functional")
    with pytest.raises(ValueError, match="torch is not loaded"), attn_tui.record():
        pass


def test_a_recording_is_printed_with_its_tokens(functional: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = layers(functional, 2, is_causal=True)
    with attn_tui.record(model) as recording:
        model()
    recording.show(tokens=["a", "long", "way", "to", "go"], layer=1, head=3)  # there is no terminal
    assert "layer 1, head 3 of 4" in (out := capsys.readouterr().out)
    assert "long" in out
    assert "╱╱" in out


def test_the_functions_take_a_recording_as_they_take_its_arrays(
    functional: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = layers(functional, 2, is_causal=True)
    with attn_tui.record(model) as recording:
        model()
    due = recording.arrays()
    for function in (attn_tui.print, attn_tui.show):  # there is no terminal
        printed = [function(given, layer=1, head=3) or capsys.readouterr().out for given in (recording, due)]
        assert printed[0] == printed[1]
        assert "layer 1, head 3 of 4" in printed[0]
    with np.load(attn_tui.save(tmp_path / "r.npz", recording, tokens=list("abcde"))) as saved:
        assert due.keys() < {*saved.files}
        assert all(np.array_equal(saved[name], array) for name, array in due.items())


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (None, "layers 0 … 3, 10.0 KiB"),
        ([2], "layer 2, 2.5 KiB"),
        ([0, 3], "layers 0, 3, 5.0 KiB"),
        ([0, 1, 3], "layers 0, 1, 3, 7.5 KiB"),
    ],
)
def test_a_recording_says_which_layers_it_has_and_what_they_take(functional: Any, wanted: Any, told: str) -> None:
    with attn_tui.record(model := layers(functional, 4), wanted) as recording:
        assert repr(recording) == "Recording of no layers, 0 B"
        model()
    assert repr(recording) == f"Recording of {told}"
