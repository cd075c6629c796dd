"""Every hostile submission earns nothing by it, and harms nothing."""

import hashlib
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import engine
from autograder.context import CheckContext
from autograder.planning import plan
from autograder.run.fork import ForkWorker
from autograder.run.launch import isolation_of_this_system
from autograder.run.overlay import overlay
from common import homework as homeworks
from staff.authoring.hostile import LEFT, STOLEN, attacks, submission
from tests.conftest import HOMEWORKS, known

ROOT = homeworks.ROOT
ATTACKS = [attack for hw in HOMEWORKS for attack in attacks(hw)]
EVERY = 15  # attacks, one is tried with a syntax error at its end; 1 tries them all
BROKEN = [one for n, one in enumerate(ATTACKS) if one.at_import or n % EVERY == 0]
SLEEPER = b"4711.4711"  # an argument of every process that an attack starts
LEVELS = {
    "all layers": (),
    "as in a container": ("namespaces",),
}
COMMON_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock")

pytestmark = pytest.mark.skipif(isolation_of_this_system() != "fork", reason="needs fork")


@pytest.fixture(scope="module", params=LEVELS.values(), ids=LEVELS)
def guarded(request):
    """A warm worker with some layers of the sandbox, in a parent that has a secret to keep."""
    preload = {name for hw in HOMEWORKS for name in homeworks.load(hw).preload}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_TOKEN", f"{LEFT}-token")
        with ForkWorker(tuple(sorted(preload)), without=request.param) as worker:
            yield worker


def processes(worker):
    """What runs and is ours: the worker, its descendants, and whoever has escaped from them."""
    parents, found = {}, set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            command = (process / "cmdline").read_bytes() if parent == 1 else b""
        except OSError:
            continue
        parents[int(process.name)] = parent
        if SLEEPER in command or b"/worker.py\0fork" in command:
            found.add(int(process.name))
    family = {worker.process.pid}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return found | family


def new_processes(worker, before):
    """What runs now and did not before; a worker of another test may take a moment to end."""
    deadline = time.monotonic() + 15
    while (new := processes(worker) - before) and time.monotonic() < deadline:
        time.sleep(0.2)
    return new


def left():
    """Files, sockets and shared memory with the attacks' name."""
    files = [str(p) for place in COMMON_PLACES for p in Path(place).glob(f"*{LEFT}*")]
    sockets = [line for line in Path("/proc/net/unix").read_text().splitlines() if LEFT in line]
    segments = [
        s
        for s in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
        if int(s.split()[0]) == 0x4711
    ]
    return files + sockets + segments


def fingerprint(homework):
    """Of everything that decides about a homework's points."""
    total = hashlib.sha256()
    parts = ("", "judge", "report", "run", "checks", f"checks/{homework}")
    for path in sorted(p for part in parts for p in (ROOT / "autograder" / part).glob("*.*")):
        total.update(str(path).encode() + path.read_bytes())
    return total.hexdigest()


class Context(CheckContext):
    """A context in which the attacked checks have a time limit of their own.

    Args:
        attacked: the ids of these checks.
        limit: theirs, in seconds.
    """

    def __init__(self, *given, attacked, limit):
        super().__init__(*given)
        short = replace(self.homework, time_limit=limit)
        self.attacked, self.of_attacked = attacked, CheckContext(short, *given[1:])

    def fixtures(self, check, keep_changes=False):
        if check in self.attacked:
            return self.of_attacked.fixtures(check, keep_changes)
        return super().fixtures(check, keep_changes)


def rows_of(attack, worker, place, appended=""):
    """The rows of the attacked problem, and of one that was not attacked; how many are the former.

    Args:
        appended: a text at the end of the attack's file.
    """
    homework = replace(homeworks.load(attack.entry.homework), time_limit=20)
    (place / "submission").mkdir()
    folder = submission(attack, place / "submission")
    with (folder / attack.entry.file).open("a", encoding="utf-8") as file:
        file.write(appended)
    tree = overlay(homework, place / "tree", folder)
    checks = plan(homework)
    own = [
        check
        for check in checks
        if check.problem == attack.entry.problem
        and check.id.partition("::")[2].partition("[")[0] not in attack.honest
    ]
    others = [check for check in checks if check.problem not in ("1", attack.entry.problem)]
    given = (homework, worker, tree, known(homework.name)[0], 0)
    attacked = {check.id for check in own}
    context = Context(*given, attacked=attacked, limit=attack.limit or homework.time_limit)
    with pytest.MonkeyPatch.context() as patch:
        if attack.limit:  # its checks wait side by side
            patch.setattr(engine, "THREADS", 4)
        return engine.run_checks(context, [*own, *others[:1]], 3), len(own)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_earns_and_harms_nothing(attack, guarded, tmp_path):
    layers = guarded.isolation.split("+")
    if set(attack.needs) - set(layers):
        pytest.skip(f"not tried under {guarded.isolation}")
    homework = attack.entry.homework
    before, kit = processes(guarded), fingerprint(homework)
    rows, own = rows_of(attack, guarded, tmp_path)
    messages = [row.message for row in rows]
    assert any(re.search(attack.told, text) for text in messages[:own]), messages[:own]
    if not all(row.status in ("error", "crashed") for row in rows):  # the file could be imported
        assert all(row.passed for row in rows[own:]), messages[own:]
    assert_nothing_gained(rows, own, guarded)
    assert_nothing_left(guarded, before, homework, kit)


def assert_nothing_gained(rows, own, worker):
    """The attacked problem earns nothing, and no row shows what must not be seen."""
    assert not any(row.points or row.passed for row in rows[:own])
    for row in rows:
        assert len(row.message) < 6000 and len(row.printed) < 5000
        assert all(c == "\n" or c.isprintable() for c in row.message + row.printed)
        if {"user", "landlock"} & set(worker.isolation.split("+")):
            assert STOLEN not in row.message


def assert_nothing_left(worker, before, homework, kit):
    """No process, file or change of the kit."""
    assert not new_processes(worker, before)
    assert fingerprint(homework) == kit
    assert not left()
    assert not any(Path(worker.scratch).iterdir())


@pytest.mark.parametrize("attack", BROKEN, ids=lambda attack: attack.name)
def test_a_syntax_error_at_the_end_makes_an_attack_no_stronger(attack, guarded, tmp_path):
    """The file is then judged piece by piece; what ran at its import is in no hole, and never runs."""
    if set(attack.needs) - set(guarded.isolation.split("+")):
        pytest.skip(f"not tried under {guarded.isolation}")
    homework = attack.entry.homework
    before, kit = processes(guarded), fingerprint(homework)
    rows, own = rows_of(attack, guarded, tmp_path, "\nx = (\n")
    assert all(row.passed for row in rows[own:]), [row.message for row in rows]
    assert all(row.message for row in rows[:own])
    assert_nothing_gained(rows, own, guarded)
    assert_nothing_left(guarded, before, homework, kit)


def test_other_files_of_a_submission_are_not_taken(guarded, tmp_path):
    """Files that would be imported in place of the library's, or run at start-up."""
    homework = homeworks.load("hw1")
    folder = tmp_path / "submission"
    shutil.copytree(ROOT / "staff/solutions/hw1", folder)
    for name in (
        "json.py",
        "torch.py",
        "sitecustomize.py",
        "x.pth",
        "conftest.py",
        "probes/hw1.py",
        "common/errors.py",
        "autograder/engine.py",
        "homework.toml",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("raise RuntimeError('taken')\n")
    (folder / "sampling.py").unlink()
    (folder / "sampling.py").symlink_to(ROOT / "staff/solutions/hw1/sampling.py")
    tree = overlay(homework, tmp_path / "tree", folder)
    # A link could lead to any file of the grader: in its place stands the kit's own stub.
    assert "NotImplementedError" in (tree / "hw1/sampling.py").read_text(encoding="utf-8")
    shutil.copyfile(ROOT / "staff/solutions/hw1/sampling.py", tree / "hw1/sampling.py")
    context = CheckContext(homework, guarded, tree, known(homework.name)[0], 0)
    checks = [check for check in plan(homework) if check.problem == "2b"]
    assert all(row.passed for row in engine.run_checks(context, checks, 3))
