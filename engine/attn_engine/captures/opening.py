"""A capture: a file of real attention, opened by its headers alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .assembly import roles_of, sets_of
from .disk import Disk, told
from .formats import Contents, contents
from .memory import memory_budget
from .sets import CaptureSet
from .stored import Store, StoredArray
from .tokens import Rows, TokenSource, tokens_in, tokens_of


@dataclass(frozen=True, eq=False)
class Capture:
    """An open file and the sets of attention in it. It is closed with `close`, at the end of a `with`, or when dropped.

    `notes` says in words what was left out, and why.
    """

    path: str
    format: str
    arrays: tuple[StoredArray, ...]
    sets: tuple[CaptureSet, ...]
    notes: tuple[str, ...]
    disk: Disk

    def changed(self) -> str:
        """What happened to the file at this path since it was opened, in words; nothing, where it is the same."""
        return self.disk.changed()

    def close(self) -> None:
        """Close the file: nothing more can be read."""
        self.disk.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_capture(
    path: str | Path,
    *,
    tokens: TokenSource | None = None,
    query_tokens: TokenSource | None = None,
    key_tokens: TokenSource | None = None,
    memory: int | None = None,
) -> Capture:
    """The attention in a .npy, .npz or .safetensors file, told apart by their contents; `-` is standard input.

    Weights are [queries, keys], [heads, …], [layers, heads, …] or [layers, batch, heads, …], or one array for each
    layer (`attention.0`, `layer_3`, `decoder_attentions.0`), or for each step of generate() and layer
    (`attentions.STEP.LAYER`). Beside them or instead: `query`, `key`, `value`, `mask`, `scale`, `tokens`.
    Tokens are those of the file, or of a .json or .txt file, or a list of strings. `memory` is the most bytes that
    are held at once (a quarter of those available). Raises CaptureError, in one line, for whatever is wrong.
    """
    with told(str(path)):
        disk = Disk(path)
    try:
        given = _given(tokens, query_tokens, key_tokens)
        with told(str(path)):
            store = Store(disk, memory_budget() if memory is None else memory)
            return _capture(store, contents(disk), given)
    except BaseException:
        disk.close()
        raise


def _given(both: TokenSource | None, query: TokenSource | None, key: TokenSource | None) -> dict[str, Rows]:
    """Tokens from outside the file, those for one side over those for both."""
    found: dict[str, Rows] = {}
    for source, name in ((both, "tokens"), (query, "query_tokens"), (key, "key_tokens")):
        if source is None:
            continue
        read = tokens_of(source, name)
        found |= read if name == "tokens" else {name: read.get(name) or read.get("tokens") or next(iter(read.values()))}
    return found


def _capture(store: Store, found: Contents, given: dict[str, Rows]) -> Capture:
    roles = roles_of(found.arrays)
    table, unread = tokens_in(store, roles.tokens(), found.texts)
    if "tokens" in given:
        table = {}  # the file's are of no use beside others for both sides
    sets, notes = sets_of(roles, store, table | given)
    disk = store.disk
    return Capture(disk.path, found.format, found.arrays, tuple(sets), (*notes, *unread), disk)
