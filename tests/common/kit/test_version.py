"""`--version`: every command says the same, and reads little for it."""

import contextlib
import subprocess
import sys

import pytest

from common import homework as homeworks
from common.kit.version import kit_version
from staff.__main__ import COMMANDS, OWN_OPTIONS, main
from tests.conftest import HOMEWORKS

STUDENTS = (
    "autograder",
    "autograder submit",
    "autograder doctor",
    "autograder explain",
    "common.compare",
    "common.data",
    "common.diagnose",
    "common.experiments",
    "common.report",
    "hw3.pretrain",
    *(f"{name}.train" for name in HOMEWORKS),
)


@pytest.mark.parametrize("command", [*STUDENTS, "staff", "staff train hw1"])
def test_a_command_says_the_version(command):
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--version"],
        cwd=homeworks.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"meta-learning-homework {kit_version()}\n"


@pytest.mark.parametrize("command", [*COMMANDS, *OWN_OPTIONS, "train"])
def test_a_command_of_the_staff_says_it_too(command, capfd):
    with contextlib.suppress(SystemExit):
        main([command, "--version"])
    assert capfd.readouterr().out == f"meta-learning-homework {kit_version()}\n"


def test_a_tree_without_a_version_has_none(tmp_path):
    assert kit_version(tmp_path) == ""
