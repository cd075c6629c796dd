"""One truth about a run: finished, stopped, or another run than the one asked for; and its lock."""

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace

import pytest

from common import homework as homeworks
from common.errors import KitError
from common.experiments import jobs
from common.experiments.groups import AlreadyFinished
from common.experiments.pace import Pace, progress
from common.experiments.training import open_run
from common.training.state import ABSENT, FINISHED, OTHER, STOPPED, State, state_of


def make(folder, result=True, **config):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"data": "toy", "tiny": False} | config))
    (folder / "metrics.csv").write_text("step,loss\n1,2\n")
    (folder / "curves.png").write_bytes(b"")
    if result:
        (folder / "result.json").write_text("{}")
    return folder


@pytest.mark.parametrize(
    "made, asked, kind, why",
    [
        ({}, {}, FINISHED, ""),
        ({"result": False}, {}, STOPPED, ""),
        ({"tiny": True}, {}, OTHER, "made with --tiny"),
        ({}, {"tiny": True}, OTHER, "made without --tiny"),
        (
            {"options": {"lr": 0.01, "first_order": True}},
            {},
            OTHER,
            "made with --lr 0.01 --first-order",
        ),
        ({}, {"data": "toy"}, FINISHED, ""),
        ({}, {"data": "glyphs"}, OTHER, "made with data toy"),
    ],
)
def test_what_lies_in_a_folder(tmp_path, made, asked, kind, why):
    assert state_of(tmp_path / "nothing").kind == ABSENT
    assert state_of(make(tmp_path / "run", **made), **asked) == State(kind, why)


def test_what_cannot_be_read_is_another_run(tmp_path):
    (make(tmp_path) / "config.json").write_text("[")
    assert state_of(tmp_path).kind == OTHER


def test_an_option_that_says_what_holds_anyway_makes_no_other_run(tmp_path):
    same = open_toy(tmp_path / "a" / "one-seed0", changed={"lr": 0.1}, own={"lr": 0.1, "steps": 3})
    assert "options" not in json.loads((same.path / "config.json").read_text())
    other = open_toy(tmp_path / "b" / "one-seed0", changed={"lr": 0.1}, own={"lr": 0.2})
    assert json.loads((other.path / "config.json").read_text())["options"] == {"lr": 0.1}


def test_only_a_stopped_run_is_gone_on_with():
    assert State(STOPPED).command("train") == "train --resume"
    assert {State(kind).command("train") for kind in (ABSENT, FINISHED, OTHER)} == {"train"}


def open_toy(folder, data="toy", own=None, **options):
    chosen = {
        "seed": 0,
        "tiny": False,
        "resume": False,
        "data": None,
        "changed": {},
        "check": False,
    } | options
    return open_run("hw9", "one", folder, Namespace(**chosen), data, own)


def test_a_lesser_run_does_not_take_the_place_of_the_one_asked_for(tmp_path, capsys):
    folder = make(tmp_path / "one-seed0")
    for options in ({"tiny": True}, {"changed": {"lr": 1.0}}):
        with pytest.raises(KitError, match=r"holds a finished run without --.* --out DIR"):
            open_toy(folder, **options)
    assert state_of(folder).kind == FINISHED
    run = open_toy(tmp_path / "b" / "one-seed0", changed={"lr": 1.0})
    assert run.config["options"] == {"lr": 1.0}
    assert "note: --lr 1.0 makes this another run than the one asked for" in capsys.readouterr().out


def test_a_resume_goes_on_with_the_run_asked_for_alone(tmp_path, capsys):
    folder = make(tmp_path / "one-seed0", tiny=True)
    (folder / "checkpoint.pt").write_bytes(b"tiny")
    open_toy(folder, resume=True)
    assert "holds another run, made with --tiny; this one begins anew" in capsys.readouterr().out
    assert (tmp_path / "one-seed0.old1" / "checkpoint.pt").read_bytes() == b"tiny"


def test_a_finished_run_is_left_as_it_is(tmp_path):
    config = {"homework": "hw9", "experiment": "one", "data": "toy", "seed": 0, "tiny": False}
    folder = make(tmp_path / "one-seed0", **config)
    (folder / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(AlreadyFinished):
        open_toy(folder, resume=True)


HOLDER = """
import sys
from pathlib import Path
from common.training.runs import RunFolder
RunFolder(Path(sys.argv[1]), {"data": "toy"})
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_training_in_a_folder_is_refused_until_the_first_has_ended(tmp_path, end):
    folder = make(tmp_path / "run")  # which the first moves aside
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder],
        cwd=homeworks.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert [first.stdout.readline(), first.stdout.readline()][1] == "held\n"
    for resume in (False, True):
        with pytest.raises(KitError, match="is being written by another training"):
            open_toy(folder, resume=resume)
    first.send_signal(end)  # a crash releases it
    first.communicate()
    assert open_toy(folder).path == folder


def plan(tmp_path, hw, **options):
    chosen = {"seed": 0, "tiny": False, "data": None, "optional": False} | options
    return jobs.Plan(homeworks.load(hw), Namespace(**chosen), tmp_path)


def test_the_files_of_a_report_are_made_when_their_runs_are_there(tmp_path):
    support, alone, compare = sorted(plan(tmp_path, "hw2").drawings(), key=lambda j: j.title)[::-1]
    assert [job.title for job in (support, alone, compare)] == [
        "hw2 support.png",
        "hw2 one-at-a-time.json",
        "hw2 compare-comparison.png",
    ]
    assert {path.name for path in support.needs} == {"maml-seed0", "protonet-1-shot-seed0"}
    assert len(compare.needs) == 5 and "comparison" in compare.arguments
    assert str(tmp_path / "hw2" / "maml-seed0") in support.arguments
    assert not support.can_begin and support.told() == "to do"
    for folder in support.needs:
        make(folder)
    assert support.can_begin and not support.finished
    support.makes[-1].write_bytes(b"")
    assert support.finished
    others = sorted(plan(tmp_path, "hw2", data="other").drawings(), key=lambda job: job.title)
    assert others[-1].title == support.title and not others[-1].finished
    os.utime(support.makes[-1], (1, 1))  # older than its runs
    assert not support.finished


def test_a_list_says_what_is_not_the_run_asked_for(tmp_path):
    training = next(plan(tmp_path, "hw0").trainings())
    assert training.told() == "to do"
    make(training.folders[0], tiny=True)
    assert training.told() == (
        "to do: shared-99-seed0 was made with --tiny, which is not what is asked for"
    )
    make(training.folders[0], result=False)
    (training.folders[0] / "result.json").unlink()
    assert training.told() == "to do: stopped, goes on"
    make(training.folders[0])
    assert training.told() == "finished"
    (training.folders[0] / "curves.png").unlink()
    assert training.told() == "to do: the picture alone"  # it was stopped before that was drawn


def test_the_time_left_adapts_to_the_machine():
    pace = Pace({"a": 4.0, "b": 2.0})
    assert pace.left(2) == 4.0 and pace.left(1) == 6.0
    pace.note("a", 0.5, 240)  # four minutes in place of two
    assert pace.left(1) == 8.0
    pace.note("a", 1.0, 480)
    pace.leave("a")
    assert pace.left(2) == 4.0
    assert progress("step 3/4  loss 2\nstep 4/8  loss 1") == 0.5 and progress("data") is None
