"""Arrays of other libraries as NumPy's, without loading the library that they are from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NOT_IN_NUMPY = ("bfloat", "float8")
"""Types that become float32 on the way, which holds each of their numbers."""


def as_numpy(given: Any, name: str = "attention") -> Array:
    """The numbers of a NumPy array, a torch tensor (any device and type, also one that requires a gradient), whatever
    has `__array__` or `__dlpack__`, or nested lists; bfloat16 and float8 as float32.

    The memory may be shared with what is given. Raises ValueError, in one line, where there are no numbers.
    """
    try:
        array = _converted(given)
    except MemoryError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{name}: no array can be made of {_kind(given)}: {why}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: {_kind(given)} holds {array.dtype}: numbers, or true and false, are due")
    return array


def as_stored(given: Any, name: str = "attention") -> Array:
    """The same for a capture, which keeps bfloat16 as it is: two bytes of no type, the upper halves of float32.

    So a file tells how exact its numbers are. Raises as `as_numpy`.
    """
    array = as_numpy(given, name)
    if not str(getattr(given, "dtype", "")).endswith("bfloat16"):
        return array
    return (np.ascontiguousarray(array, "<f4").view("<u4") >> 16).astype("<u2").view("V2").reshape(array.shape)


def is_array(given: Any) -> bool:
    """Whether something is an array of some library."""
    return any(hasattr(given, name) for name in ("__array__", "__dlpack__", "detach"))


def is_matrix(given: Any) -> bool:
    """Whether something is an array with rows and columns."""
    return is_array(given) and len(getattr(given, "shape", ())) > 1


def _converted(given: Any) -> Array:
    if hasattr(given, "detach") and hasattr(given, "cpu"):
        return _of_tensor(given)
    if hasattr(given, "__array__"):
        return _plain(np.asarray(given))
    if hasattr(given, "__dlpack__"):
        return _plain(_of_dlpack(given))
    if isinstance(given, list | tuple):
        return np.asarray([_converted(each) if is_array(each) else each for each in given])
    return np.asarray(given)


def _of_tensor(tensor: Any) -> Array:
    """Of a torch tensor, or what has its methods."""
    plain = tensor.detach().cpu()
    name = str(plain.dtype).rpartition(".")[2]
    return np.asarray((plain.float() if name.startswith(NOT_IN_NUMPY) else plain).numpy())


def _of_dlpack(given: Any) -> Array:
    try:
        return np.from_dlpack(given)
    except (BufferError, RuntimeError, TypeError, ValueError):
        return np.from_dlpack(given, device="cpu")  # it lies elsewhere, and can be fetched


def _plain(array: Array) -> Array:
    """With NumPy's own types: ml_dtypes, which JAX uses, adds others."""
    return array.astype(np.float32) if array.dtype.name.startswith(NOT_IN_NUMPY) else array


def _kind(given: Any) -> str:
    kind = type(given)
    place = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{place}{kind.__qualname__}"[:80]
