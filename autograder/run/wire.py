"""What may cross between the checks and the student's code: JSON and raw arrays, never pickle.

A message is one frame: its length (8 bytes), the length of its JSON header (4 bytes), the header,
then the bytes of all arrays end to end. The header holds a tree of plain values in which an array
is replaced by its kind (torch or numpy), dtype, shape and place among the bytes.

Both sides import this file, and only the worker has torch, so torch is never imported here: a
tensor is recognised by its exact type once the worker has loaded torch.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from typing import Any

import numpy as np

MAX_FRAME = 64 * 2**20  # bytes; a larger answer is refused before it is read
MAX_DEPTH = 20
DTYPES = frozenset(
    [
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ]
)
_PREFIX = struct.Struct(">QI")


class WireError(Exception):
    """A value that may not cross, or a frame that is not one of ours."""


class Received(np.ndarray):
    """An array that came over the wire; `kind` is "torch" or "numpy"."""

    kind = "numpy"
    requires_grad = False

    def __array_finalize__(self, source: object) -> None:
        self.kind = getattr(source, "kind", "numpy")
        self.requires_grad = getattr(source, "requires_grad", False)


def pack(message: Any) -> bytes:
    """Turn a tree of plain values and arrays into one frame.

    Raises:
        WireError: for a value of any other type (a subclass is another type), naming it.
    """
    blobs: list[bytes] = []
    header = json.dumps(_encode(message, blobs, 0), allow_nan=False).encode()
    body = b"".join(blobs)
    size = _PREFIX.size + len(header) + len(body)
    if size > MAX_FRAME:
        raise WireError(f"the answer is too large: {size / 2**20:.0f} MB, at most 64 MB may cross")
    return _PREFIX.pack(size, len(header)) + header + body


def unpack(frame: bytes, most: int = MAX_FRAME) -> Any:
    """Read a frame made by `pack`; arrays come back as `Received`.

    Args:
        frame: one whole frame.
        most: bytes that its header may have; parsing takes many times as much memory.

    Raises:
        WireError: when the frame is not well formed.
    """
    try:
        size, header_size = _PREFIX.unpack_from(frame)
        start = _PREFIX.size + header_size
        if size != len(frame) or start > size:
            raise WireError("an answer that cannot be read: a frame of the wrong length")
        if header_size > most:
            raise WireError(f"the answer is too large: {header_size / 2**20:.1f} MB beside arrays")
        tree = json.loads(frame[_PREFIX.size : start])
        return _decode(tree, memoryview(frame)[start:], 0)
    except (
        struct.error,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as error:
        raise WireError(f"an answer that cannot be read: {error}") from None


def frame_size(prefix: bytes) -> int:
    """The length of the whole frame, from its first bytes.

    Raises:
        WireError: when it is larger than any frame may be.
    """
    size, _ = _PREFIX.unpack(prefix)
    if not _PREFIX.size <= size <= MAX_FRAME:
        raise WireError(f"an answer that cannot be read: a frame of {size} bytes")
    return size


PREFIX_SIZE = _PREFIX.size


def _encode(value: Any, blobs: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        if abs(value) >= 2**63:
            raise WireError("an integer of more than 63 bits")
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$": "float", "is": repr(value)}
    if kind is list:
        return [_encode(item, blobs, depth + 1) for item in value]
    if kind is tuple:
        return {"$": "tuple", "is": [_encode(item, blobs, depth + 1) for item in value]}
    if kind is dict:
        if not all(type(key) is str for key in value):
            raise WireError("a dictionary whose keys are not all strings")
        return {
            "$": "dict",
            "is": {key: _encode(item, blobs, depth + 1) for key, item in value.items()},
        }
    array = _as_array(value)
    if array is None:
        raise WireError(f"a value of type {kind.__module__}.{kind.__qualname__}")
    data, origin, grad = array
    if data.dtype.name not in DTYPES:
        raise WireError(f"an array of dtype {data.dtype.name}")
    start = sum(map(len, blobs))
    blobs.append(data.tobytes())
    return {
        "$": origin,
        "dtype": data.dtype.name,
        "shape": list(data.shape),
        "at": start,
        "grad": grad,
    }


def _as_array(value: Any) -> tuple[np.ndarray, str, bool] | None:
    """(data, origin, requires_grad) of an exact tensor, array or numpy scalar; else None."""
    kind = type(value)
    if kind in (np.ndarray, Received):
        return (
            np.ascontiguousarray(value).reshape(value.shape),
            getattr(value, "kind", "numpy"),
            False,
        )
    if isinstance(value, np.generic) and kind.__module__ == "numpy":
        return np.asarray(value), "numpy", False
    torch = sys.modules.get("torch")
    if torch is None or kind not in (torch.Tensor, torch.nn.Parameter):
        return None
    if value.layout is not torch.strided:
        raise WireError("a sparse tensor")
    if value.dtype is torch.bfloat16:
        raise WireError("a tensor of dtype bfloat16")
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
    return plain.numpy(), "torch", bool(value.requires_grad)


def _decode(tree: Any, body: memoryview, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError("nested too deep")
    if isinstance(tree, list):
        return [_decode(item, body, depth + 1) for item in tree]
    if not isinstance(tree, dict):
        return tree
    match tree["$"]:
        case "float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[tree["is"]]
        case "tuple":
            return tuple(_decode(item, body, depth + 1) for item in tree["is"])
        case "dict":
            return {str(key): _decode(item, body, depth + 1) for key, item in tree["is"].items()}
        case "torch" | "numpy" as origin:
            return _decode_array(tree, body, origin)
    raise WireError(f"an unknown mark {tree['$']!r}")


def _decode_array(tree: dict, body: memoryview, origin: str) -> Received:
    if tree["dtype"] not in DTYPES:
        raise WireError(f"an array of dtype {tree['dtype']!r}")
    dtype = np.dtype(tree["dtype"])
    shape = tuple(tree["shape"])
    if len(shape) > 16 or not all(type(side) is int and side >= 0 for side in shape):
        raise WireError(f"an array of shape {shape!r}")
    count = math.prod(shape)
    start = tree["at"]
    if type(start) is not int or start < 0 or start + count * dtype.itemsize > len(body):
        raise WireError("an array that ends outside its frame")
    data = np.frombuffer(body, dtype, count, start).reshape(shape).copy().view(Received)
    data.kind, data.requires_grad = origin, bool(tree["grad"])
    return data
