"""A device without float64, as Apple's MPS is: nothing that trains there makes such a tensor.

No such device can be had here. In its place every operation of torch is watched: one that gives float64
is refused, but for a value that the same line has brought to the CPU before.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Run before a training; Python imports it too, under the name `sitecustomize`, in processes that
# the training starts.
WATCH = """
import linecache, os, sys
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves



def line_of_ours():
    frame = sys._getframe(2)
    while frame and not any(f"/{part}/" in frame.f_code.co_filename for part in ("common", "hw0", "hw1", "hw2", "hw3")):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)

class NoFloat64(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given = function(*args, **(kwargs or {}))
        if any(isinstance(leaf, torch.Tensor) and leaf.dtype == torch.float64 for leaf in tree_leaves(given)):
            file, line = line_of_ours()
            if ".cpu()" not in linecache.getline(file, line):
                raise TypeError(f"this device has no float64: {function} in {file}, line {line}")
        return given

NoFloat64().__enter__()
"""

# MPS seems to be there: the one tensor that is made to try it is made. Any other one there fails.
FAKE_MPS = """
import torch
zeros = torch.zeros

def on_the_cpu(*size, device=None, **more):
    return zeros(*size, **more) if size == (1,) and str(device) == "mps" else zeros(*size, device=device, **more)

torch.zeros = on_the_cpu
"""


@pytest.fixture
def train_on(train, tmp_path):
    """Train with the solutions on a device: train_on(device, homework, *options)."""

    def run(device, hw, *options):
        (tmp_path / "sitecustomize.py").write_text(device)
        given = ("--tiny", "--no-check", "--out", tmp_path / "run")
        return train(hw, *options, *given, before=device, PYTHONPATH=str(tmp_path))

    return run


@pytest.mark.parametrize(
    "training",
    [
        ["hw0"],
        ["hw1"],
        ["hw2"],
        *(
            ["hw3", "--experiment", name]
            for name in ("shifts", "probe-then-tune", "stars", "orders")
        ),
    ],
    ids=" ".join,
)
def test_a_training_makes_no_float64(training, train_on):
    done = train_on(WATCH, *training)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]


@pytest.mark.parametrize("hw", ["hw3", "hw4"])  # HW4 computes in float64, for its exact answers
def test_what_trains_on_the_cpu_stays_there_whatever_is_asked(hw, train_on):
    done = train_on(FAKE_MPS, hw, "--device", "mps")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert "the CPU is the fastest device; it is used" in done.stdout


def test_the_device_refuses(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    code = "import torch; torch.ones(2).half(); print('half'); torch.ones(2).double()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == "half\n"
    assert "this device has no float64" in done.stderr
