"""Folders of hostile contents are removed whole, and nothing beside them changes."""

import os
import subprocess
import sys

import pytest

from autograder.run import clearing


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_deep_closed_tree_is_removed(scratch):
    here = os.open(".", os.O_RDONLY)
    os.chdir(scratch)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.fchdir(here)
    os.close(here)
    closed = scratch / "closed"
    (closed / "inner").mkdir(parents=True)
    (closed / "inner" / "file").write_text("x")
    (closed / "inner").chmod(0)
    closed.chmod(0)
    clearing.clear(str(scratch))
    assert not scratch.exists()


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="a system without O_PATH")
def test_what_a_link_points_to_stays_as_it_was(scratch, tmp_path):
    other = tmp_path / "other"
    other.mkdir(mode=0o750)
    (other / "kept").write_text("x")
    before = other.stat().st_mode
    (scratch / "link").symlink_to(other)
    with pytest.raises(OSError):  # noqa: PT011  # systems differ in the number
        clearing.open_up(str(scratch / "link"))
    clearing.clear(str(scratch))
    assert not scratch.exists() and other.stat().st_mode == before and (other / "kept").exists()


def test_what_still_writes_is_waited_for(scratch):
    code = "import sys, time, pathlib\nfor n in range(40):\n pathlib.Path(sys.argv[1], str(n)).write_text('x'); time.sleep(0.01)"
    with subprocess.Popen([sys.executable, "-c", code, str(scratch)], stderr=subprocess.DEVNULL):
        clearing.remove(str(scratch))
    assert not scratch.exists()
