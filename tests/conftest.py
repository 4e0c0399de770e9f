"""What several tests need."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

os.environ["XDG_CONFIG_HOME"] = "/nowhere"  # whatever settings the person has who runs the tests

# How long an example takes depends on what else the machine does.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment that changes what is drawn, nor a machine so busy that a search is cut short."""
    monkeypatch.setattr("attn_tui.moves.cursor.SECONDS", 60.0)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "COLORFGBG", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("TEXTUAL_") and "SNAPSHOT" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay until the end: they are not looked through again at every collection."""
    gc.collect()
    gc.freeze()
