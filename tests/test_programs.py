"""attn_tui.save, print and show: what models hand out becomes a capture that reads back; mistakes get one line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import describe, open_capture
from attn_tui.arrays import as_numpy
from tests.fake_torch import Tensor

WEIGHTS = (
    np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 2, 4)).astype(np.float32)
)  # layers, heads, queries, keys
LAYERS = tuple(Tensor(layer) for layer in WEIGHTS)

QUERY_AND_KEY = {"query": np.zeros((2, 3, 4)), "key": np.zeros((2, 3, 4))}


class DLPack:
    """An array of a library that hands out its numbers by DLPack alone, perhaps only where it is asked for the CPU."""

    def __init__(self, array: Any, elsewhere: bool = False) -> None:
        self.array, self.elsewhere = array, elsewhere

    def __dlpack__(self, **asked: Any) -> Any:
        device = asked.pop("dl_device", None)
        if self.elsewhere and device != (1, 0):
            raise BufferError("it lies on another device")
        return self.array.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class ByArray:
    """An array of a library that has `__array__`."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        return WEIGHTS[0]


def sets(tmp_path: Path, attention: Any = None, **more: Any) -> dict[str, Any]:
    """The sets of what was saved, by name, with all their weights (layers, batch, heads, queries, keys)."""
    attn_tui.save(tmp_path / "c.npz", attention, **more)
    with open_capture(tmp_path / "c.npz") as capture:
        return {
            each.name: np.stack(
                [[each.layer(at, batch) for batch in range(each.batch_size)] for at in range(each.num_layers)]
            )
            for each in capture.sets
        }


@pytest.mark.parametrize(
    "given",
    [
        WEIGHTS[0],
        Tensor(WEIGHTS[0]),
        Tensor(WEIGHTS[0], device="cuda:0"),
        Tensor(WEIGHTS[0], requires_grad=True),
        Tensor(WEIGHTS[0], "bfloat16", "cuda:0", requires_grad=True),
        Tensor(WEIGHTS[0], "float8_e4m3fn"),
        ByArray(),
        DLPack(WEIGHTS[0]),
        DLPack(WEIGHTS[0], elsewhere=True),
        WEIGHTS[0].tolist(),
        list(WEIGHTS[0]),
        [Tensor(part) for part in WEIGHTS[0]],
        np.asfortranarray(WEIGHTS[0]),
        WEIGHTS[0].astype(">f4"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_every_kind_of_array_becomes_the_same_numbers(given: Any) -> None:
    assert np.array_equal(as_numpy(given).astype(np.float32), WEIGHTS[0])


@pytest.mark.parametrize("kind", ["float16", "float64", "bool", "int64"])
def test_types_that_numpy_has_are_kept(kind: str) -> None:
    assert as_numpy(Tensor(WEIGHTS[0].astype(kind))).dtype == kind


@pytest.mark.parametrize(
    "given",
    ["text", object(), [[1], [1, 2]], np.array(["a"]), np.array([object()]), np.ones(3, complex), None, {}, np],
    ids=lambda value: str(value).partition(" at ")[0],
)
def test_what_holds_no_numbers_gets_one_line_with_its_name(given: Any) -> None:
    with pytest.raises(ValueError, match=r"\Akey: [^\n]*\Z"):
        as_numpy(given, "key")


def test_a_tuple_of_layers_reads_back_layer_by_layer(tmp_path: Path) -> None:
    assert np.array_equal(sets(tmp_path, LAYERS)["attention"][:, 0], WEIGHTS)
    batched = tuple(Tensor(np.stack([layer, layer[::-1]])) for layer in WEIGHTS)
    assert np.array_equal(sets(tmp_path, batched)["attention"][:, 1], WEIGHTS[:, ::-1])


def test_an_array_of_all_layers_reads_back_and_can_be_numbered(tmp_path: Path) -> None:
    assert np.array_equal(sets(tmp_path, Tensor(WEIGHTS))["attention"][:, 0], WEIGHTS)
    attn_tui.save(tmp_path / "c.npz", Tensor(WEIGHTS), layers=[3, 5, 8])
    with open_capture(tmp_path / "c.npz") as capture:
        assert capture.sets[0].layer_numbers == (3, 5, 8)
    with pytest.raises(ValueError, match=r"layers has 2 numbers; attention has 3 layers"):
        attn_tui.save(tmp_path / "c.npz", WEIGHTS, layers=[3, 5])


def test_a_models_output_is_told_apart_into_its_sets(tmp_path: Path) -> None:
    output = SimpleNamespace(
        attentions=None,
        encoder_attentions=tuple(Tensor(layer[:, :, :4]) for layer in WEIGHTS),
        decoder_attentions=LAYERS[:2],
        cross_attentions=LAYERS[1:],
    )
    found = sets(tmp_path, output, encoder_tokens=list("abcde"), decoder_tokens=list("ABCD"))
    with open_capture(tmp_path / "c.npz") as capture:
        cross = next(each for each in capture.sets if each.name == "cross")
        assert (cross.query_tokens(), cross.key_tokens()) == (tuple("ABCD"), tuple("abcde"))
    assert set(found) == {"encoder", "decoder", "cross"}
    assert np.array_equal(found["cross"][:, 0], WEIGHTS[1:])
    assert np.array_equal(found["encoder"][:, 0], WEIGHTS[..., :4])
    assert np.array_equal(sets(tmp_path, OrderedDict(attentions=LAYERS, hidden=None) | {})["attention"][:, 0], WEIGHTS)


def test_the_steps_of_generate_are_stitched(tmp_path: Path) -> None:
    steps = tuple(
        tuple(Tensor(np.full((1, 2, queries, keys), layer + keys)) for layer in range(3))
        for queries, keys in ((4, 4), (1, 5), (1, 6))
    )
    for held in (steps, SimpleNamespace(attentions=steps)):
        found = sets(tmp_path, held)["attention"]
        assert found.shape == (3, 1, 2, 6, 6)
        assert np.array_equal(found[1, 0, 0, 3:, 0], [5, 6, 7])


@pytest.mark.parametrize(
    "given",
    [
        (LAYERS[0], None, LAYERS[2]),
        (None, None),
        ((None, None), (None, None)),
        SimpleNamespace(attentions=None),
        SimpleNamespace(attentions=(), cross_attentions=None),
        SimpleNamespace(attentions=(None,)),
    ],
)
def test_weights_that_a_fused_kernel_did_not_give_are_refused_with_what_is_due(tmp_path: Path, given: Any) -> None:
    with pytest.raises(ValueError, match=r'\A[^\n]*attn_implementation="eager"[^\n]*output_attentions=True[^\n]*\Z'):
        attn_tui.save(tmp_path / "c.npz", given)
    assert not (tmp_path / "c.npz").exists()


def test_queries_and_keys_with_all_that_is_beside_them_read_back(tmp_path: Path) -> None:
    query, key, value = (
        np.random.default_rng(at).normal(size=(2, heads, 4, 8)) for at, heads in ((1, 4), (2, 2), (3, 2))
    )
    attn_tui.save(
        tmp_path / "c.safetensors", query=Tensor(query, "bfloat16"), key=Tensor(key), value=list(value),
        mask=np.tri(4, dtype=np.bool_), is_causal=[False, True], scale=[0.25, 0.5],
        query_tokens=np.array(list("abcd")), key_tokens=Tensor([7, 8, 9, 10]),
    )  # fmt: skip
    with open_capture(tmp_path / "c.safetensors") as capture:
        (found,) = capture.sets
        assert found.num_key_heads == 2
        assert describe(capture).sets[0].holds == ("query", "key", "value", "mask", "is_causal", "scale")
        for given, read, near in zip((query, key, value), found.inputs(1), (2**-7, 1e-6, 1e-6), strict=True):
            assert read is not None
            np.testing.assert_allclose(read, given[1], rtol=near)
        assert found.scale(1) == 0.5
        assert (found.query_tokens(), found.key_tokens()) == (tuple("abcd"), ("7", "8", "9", "10"))


@pytest.mark.parametrize("name", ["c.npz", "c.safetensors"])
def test_bfloat16_stays_what_it_is_so_that_its_rounding_is_known(tmp_path: Path, name: str) -> None:
    every = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32).reshape(1, 2, 256, 128)
    attn_tui.save(tmp_path / name, (Tensor(every, "bfloat16"),), mask=Tensor(np.zeros((256, 128)), "bfloat16"))
    with open_capture(tmp_path / name) as capture:
        assert capture.sets[0].dtype == "bfloat16"
        np.testing.assert_array_equal(capture.sets[0].layer(0), every[0])
        allowed = capture.sets[0].mask(0)
        assert allowed is not None
        assert allowed.all()


def test_rows_of_bfloat16_that_sum_to_1_as_nearly_as_they_can_are_nothing_unusual(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(200), size=(2, 200)).astype(np.float32)
    assert "all rows sum to 1" in printed(Tensor(weights, "bfloat16"))
    assert "what if, to 0.39 %" in printed(Tensor(weights, "bfloat16"), temperature=2)


@pytest.mark.parametrize("tokens", ["abcd", 3.5, [None], [[1]]], ids=str)
def test_tokens_that_are_none_get_one_line(tmp_path: Path, tokens: Any) -> None:
    with pytest.raises(ValueError, match="tokens: a list of strings, one for each token, is due"):
        attn_tui.save(tmp_path / "c.npz", WEIGHTS, tokens=tokens)


# Without a terminal


def printed(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    attn_tui.print(*args, file=out, **options)
    return out.getvalue()


def test_print_shows_the_picture_of_a_head_with_its_tokens() -> None:
    text = printed(LAYERS, key_tokens=["a", "long", "way", "to", "go"], layer=2, head=1)
    assert "layer 2, head 1 of 2" in text
    assert all(word in text for word in ("long", "way", f"{WEIGHTS[2, 1, 0, 0]:.3f}", "all rows sum to 1"))
    assert "\x1b" not in text
    assert text.splitlines()[0].endswith("   attention.npz, layer 2, head 1 of 2")  # the file that is gone by its name


def test_the_command_is_printed_of_a_path_and_not_of_arrays_whose_file_is_gone(tmp_path: Path) -> None:
    path = attn_tui.save(tmp_path / "c.npz", LAYERS)
    of_path, of_arrays = printed(path, layer=1, head=1).splitlines(), printed(LAYERS, layer=1, head=1).splitlines()
    assert of_path[1] == f"attn-tui --file {path} --layer 1 --head 1"
    assert of_arrays[1:] == of_path[2:]
    assert "attn-tui --" not in printed(path, tokens=list("abcde"))  # whose file of tokens is gone as well
    assert printed(LAYERS, svg=True).count("attention.npz") == 1  # in the title


def test_print_takes_the_options_of_the_command_line() -> None:
    found = json.loads(printed(LAYERS, json=True, csv=False, layer=1))
    np.testing.assert_allclose(found["weights"], WEIGHTS[1, 0], rtol=1e-6)
    assert printed(LAYERS, query=3, top=2).count("\n") == 3
    masked = json.loads(printed(query=np.ones((1, 4, 8)), key=np.ones((1, 4, 8)), mask="causal", json=True))
    np.testing.assert_allclose(masked["weights"][1], [0.5, 0.5, 0, 0])
    causal = json.loads(printed(query=np.ones((1, 4, 8)), key=np.ones((1, 4, 8)), is_causal=True, json=True))
    assert causal["weights"] == masked["weights"]
    scaled = json.loads(printed(query=np.eye(4)[None], key=np.eye(4)[None], scale=0.25, json=True))
    assert scaled["scale"] == 0.25


def test_show_prints_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    attn_tui.show(LAYERS, layer=2, head=1, mouse=False)
    assert capsys.readouterr().out == printed(LAYERS, layer=2, head=1)


def test_a_path_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    for layer in LAYERS:
        attn_tui.save(path, layer)
        assert f"{layer.array[0, 0, 0]:.3f}" in printed(path, tokens=["a", "long", "way", "to", "go"])
    assert "long" in printed(path, tokens=["a", "long", "way", "to", "go"])
    with pytest.raises(ValueError, match="query: not possible beside the path of a capture"):
        printed(path, query=WEIGHTS)


def test_what_an_encoding_lacks_is_printed_as_its_nearest() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    attn_tui.print(LAYERS, tokens=["↑", "b", "c", "d", "e"], file=out)
    out.seek(0)
    assert "?" in out.read()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"layr": 3}, "--layr is no option or command here; do you mean --layer"),
        ({"layer": 3}, "--layer: 3 is not there; possible are 0 … 2"),
        ({"head": 2}, "--head: 2 is not a head; possible are 0 … 1"),
        ({"mask": "causal &"}, "--mask: "),
        ({"help": True}, "help is no option here"),
        ({"version": True}, "version is no option here"),
        ({"file": "x"}, "file is no option here"),
    ],
    ids=str,
)
def test_a_wrong_option_is_a_value_error_in_one_line(options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=f"{line}[^\n]*"):
        attn_tui.show(LAYERS, **options)


def test_nothing_of_a_look_stays_on_the_disk_also_after_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    printed(LAYERS)
    with pytest.raises(ValueError, match="not a head"):
        printed(LAYERS, head=9)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"attention": np.zeros(5)}, r'"attention" has the shape \[5\]; possible are \[queries, keys\], \[heads'),
        ({"attention": np.zeros((2,) * 6)}, r'"attention" has the shape \[2, 2, 2, 2, 2, 2\]; possible are'),
        ({"query": np.zeros(4), "key": np.zeros((2, 4))}, r'"query" has the shape \[4\]; possible are \[queries, d\]'),
        ({"attention": np.zeros((0, 5))}, r'"attention" \[0, 5\] has nothing in it'),
        ({"attention": [[WEIGHTS[0]], [WEIGHTS[0][..., :3]]]}, r'"attention.1.0" \[2, 4, 3\] does not follow'),
        ({"query": np.zeros((2, 3, 4))}, "query without key"),
        (QUERY_AND_KEY | {"mask": np.zeros(7, dtype=bool)}, r'"mask" \[7\] fits no picture'),
    ],
    ids=str,
)
@pytest.mark.parametrize("function", [attn_tui.print, attn_tui.show], ids=["print", "show"])
def test_arrays_that_make_no_attention_are_named_as_the_arguments_are(function: Any, given: Any, line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}") as caught:
        function(**given)
    assert "attn-tui-" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_capture_that_cannot_be_used_is_still_named_by_its_path(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros(5))
    with pytest.raises(ValueError, match=r'c\.npy": "array" \[5\]: possible are'):
        attn_tui.print(tmp_path / "c.npy")


def test_what_could_not_be_read_again_is_not_saved(tmp_path: Path) -> None:
    for name in ("attention", "query", "key", "value"):
        with pytest.raises(ValueError, match=f'"{name}" has the shape'):
            attn_tui.save(tmp_path / "c.npz", **{"attention": WEIGHTS, name: np.zeros(5)})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_importing_attn_tui_loads_nothing_until_a_name_is_used() -> None:
    told = "import sys, attn_tui; dir(attn_tui); print({'numpy', 'textual', 'attn_engine'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
    assert {"show", "print", "save", "record", "check"} <= {*dir(attn_tui)}
    with pytest.raises(AttributeError):
        attn_tui.shows  # noqa: B018
