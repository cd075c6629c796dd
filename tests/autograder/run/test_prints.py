"""What a student prints is shown with the verdict, however checks are kept apart."""

import subprocess
import sys

import pytest

from autograder.run.launch import isolation_of_this_system
from common.homework import ROOT

WAYS = {"spawn": ("--isolation", "spawn"), "in-process": ("--in-process",)}
if isolation_of_this_system() == "fork":
    WAYS["fork"] = ("--isolation", "fork")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_prints_are_shown_without_a_flush(way, solved):
    folder = solved(
        "hw1",
        "mann.py",
        "\n\nown_loss = mann_loss\n\n\ndef mann_loss(logits, labels):\n"
        "    print('seen', tuple(logits.shape))\n    return own_loss(logits, labels)\n",
    )
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "hw1", "--problem", "2b", "--plain",
         "--submission", str(folder), *way],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.partition("It printed:")[2]
    assert "seen (" in shown, done.stdout + done.stderr
