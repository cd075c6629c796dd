"""Ctrl-C, whenever it comes: grading ends as interrupted, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace

import pytest

from autograder import engine, planning
from autograder.run import clearing, launch
from common import homework as homeworks
from common import interrupts


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def heard():
    """A job in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_waits_until_the_block_is_over():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.hold_signals():  # noqa: PT012  # raised at its end
        with interrupts.hold_signals():
            ctrl_c()
            done.append("inside")
        done.append("after the inner block")
    assert done == ["inside", "after the inner block"]
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()
    with interrupts.hold_signals():
        pass


def test_another_thread_holds_nothing():
    before, seen = signal.getsignal(signal.SIGINT), []

    def look():
        with interrupts.hold_signals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_a_worker_closed_under_an_interrupt_leaves_no_folder(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    worker = launch.start(kind, ())
    assert any(tmp_path.iterdir())

    def interrupted(*args, remove=clearing.remove):
        ctrl_c()
        remove(*args)

    monkeypatch.setattr(f"autograder.run.{kind}.remove", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.close()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_an_interrupt_while_a_worker_starts_leaves_no_folder(kind, tmp_path):
    code = (
        "import os, signal, tempfile\n"
        "from autograder.run import launch\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def made(*args, make=tempfile.mkdtemp, **options):\n"
        "    folder = make(*args, **options)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return folder\n"
        "tempfile.mkdtemp = made\n"
        f"launch.start({kind!r}, ())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=homeworks.ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == -signal.SIGINT and "KeyboardInterrupt" in done.stderr
    assert not any(tmp_path.iterdir())


def test_the_folder_of_a_grading_is_removed_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove = tempfile.TemporaryDirectory.cleanup
    monkeypatch.setattr(
        tempfile.TemporaryDirectory, "cleanup", lambda self: (ctrl_c(), remove(self))
    )
    with pytest.raises(KeyboardInterrupt), engine.scratch_folder() as folder:
        (folder / "file").touch()
    assert not any(tmp_path.iterdir())


def test_an_interrupt_while_checks_are_collected_is_one(tmp_path):
    """Whoever hears it first: here a file of checks, as pytest does in some of its corners."""
    folder = tmp_path / "autograder" / "checks" / "hw1"
    shutil.copytree(homeworks.load("hw1").checks, folder)
    shutil.copy(homeworks.load("hw1").checks.parent / "pytest.ini", folder.parent)
    (folder / "test_aside.py").write_text(
        "import os, signal\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.getpid()\n"
        "except KeyboardInterrupt:\n"
        "    pass\n"
    )
    homework = replace(homeworks.load("hw1"), root=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        planning.collect(homework)
