"""A replay fails as the check does, holds small inputs, and agrees once the code is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder import replay
from autograder.__main__ import main
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import plan
from common import homework as homeworks
from common.homework import PUBLIC_SEED
from staff.authoring import leaks
from staff.authoring.answers import context_of
from staff.authoring.catalogue import entries
from tests.helpers.forks import Forks

ROOT = homeworks.ROOT
SPOILT = """

def ranking_loss(positive, negative):
    return (positive - negative).sigmoid().mean()
"""

# Runs each script in one process: importing torch for each would take most of the time.
RUNNER = """
import contextlib, io, json, runpy, sys
codes, finders, places = {}, list(sys.meta_path), list(sys.path)
for path in sys.argv[2:]:
    sys.meta_path[:], sys.path[:] = finders, places
    for name in [n for n in sys.modules if n.split(".")[0] in (sys.argv[1], "probes")]:
        del sys.modules[name]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        codes[path] = end.code
    except BaseException as error:
        codes[path] = type(error).__name__
print(json.dumps(codes))
"""


def run_all(name: str, scripts: list[Path], forks: Forks, folder: Path) -> dict[str, int | str]:
    """Script → its exit code, or the exception that it ended with."""
    (folder / "runner.py").write_text(RUNNER, encoding="utf-8")
    ran = forks.run("runner", name, *scripts, folder=ROOT, tree=folder)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", homeworks.names())
def test_every_check_can_be_replayed(name, shared_worker, forks, tmp_path):
    """One mistake for each check: its replay fails, and agrees with the solution in its place."""
    homework = homeworks.load(name)
    wrong, right = [], []
    for number, (case, submitted) in enumerate(cases(homework, shared_worker, tmp_path)):
        scripts = [tmp_path / f"wrong{number}.py", tmp_path / f"right{number}.py"]
        for path, files in zip(scripts, (submitted, ROOT / "staff" / "solutions" / name)):
            path.write_text(replay.script(homework, case, files, tmp_path), encoding="utf-8")
        wrong.append(scripts[0])
        if case.expected:
            right.append(scripts[1])
    assert len(wrong) == len(plan(homework))
    assert leaks.scan(leaks.secrets(ROOT, name), wrong, tmp_path) == []
    codes = run_all(name, [*wrong, *right], forks, tmp_path)
    assert [path.name for path in wrong if codes[str(path)] == 0] == []
    assert {path.name: codes[str(path)] for path in right if codes[str(path)] != 0} == {}


def cases(homework, worker, folder):
    """For every check the case of the first mistake that fails it, and the mistake's files."""
    answers, knowledge = Answers.load(homework, PUBLIC_SEED), Knowledge.load(homework)
    left = list(plan(homework))
    for entry in entries(homework.name, "mistake", ROOT):
        those = [check for check in left if check.problem == entry.problem]
        if not those:
            continue
        work = folder / f"{entry.problem}-{entry.slug}"
        work.mkdir()
        context = context_of(entry, homework, PUBLIC_SEED, worker, answers, work)
        free = set(knowledge.of(entry.problem).free)
        for check in those:
            case = replay.failing(context, check, free)
            if case is not None:
                left.remove(check)
                yield case, work / "files"


def test_the_command_writes_it_and_says_so(tmp_path, monkeypatch, capsys, solved):
    """One that fails is written beside the current folder's files; a passed one is not."""
    monkeypatch.chdir(tmp_path)
    folder = solved("hw0")
    wrong = (folder / "losses.py").read_text(encoding="utf-8") + SPOILT
    (folder / "losses.py").write_text(wrong, encoding="utf-8")
    for problem, said in (("3a", "wrote replay_hw0_3a.py"), ("3b", "nothing to replay")):
        main(["hw0", "--problem", problem, "--submission", str(folder), "--replay"])
        assert said in capsys.readouterr().out
    assert [path.name for path in tmp_path.glob("replay*")] == ["replay_hw0_3a.py"]
    ran = subprocess.run(
        [sys.executable, "replay_hw0_3a.py"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1 and "expected" in ran.stdout, ran.stderr


def test_it_needs_one_problem(capsys):
    assert main(["hw0", "--replay"]) == 2
    assert "--problem 2a --replay" in capsys.readouterr().err


def test_values_are_written_as_they_are():
    """Texts with blanks, rows, single tuples, empty arrays, and many numbers come back the same."""
    value = {
        "texts": ["two  blanks " * 12, "'quoted'\n"],
        "one": (3,),
        "none": None,
        "rows": np.arange(60, dtype=np.float32).reshape(3, 20) / 7,
        "empty": np.zeros((0, 4), np.int64),
        "many": np.random.RandomState(0).normal(size=(9, 50)),
        "odd": np.array([np.nan, np.inf, -0.0]),
        "deep": {"a": [np.array([True]), []]},
    }
    case = replay.Case(plan(homeworks.load("hw0"))[0], "what", "shared", {}, value)
    text = replay.script(homeworks.load("hw0"), case, None, ROOT)
    names = {"__file__": str(ROOT / "replay.py"), "__name__": "replayed"}
    exec(compile(text, "replay", "exec"), names)
    came = names["EXPECTED"]
    assert came["texts"] == value["texts"] and came["one"] == (3,) and came["none"] is None
    for name in ("rows", "empty", "many", "odd"):
        assert came[name].dtype == value[name].dtype
        assert np.array_equal(came[name], value[name], equal_nan=True)
    assert came["deep"]["a"][0].tolist() == [True] and came["deep"]["a"][1] == []
