"""Every known way to cheat a grader is tried by a submission or a test, and none is forgotten."""

import re

import pytest

from common import homework as homeworks
from staff.authoring.hostile import attacks
from tests.conftest import HOMEWORKS

ROOT = homeworks.ROOT
TABLE = ROOT / "staff" / "attacks" / "README.md"
ATTACKS = {attack.entry.slug for hw in HOMEWORKS for attack in attacks(hw)}

# The ways that others have used; the table may know more.
KNOWN = """
write or overwrite the results
exit with success after forging
exit at import
rewrite from atexit and finalizers
append to the program that still runs
a watcher that rewrites after the grader
steal a token through frames or environment
read the harness's environment in /proc
patch the test framework's results
patch pytest's reports or calls
patch builtins, json, pickle
hooks of a shared interpreter
an `__eq__` that lies
a `__class__` that lies
a tensor subclass that answers comparisons
NaN passes `not error > tolerance`
an empty result is close to everything
wrong dtype, device or graph
import the solution or read the reference
expected values in frames, objects, modules
read the parent's memory
compiled files and history of the solution
error texts that show hidden inputs
guess hashed tests
notice the grader and behave there
hand in another student's values
a checkpoint that runs code
a pickle sent to the grader
zip slip
links in an archive or folder
a zip bomb
an endless loop
signals ignored, exceptions swallowed
a call into C that keeps the interpreter
a fork bomb
a memory balloon
a flood of output
escape sequences and markup
forged lines of a report
a daemon left behind
modules that shadow the library
start-up files of Python
folder, environment, umask, warnings changed
torch's global settings changed
a cache from one check to the next
the network
hidden tests read off the score, bit by bit
names that only look alike
a file swapped between check and use
endless values, long numbers, deep JSON
a test that vanishes
a clock that stands still
modes, owners, times and attributes of the kit's files
a field of an uploaded text that ends the batch (`"score": NaN`)
names that are not UTF-8, folders without end, a member that may not be read
a text against a pattern that looks back without end
names in the manifest that the grader would open
a network that looks the held-out tasks up
a kit that lies among the system's files
short seeds, found from a worker's own inputs; answers of known seeds
findings that a probe makes beside student code are rewritten
a formula in a cell, also after signs that nobody sees and where a semicolon parts cells
folders and processes that outlive their check
"""


@pytest.fixture(scope="module")
def table():
    """way → (what stops it, who tries it)."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    assert all(len(row) == 3 for row in rows)
    return {way: (stops, re.findall(r"`([^`]+)`", by)) for way, stops, by in rows[1:]}


def test_every_known_way_is_tried_and_described(table):
    for way in KNOWN.strip().splitlines():
        stops, by = table[way]
        assert stops and by, way


def test_whoever_tries_it_exists_and_no_attack_is_left_out(table):
    named = {name for _, by in table.values() for name in by}
    tests = {name for name in named if "::" in name}
    for name in tests:
        file, _, function = name.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert f"def {function}(" in text, name
    assert named - tests == ATTACKS
