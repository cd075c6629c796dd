"""`make experiments`: what is run, what is left as it is, how it goes on, what is said at the end."""

import io
import json
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from common import homework as homeworks
from common.errors import KitError
from common.experiments import parallel, runner
from tests.conftest import HOMEWORKS

TABLE = """
title = "Made up"
files = []
problems = []
[[experiments]]
name = "one"
command = "python -m hw9.train --experiment one"
minutes = 2
[[experiments]]
name = "group"
command = "python -m hw9.train --experiment group"
minutes = 3
[[experiments]]
name = "extra"
command = "python -m hw9.train --experiment extra"
minutes = 4
optional = true
[[comparisons]]
name = "group"
metric = "accuracy"
experiments = ["a", "b"]
"""

# A training: makes its runs unless it is told to fail; says how it was called.
TRAIN = """
import json, os, signal, sys
from pathlib import Path
print("threads", os.environ["OMP_NUM_THREADS"], "plain", os.environ["NO_COLOR"])
arguments = sys.argv[1:]
name, out = (arguments[arguments.index(option) + 1] for option in ("--experiment", "--out"))
with open("calls", "a") as calls:
    calls.write(" ".join(arguments) + "\\n")
if Path("wait").exists():
    import time
    mine, other = Path(f"here-{name}"), Path("here-group" if name == "one" else "here-one")
    mine.touch()
    while not other.exists():
        time.sleep(0.01)
if Path("fail").exists() and name in Path("fail").read_text():
    print("the loss is nan")
    code = int(Path("fail").read_text().split()[1])
    if code == 130:  # as from a terminal: Ctrl-C reaches both
        os.kill(os.getppid(), signal.SIGINT)
    sys.exit(code)
for folder in [Path(out)] if name != "group" else [Path(out, "a-seed0"), Path(out, "b-seed0")]:
    folder.mkdir(parents=True, exist_ok=True)
    tiny, data = "--tiny" in arguments, "toy" if "--data" in arguments else "best"
    (folder / "config.json").write_text(json.dumps({"data": data, "tiny": tiny}))
    (folder / "result.json").write_text(json.dumps({"test_accuracy": 0.75, "seconds": 3.0}))
    (folder / "curves.png").touch()
"""


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A kit with one homework, in the current folder; its trainings take no time."""
    (tmp_path / "hw9").mkdir()
    (tmp_path / "hw9" / "homework.toml").write_text(TABLE)
    (tmp_path / "trainer.py").write_text(TRAIN)
    monkeypatch.chdir(tmp_path)
    read = homeworks.load
    monkeypatch.setattr(homeworks, "names", lambda root=None: ["hw9"])
    monkeypatch.setattr(homeworks, "load", lambda name: read(name, tmp_path))
    return tmp_path


def run(*arguments, at_once=1):
    given = [*arguments, "--at-once", str(at_once)]
    return runner.main(given, lambda homework: ["trainer"])


def calls(kit):
    path = kit / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_every_required_one_is_run_once(kit, capfd):
    assert run() == 0
    assert calls(kit) == [
        "--experiment one --resume --seed 0 --out runs/hw9/one-seed0",
        "--experiment group --resume --seed 0 --out runs/hw9",
    ]
    said = capfd.readouterr().out
    assert "hw9 one begins; about 5 min left; log: runs/hw9/one-seed0.log" in said
    assert "hw9 group begins; about " in said
    assert "hw9 one finished, " in said and "[2/2]" in said
    assert said.count("test_accuracy 0.75") == 3
    assert "\n2 of 2 done now, in 0 min " in said
    assert run("hw9") == 0 and len(calls(kit)) == 2
    said = capfd.readouterr().out
    assert said.count("as it was") == 3 and "\n0 of 2 done now, in 0 min 0 s\n" in said


def test_what_one_member_lacks_is_run_again(kit):
    run()
    (kit / "runs/hw9/b-seed0/result.json").unlink()
    assert run() == 0
    assert calls(kit)[2:] == ["--experiment group --resume --seed 0 --out runs/hw9"]


def test_two_train_in_parallel_and_share_the_cores(kit, monkeypatch):
    monkeypatch.setattr("common.experiments.parallel.usable_cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (kit / "wait").touch()  # each ends only when the other runs
    assert run(at_once=2) == 0
    for name in ("one", "group"):
        assert (kit / f"runs/hw9/{name}-seed0.log").read_text() == "threads 3 plain 1\n"


def test_a_failure_does_not_stop_the_others(kit, capfd):
    (kit / "fail").write_text("one 2")
    assert run() == 1
    assert len(calls(kit)) == 2
    said = capfd.readouterr().out
    assert "failed, see above: hw9 one" in said
    assert "  the loss is nan\n" in said and "runs/hw9/one-seed0.log" in said
    (kit / "fail").unlink()
    assert run() == 0 and len(calls(kit)) == 3


def test_ctrl_c_stops_all_and_the_same_command_goes_on(kit, capfd):
    (kit / "fail").write_text("one 130")
    assert run() == 130
    assert len(calls(kit)) == 1 and "stopped in hw9 one: give the same" in capfd.readouterr().out
    (kit / "fail").unlink()
    assert run() == 0 and len(calls(kit)) == 3


def test_a_request_to_end_is_passed_on(tmp_path):
    code = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    commands = [
        parallel.Command(name, (sys.executable, "-c", code), tmp_path / name)
        for name in ("one", "never begun")
    ]
    assert [(command.title, ended) for command, ended, _ in parallel.run(commands, 1)] == [
        ("one", None),
        ("one", -signal.SIGTERM),
    ]


def test_a_training_that_leaves_no_result_has_failed(kit):
    (kit / "fail").write_text("one 0")
    assert run() == 1


def test_the_list_runs_nothing(kit, capsys):
    assert run("--list") == 0
    assert not calls(kit)
    said = capsys.readouterr().out
    assert "hw9 one      2 min  to do" in said and "extra" not in said
    assert "2 experiments, about 5 min to do" in said
    run("--list", "--optional")
    assert "hw9 extra" in capsys.readouterr().out


def test_tiny_runs_stay_apart(kit):
    assert run("--tiny", "--seed", "3", "--data", "toy") in (0, 1)
    assert calls(kit)[0] == (
        "--experiment one --resume --seed 3 --tiny --data toy --out runs/tiny/hw9/one-seed3"
    )
    assert not (kit / "runs" / "hw9").exists()


def test_an_unknown_homework_is_named(kit):
    with pytest.raises(KitError, match="no homework 'hw7' here; choose one of"):
        run("hw7")


def test_results_of_all_shapes_have_figures(tmp_path):
    def figures(result):
        (tmp_path / "result.json").write_text(json.dumps(result))
        return runner.result_of(tmp_path)

    assert figures(
        {"val_accuracy": 0.5, "test_accuracy": 0.25, "interval": 0.1, "seconds": 9.0}
    ) == (9.0, "test_accuracy 0.25  val_accuracy 0.5")
    assert figures({"error": {"a": 0.5, "b": 2.5}, "steps": 3}) == (
        None,
        "error.a 0.5  error.b 2.5",
    )
    assert figures([{"accuracy": 0.5, "interval": 0.1}]) == (None, "[0].accuracy 0.5")
    assert runner.result_of(tmp_path / "nothing") == (None, "")


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_command_of_the_tables_is_a_training(hw):
    for experiment in homeworks.load(hw).experiments:
        assert experiment.command.startswith(f"python -m {hw}.train --experiment "), experiment
        assert experiment.minutes > 0


@pytest.mark.parametrize("width", [40, 100])
def test_how_far_a_training_is_stays_in_sight_beside_a_long_line(width):
    out = Console(width=width, file=io.StringIO())
    out.print(parallel.table_of([("hw0 shared-99", " 63%", "step 988 " * 20), ("", "", "left")]))
    first, second = out.file.getvalue().splitlines()
    assert first.startswith("hw0 shared-99   63%  step 988") and "…" in first
    assert second.split() == ["left"] and len(first) <= width


def test_help_needs_no_torch():
    code = (
        "import sys; from common.experiments import runner\n"
        "try: runner.main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=homeworks.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "python -m common.experiments hw1" in done.stdout
