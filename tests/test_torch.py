"""attn_tui with real torch and transformers, where they are installed: recipes, and recordings against eager."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import Experiment, close_files, open_capture, run
from attn_tui.arrays import as_numpy

torch: Any = pytest.importorskip("torch")
DOCS = Path(__file__).parents[1] / "docs" / "captures.md"


def tiny(kind: str, how: str, **more: Any) -> Any:
    """A small model of transformers with random weights."""
    transformers: Any = pytest.importorskip("transformers")
    sizes = {
        "num_hidden_layers": 4, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 32,
        "vocab_size": 60, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**sizes | more)
    name = f"{kind}ForCausalLM" if kind == "Llama" else f"{kind}Model"
    return getattr(transformers, name)._from_config(copy.deepcopy(config), attn_implementation=how).eval()


def weights(path: Path, layer: int, batch: int = 0) -> Any:
    close_files()
    return run(Experiment(source="file", file=str(path), layer=layer, batch_item=batch)).weights


@pytest.mark.parametrize(
    "name", ["float64", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "bool", "int64", "uint8"]
)
def test_every_type_becomes_the_same_numbers(name: str) -> None:
    tensor = (torch.rand(2, 3, 4) * 3).to(getattr(torch, name)).transpose(1, 2)
    assert np.array_equal(as_numpy(tensor).astype(np.float32), tensor.float().numpy())


def test_bfloat16_reads_back_bit_for_bit_as_bfloat16(tmp_path: Path) -> None:
    tensor = torch.rand(2, 3, 5, 7).to(torch.bfloat16).transpose(2, 3)
    with open_capture(attn_tui.save(tmp_path / "b.npz", tensor)) as capture:
        assert capture.sets[0].dtype == "bfloat16"
        for layer in range(2):
            assert np.array_equal(capture.sets[0].layer(layer), tensor[layer].float().numpy())


def test_a_tensor_that_requires_a_gradient_is_taken_and_one_without_numbers_gets_a_line() -> None:
    assert as_numpy(torch.rand(2, 2, requires_grad=True)).shape == (2, 2)
    for tensor in (torch.rand(2, 2, device="meta"), torch.rand(2, 2).to_sparse(), torch.rand(2, dtype=torch.complex64)):
        with pytest.raises(ValueError, match=r"\Aattention: [^\n]*\Z"):
            as_numpy(tensor)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("kind", "more"), [("Llama", {"num_key_value_heads": 2}), ("GPT2", {}), ("Bert", {})])
def test_recorded_weights_equal_the_eager_ones(tmp_path: Path, kind: str, more: dict[str, Any], padded: bool) -> None:
    fused, eager = tiny(kind, "sdpa", **more), tiny(kind, "eager", **more)
    eager.load_state_dict(fused.state_dict())
    inputs = {"input_ids": torch.randint(3, 60, (2, 9)), "attention_mask": torch.ones(2, 9, dtype=torch.long)}
    if padded:
        inputs["attention_mask"][0, -3:] = 0
    with torch.no_grad():
        with attn_tui.record(fused, path=tmp_path / "r.npz") as recording:
            fused(**inputs)
        due = eager(**inputs, output_attentions=True).attentions
    assert recording.layers == (0, 1, 2, 3)
    for layer, expected in enumerate(due):
        for batch in range(2):
            assert np.abs(weights(tmp_path / "r.npz", layer, batch) - expected[batch].numpy()).max() < 5e-6


def test_a_bias_that_is_added_to_the_scores_is_in_the_weights(tmp_path: Path) -> None:
    q, k = torch.randn(1, 4, 6, 8), torch.randn(1, 4, 6, 8)
    bias = torch.randn(1, 4, 6, 6)
    with attn_tui.record(path=tmp_path / "r.npz"):
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, torch.eye(6).expand(1, 4, 6, 6), attn_mask=bias)
    assert np.abs(weights(tmp_path / "r.npz", 0) - mixed[0].numpy()).max() < 5e-6


@pytest.mark.parametrize(("keep", "lengths"), [("first", (5, 5)), ("last", (1, 8))])
def test_the_prompts_pass_or_the_last_is_kept_of_generate(keep: Any, lengths: tuple[int, int]) -> None:
    model = tiny("Llama", "sdpa")
    with attn_tui.record(model, keep=keep) as recording:
        model.generate(torch.randint(3, 60, (1, 5)), max_new_tokens=4, min_new_tokens=4, do_sample=False)
    held = recording.arrays()
    assert (held["query.0"].shape[2], held["key.0"].shape[2]) == lengths


def test_what_generate_hands_out_is_stitched(tmp_path: Path) -> None:
    made = tiny("Llama", "eager").generate(
        torch.randint(3, 60, (1, 5)), max_new_tokens=4, min_new_tokens=4, do_sample=False,
        output_attentions=True, return_dict_in_generate=True,
    )  # fmt: skip
    with open_capture(attn_tui.save(tmp_path / "g.npz", made)) as capture:
        (found,) = capture.sets
        assert (found.num_layers, found.query_length, found.key_length, found.prompt_length) == (4, 8, 8, 5)
        np.testing.assert_array_equal(found.rows(2, 1, 7, 8)[0], made.attentions[3][2][0, 1, 0].numpy())


def test_layers_of_torchs_own_are_heard_but_for_the_fast_path() -> None:
    layer = torch.nn.TransformerEncoderLayer(16, 4, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 2)
    with attn_tui.record(encoder) as recording:
        encoder(torch.rand(1, 5, 16))
    assert recording.layers == (0, 1)
    with pytest.warns(UserWarning, match="no call"), attn_tui.record(encoder.eval()), torch.no_grad():
        encoder(torch.rand(1, 5, 16))


class Tokenizer:
    """As far as the recipes use one: a word is a token."""

    def __call__(self, text: str, return_tensors: str) -> dict[str, Any]:
        self.words = text.split()
        return {"input_ids": torch.arange(3, 3 + len(self.words))[None]}

    def convert_ids_to_tokens(self, ids: Any) -> list[str]:
        return [self.words[at - 3] for at in ids.tolist()]


def test_the_recipes_of_the_documentation_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    there: dict[str, Any] = {"model": tiny("Llama", "sdpa"), "tokenizer": Tokenizer()}
    recipes = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    for recipe in recipes:
        exec(recipe, there)
    found = {}
    for name in ("weights.npz", "recorded.npz", "layer.npz", "weights.npy", "capture.npz"):
        with open_capture(name) as capture:
            (one,) = capture.sets
            found[name] = (one.num_layers, one.num_heads, one.query_length, len(one.query_tokens()))
    assert found == {
        "weights.npz": (4, 4, 11, 11), "recorded.npz": (4, 4, 11, 11), "layer.npz": (1, 8, 20, 0),
        "weights.npy": (12, 8, 20, 0), "capture.npz": (12, 8, 20, 20),
    }  # fmt: skip
    assert np.abs(weights(Path("recorded.npz"), 3) - weights(Path("weights.npz"), 3)).max() < 5e-6
    assert "layer 1, head 2 of 4" in (out := capsys.readouterr().out)
    assert "query 3" in out
