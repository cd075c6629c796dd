"""A device without float64, as Apple's MPS is: nothing that trains there makes such a tensor.

No such device can be had here. In its place every operation of torch is watched: one that gives float64
is refused, but for a value that the same line has brought to the CPU before.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from common.homework import ROOT

# Python imports a module of this name when it starts, here and in the processes that are started.
WATCH = """
import linecache, os, sys
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves



def line_of_ours():
    frame = sys._getframe(2)
    while frame and not any(f"/{part}/" in frame.f_code.co_filename for part in ("common", "hw0", "hw1", "hw2")):
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


@pytest.fixture
def start(tmp_path):
    """Run a module of the kit on the device without float64."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)

    def run(*words):
        env = os.environ | {"PYTHONPATH": str(tmp_path), "KIT_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=ROOT,
            env=env,
            text=True,
            capture_output=True,
            timeout=600,
            check=False,
        )

    return run


@pytest.mark.parametrize("hw", ["hw0", "hw1", "hw2"])  # the others train on the CPU
def test_a_training_makes_no_float64(hw, start, tmp_path):
    done = start("-m", "staff", "train", hw, "--tiny", "--no-check", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]


def test_the_device_refuses(start):
    refused = start("-c", "import torch; torch.ones(2).double()")
    assert refused.returncode == 1 and "this device has no float64" in refused.stderr
    assert start("-c", "import torch; torch.ones(2).half()").returncode == 0
