"""How much memory may be used, within the limits of a container, from made-up system files."""

from __future__ import annotations

from pathlib import Path

import pytest

from attn_engine import memory_budget
from attn_engine.captures.memory import available_memory

MIB = 2**20


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system with 8 GiB available, and no control groups."""
    put(tmp_path, "proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\n")
    return tmp_path


def put(root: Path, name: str, text: str | int) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(f"{text}\n")


def group(root: Path, folder: str, most: str | int, used: int, cached: int = 0) -> None:
    """A control group of version 2."""
    put(root, f"sys/fs/cgroup/{folder}/memory.max", most)
    put(root, f"sys/fs/cgroup/{folder}/memory.current", used)
    put(root, f"sys/fs/cgroup/{folder}/memory.stat", f"anon 5\ninactive_file {cached}\nactive_file 7")


def test_a_quarter_of_what_the_system_has_available(system: Path) -> None:
    assert available_memory(system) == 8 * 2**30
    assert memory_budget(system) == 2 * 2**30


def test_the_limit_of_a_container_counts_less_what_is_used(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/")
    group(system, "", 1024 * MIB, 300 * MIB)
    assert available_memory(system) == 724 * MIB


def test_files_that_are_cached_are_given_back_when_they_are_needed(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/")
    group(system, "", 1024 * MIB, 1000 * MIB, cached=600 * MIB)
    assert available_memory(system) == 624 * MIB


def test_a_group_without_a_limit_leaves_what_the_system_has(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/user.slice")
    group(system, "user.slice", "max", 300 * MIB)
    assert available_memory(system) == 8 * 2**30


def test_the_narrowest_of_the_groups_around_counts(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/jobs/17/step")
    group(system, "jobs/17/step", "max", 10 * MIB)
    group(system, "jobs/17", 2048 * MIB, 48 * MIB)
    group(system, "jobs", 4096 * MIB, 96 * MIB)
    assert available_memory(system) == 2000 * MIB


def test_the_first_version_of_control_groups_is_read_too(system: Path) -> None:
    put(system, "proc/self/cgroup", "5:cpu:/other\n4:memory:/docker/abc\n")
    for folder, most in (("docker/abc", 512 * MIB), ("", 2**63 - 4096)):
        put(system, f"sys/fs/cgroup/memory/{folder}/memory.limit_in_bytes", most)
        put(system, f"sys/fs/cgroup/memory/{folder}/memory.usage_in_bytes", 100 * MIB)
    put(system, "sys/fs/cgroup/memory/docker/abc/memory.stat", f"cache 3\ntotal_inactive_file {20 * MIB}")
    assert available_memory(system) == 432 * MIB


def test_a_group_outside_of_what_a_container_sees_is_looked_for_no_further(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/../../etc")
    put(system, "sys/memory.max", 5)
    put(system, "sys/memory.current", 1)
    assert available_memory(system) == 8 * 2**30


@pytest.mark.parametrize("text", ["", "0::", "nonsense", "0::/a\0b", "\udcff"])
def test_system_files_that_make_no_sense_are_left_aside(system: Path, text: str) -> None:
    (system / "proc/self").mkdir()
    (system / "proc/self/cgroup").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert available_memory(system) == 8 * 2**30


def test_without_system_files_it_is_part_of_the_memory_there_is(tmp_path: Path) -> None:
    assert available_memory(tmp_path) > MIB


def test_a_full_container_still_leaves_room_for_a_small_picture(system: Path) -> None:
    put(system, "proc/self/cgroup", "0::/")
    group(system, "", 100 * MIB, 120 * MIB)
    assert available_memory(system) == 0
    assert memory_budget(system) == 32 * MIB


def test_this_system_has_some() -> None:
    assert memory_budget() >= 32 * MIB
