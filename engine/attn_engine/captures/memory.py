"""How much memory may be used: what is free, within the limits of a container."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

SHARE = 4
LEAST = 2**25
UNKNOWN = 2**30


def memory_budget(root: Path = Path("/")) -> int:
    """Bytes that one capture may take: a quarter of the memory that is available, and 32 MiB in any case."""
    return max(LEAST, available_memory(root) // SHARE)


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still take: the least of what the system, its control groups and its limits leave.

    Read from /proc/meminfo and the files of control groups, versions 2 and 1, below `root`; elsewhere it is half of
    the memory there is, or 1 GiB where that is unknown.
    """
    left = [*_of_system(root), *_of_groups(root), *_of_process(root)]
    return max(0, min(left)) if left else _half_of_all()


def _of_system(root: Path) -> Iterator[int]:
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    if found:
        yield int(found[1]) * 1024


def _of_groups(root: Path) -> Iterator[int]:
    """What each control group of this process, and each one around it, leaves."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not controllers:
            yield from _left(root / "sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _left(root / "sys/fs/cgroup/memory", path, *names)


def _of_process(root: Path) -> Iterator[int]:
    """What the limit of the address space leaves (`ulimit -v`)."""
    try:
        import resource
    except ImportError:
        return
    used = _text(root / "proc/self/statm").split(" ")[0]
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY and used.isdecimal():
        yield most - int(used) * resource.getpagesize()


def _left(mount: Path, path: str, limit: str, usage: str, inactive: str) -> Iterator[int]:
    inside = PurePosixPath(path.lstrip("/"))
    for group in [inside, *inside.parents]:
        if ".." in group.parts:
            continue  # a group outside of the container's view
        most, used = _number(mount / group / limit), _number(mount / group / usage)
        if most is not None and used is not None:
            yield most - used + _cached(mount / group / "memory.stat", inactive)


def _cached(statistics: Path, name: str) -> int:
    """Bytes of files that are counted as used and given back when they are needed."""
    found = re.search(rf"^{name} (\d+)$", _text(statistics), re.MULTILINE)
    return int(found[1]) if found else 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None  # "max": no limit


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def _half_of_all() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return UNKNOWN
