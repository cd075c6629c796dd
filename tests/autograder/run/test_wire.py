"""What may cross, crosses unchanged; what may not is refused."""

import json
import math
import struct

import numpy as np
import pytest
import torch

from autograder.run import wire


def there_and_back(value):
    return wire.unpack(wire.pack(value))


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "ü\n", [1, [2]], (1, "a"), {"a": [None], "$": 1}, 2**62]
)
def test_plain_values_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks(value):
    back = there_and_back([value])[0]
    assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3, 2), (1, 1, 4)])
def test_arrays_keep_dtype_shape_and_bits(dtype, shape):
    array = np.random.RandomState(0).normal(size=shape).astype(dtype)
    back = there_and_back({"a": array, "b": [array]})
    for one in (back["a"], back["b"][0]):
        assert one.dtype == array.dtype and one.shape == array.shape
        assert one.tobytes() == array.tobytes()
        assert one.kind == "numpy"


def test_tensors_say_that_they_are():
    value = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
    back = there_and_back(value)
    assert back.kind == "torch" and back.requires_grad
    assert back.shape == (3, 2) and (back == value.detach().numpy()).all()


class Liar(torch.Tensor):
    pass


class Text(str):
    pass


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1: 2},
        {2, 3},
        b"raw",
        2**70,
        Text("a"),
        torch.zeros(2).as_subclass(Liar),
        torch.zeros(2, dtype=torch.bfloat16),
        torch.eye(2).to_sparse(),
        np.array(["a"]),
        np.array([None]),
        lambda: 0,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_types_are_refused(value):
    with pytest.raises(wire.WireError):
        wire.pack(value)


def test_depth_and_size_have_ends():
    deep = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises(wire.WireError, match="deeper"):
        wire.pack(deep)
    with pytest.raises(wire.WireError, match="too large"):
        wire.pack(np.zeros(wire.MAX_FRAME // 8 + 1))
    with pytest.raises(wire.WireError):
        wire.frame_size(struct.pack(">QI", 2**40, 10))


def forged(tree, body=b""):
    header = json.dumps(tree).encode()
    return struct.pack(">QI", 12 + len(header) + len(body), len(header)) + header + body


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "numpy", "dtype": "float32", "shape": [4], "at": 0, "grad": False},
        {"$": "numpy", "dtype": "float32", "shape": [-1], "at": 0, "grad": False},
        {"$": "numpy", "dtype": "object", "shape": [1], "at": 0, "grad": False},
        {"$": "numpy", "dtype": "float32", "shape": [1], "at": -8, "grad": False},
        {"$": "numpy", "dtype": "float32", "shape": [2**40], "at": 0, "grad": False},
        {"$": "pickle", "is": 1},
        {"$": "float", "is": "1e999"},
        {"no": "mark"},
    ],
)
def test_forged_frames_are_refused(tree):
    with pytest.raises(wire.WireError):
        wire.unpack(forged(tree, b"1234"))


def test_a_frame_that_is_cut_off_is_refused():
    frame = wire.pack({"a": np.arange(10)})
    for end in (3, 12, 20, len(frame) - 1):
        with pytest.raises(wire.WireError):
            wire.unpack(frame[:end])
