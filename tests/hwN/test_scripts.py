"""The training scripts as students run them: small, offline, stopped, resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile

import pytest
import torch

from common import homework as homeworks
from common.experiments.runner import result_of
from tests.conftest import HOMEWORKS
from tests.helpers.homeworks import OFFLINE, run_module

ROOT = homeworks.ROOT


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_whole_path_on_little_data(hw, train, tmp_path):
    done = train(hw, "--tiny", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    folder = tmp_path / "run"
    for name in ("config.json", "metrics.csv", "checkpoint.pt", "curves.png"):
        assert (folder / name).stat().st_size, f"{name} is missing"
    config = json.loads((folder / "config.json").read_text())
    assert config["homework"] == hw and config["data"] and config["tiny"] is True
    torch.load(folder / "checkpoint.pt", weights_only=True)


@pytest.mark.parametrize("asked", [(), ("--cosine",)])
def test_cosines_are_drawn_where_they_were_measured(asked, train, tmp_path):
    given = ["--experiment", "shared-50", "--tiny", *asked, "--out", tmp_path / "run"]
    done = train("hw0", *given)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "run" / "cosine.png").is_file() == bool(asked)


def test_photos_name_each_figure(train, tmp_path):
    given = ["--experiment", "photos", "--tiny", "--data", "generated", "--out", tmp_path / "run"]
    done = train("hw2", *given)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    seconds, figures = result_of(tmp_path / "run")
    assert seconds > 0 and figures.startswith("vectors, 1 shot.accuracy 0.")


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_an_empty_hole_is_named_without_a_traceback(hw, forks, tmp_path):
    done = forks.run(f"{hw}.train", "--tiny", "--out", tmp_path / "run", folder=ROOT)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"still empty: {hw} " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_help_needs_no_torch_and_shows_an_example(hw):
    done = run_module(f"{hw}.train", "--help")
    assert done.returncode == 0
    for option in ("--data", "--seed", "--device", "--tiny", "--out", "--resume", "--profile"):
        assert option in done.stdout
    assert f"python -m {hw}.train" in done.stdout


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("--data", "nowhere"), "no such folder"),
        (("--device", "abacus", "--tiny"), "there is no device 'abacus'"),
        (("--steps", "0"), "at least 1"),
        (("--device", "gpu"), "did you mean cuda?"),
        (("--lr", "-1"), "must be above 0, not -1"),
        (("--experiment", "none"), "choose from"),
        (("--out", "README.md/x", "--tiny"), "another --out"),
    ],
)
def test_bad_options_end_in_one_line(arguments, told, forks):
    done = forks.run("hw1.train", *arguments, folder=ROOT)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_homework_that_is_not_here_cannot_be_left_out_of_the_comparison():
    done = run_module("common.compare", "--without", "hw9")
    assert done.returncode == 2 and "no homework 'hw9' here" in done.stderr


def train_hw1(folder, *more):
    return ["hw1", "--data", "glyphs", "--steps", "12", "--batch", "8", "--out", folder, *more]


def weights(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["module"]


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """The folder of a training that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = train(*train_hw1(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(lambda pid: os.killpg(pid, signal.SIGINT), id="Ctrl-C, to all"),
        pytest.param(lambda pid: os.kill(pid, signal.SIGTERM), id="SIGTERM, to the parent"),
    ],
)
def test_what_was_stopped_is_saved_and_resume_ends_with_the_same_bits(train, whole, tmp_path, stop):
    process = subprocess.Popen(
        [sys.executable, "-m", "staff", "train", *map(str, train_hw1(tmp_path / "cut"))],
        cwd=ROOT,
        env=OFFLINE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if line.startswith("step 3/"):
            stop(process.pid)
            break
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "--resume" in errors and "Traceback" not in errors
    stopped = torch.load(tmp_path / "cut" / "checkpoint.pt", weights_only=True)["step"]
    assert 3 <= stopped < 12
    again = train(*train_hw1(tmp_path / "cut", "--resume"))
    assert again.returncode == 0 and f"resumed at step {stopped}" in again.stdout, again.stderr
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(tmp_path / "cut")[name]), name


def test_a_checkpoint_of_another_architecture_is_refused(train, whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    done = train(*train_hw1(tmp_path / "run", "--resume", "--hidden", "16"))
    assert done.returncode == 2
    assert "hidden_dim = 128, not 16" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_submit_packs_what_is_there(tmp_path):
    done = run_module("autograder", "submit", "hw1", "-o", tmp_path / "a.zip", "--runs", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no finished run" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("print it to PDF, upload the PDF")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(manifest["files"]) == set(archive.namelist()) - {"manifest.json"}
    assert manifest["homework"] == "hw1" and manifest["score"] == 0 and manifest["max_score"] == 30
    again = run_module("autograder", "submit", "hw1", "-o", tmp_path / "b.zip", "--runs", tmp_path)
    assert again.returncode == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
