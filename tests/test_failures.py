"""How attention fails: each case against the laws of the softmax, and against the healthy one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from attn_engine import Failure, FailureSettings, FieldError, ScoreMemory, bytes_text, failures
from tests import oracles


def cases(length: int = 10, seed: int = 0) -> dict[str, Failure]:
    return {case.name: case for case in failures(FailureSettings(length, seed))}


@pytest.mark.parametrize("length", [2, 10, 20])
@pytest.mark.parametrize("seed", range(5))
def test_each_way_to_fail_shows_in_the_weights_and_in_what_is_left_of_the_gradient(length: int, seed: int) -> None:
    found = cases(length, seed)
    uniform = math.sqrt(length - 1) / length
    healthy = found["healthy"]
    assert 0.5 < healthy.entropy / healthy.ceiling < 0.99
    for name in ("no scaling", "temperature too low"):
        assert found[name].weights.max() > 0.9
        assert found[name].entropy < 0.15 * healthy.ceiling
        assert found[name].jacobian < healthy.jacobian / 2
    hot, equal = found["temperature too high"], found["equal queries and keys"]
    assert hot.weights == pytest.approx(np.full(length, 1 / length), rel=0.1)
    assert hot.entropy == pytest.approx(math.log(length), rel=1e-3)
    assert set(equal.weights.tolist()) == {float(np.float32(1) / np.float32(length))}
    assert equal.entropy == pytest.approx(math.log(length), rel=1e-12)
    assert equal.jacobian == pytest.approx(uniform, rel=1e-12)


def test_the_figures_of_a_failure_are_those_of_its_weights() -> None:
    for case in failures(FailureSettings(7, 3))[:-1]:
        p = case.weights.astype(np.float64)
        assert case.ceiling == pytest.approx(math.log(7))
        assert case.entropy == pytest.approx(oracles.entropy(p.tolist()), abs=1e-5)
        assert case.jacobian == pytest.approx(float(np.linalg.norm(np.diag(p) - np.outer(p, p))), abs=1e-6)


def test_temperatures_fail_on_the_same_query_and_keys_as_the_healthy_case() -> None:
    found = cases(seed=4)
    logs = np.log(found["healthy"].weights.astype(np.float64))
    for name, temperature in (("temperature too low", 0.01), ("temperature too high", 50.0)):
        expected = oracles.softmax((logs / temperature).tolist(), [True] * 10)
        np.testing.assert_allclose(found[name].weights, expected, rtol=1e-4, atol=1e-40)


def test_a_sequence_too_long_is_about_memory_alone() -> None:
    long = cases()["sequence too long"]
    assert [(each.length, bytes_text(each.bytes)) for each in long.memory] == [
        (1024, "4.0 MiB"),
        (16_384, "1.0 GiB"),
        (131_072, "64.0 GiB"),
        (1_048_576, "4.0 TiB"),
    ]
    assert long.memory[0] == ScoreMemory(1024, np.zeros((1024, 1024), dtype=np.float32).nbytes)
    assert len(long.weights) == 0
    assert np.isnan([long.entropy, long.ceiling, long.jacobian]).all()


@pytest.mark.parametrize(("length", "seed", "field"), [(1, 0, "length"), (21, 0, "length"), (10, -1, "seed")])
def test_failures_of_too_many_keys_are_refused(length: int, seed: int, field: str) -> None:
    with pytest.raises(FieldError, match="possible are") as caught:
        failures(FailureSettings(length, seed))
    assert caught.value.field == field
