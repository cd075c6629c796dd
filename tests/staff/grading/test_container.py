"""The Gradescope autograder where it will run: absolute paths, as root, students as another user."""

import json
import os
import time

import pytest

from common import homework as homeworks
from common.kit import seeds
from staff.authoring.answers import record as record_answers
from staff.authoring.stubs import copy_solutions
from staff.grading.gradescope import build
from tests.helpers.container import FEW_RIGHTS, Container, missing
from tests.staff.grading.test_gradescope import require_schema

ROOT = homeworks.ROOT
FULL = 30 + 2  # points of homework 1: the code, and what checks give of the extra credit
METADATA = {
    "id": 7,
    "created_at": "2026-10-16T01:00:00.000000-07:00",
    "users": [{"email": "ada@example.edu", "id": 3, "name": "Ada"}],
    "assignment": {
        "due_date": "2026-10-14T23:59:00.000000-07:00",
        "late_due_date": None,
        "group_size": None,
        "total_points": "42.0",
    },
    "submission_method": "upload",
    "previous_submissions": [],
}

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def installed(name, folder, worker):
    """The zip for a homework, with a secret set, unpacked and set up by its own setup.sh."""
    archive = folder / f"{name}.zip"
    assert build.main([name, "-o", str(archive), "--torch-index", "INDEX"]) == 0
    container = Container(folder, archive)
    kit = homeworks.load(name, container.autograder / "source" / "kit")
    [secret] = seeds.sets_of(seeds.make_term(kit.root), name, 1)
    record_answers(homeworks.load(name), secret, worker).save(kit, secret)
    container.call("cd /autograder && bash source/setup.sh")
    return container


@pytest.fixture(scope="module")
def container(tmp_path_factory, worker):
    return installed("hw1", tmp_path_factory.mktemp("gradescope"), worker)


def solutions(folder, name="hw1"):
    copy_solutions(ROOT, name, folder)


@pytest.mark.parametrize("name", [name for name in homeworks.names() if name != "hw1"])
def test_the_solutions_of_the_other_homeworks_earn_their_points(name, tmp_path, worker):
    container = installed(name, tmp_path, worker)
    container.upload(lambda folder: solutions(folder, name), METADATA)
    done = container.finish(container.grade())
    assert done.code == 0, done.said
    require_schema(done.result)
    points = sum(p.points for p in homeworks.load(name).problems if p.checked)
    assert done.result["score"] == points, done.result["output"]
    assert set(done.left.values()) == {0}


def test_the_image_gets_a_cpu_build_and_keeps_the_answers_to_root(container):
    torch, rest = (container.autograder / "pip.log").read_text().splitlines()
    quiet = "-m pip install --quiet -c /autograder/source/constraints.txt"
    assert torch == f"{quiet} --index-url INDEX torch torchvision"
    assert rest == f"{quiet} -r /autograder/source/requirements.txt"
    student = (
        "setpriv --reuid=61184 --regid=61184 --clear-groups --inh-caps=-all --bounding-set=-all"
    )
    kit = container.autograder / "source" / "kit"
    secret = [*kit.glob("autograder/checks/hw1/answers-*.npz"), kit / seeds.KEY]
    assert len(secret) > 1
    inside = [path.relative_to(container.autograder) for path in secret]
    for path in ("source", *inside, "source/settings.sh"):
        said = container.call(f"{student} cat /autograder/{path} 2>&1 || true")
        assert "Permission denied" in said
    for path in ("run_autograder", "results/results.json", "results/x", "source/x"):
        said = container.call(f"{student} sh -c 'echo x >> /autograder/{path}' 2>&1 || true")
        assert "Permission denied" in said or "nonexistent" in said or "No such" in said


def test_results_are_a_zero_first_and_whole_at_every_moment(container):
    container.upload(solutions, METADATA)
    path = container.autograder / "results" / "results.json"
    process, seen = container.grade(), []
    while process.poll() is None:
        if path.exists():  # the harness may read it at any moment
            seen.append(json.loads(path.read_text()))
        time.sleep(0.02)
    done = container.finish(process)
    assert done.code == 0, done.said
    assert seen[0] == {"score": 0.0, "output": "Grading has begun.", "output_format": "text"}
    scores = [result["score"] for result in seen]
    assert scores == sorted(scores) and len(set(scores)) > 5
    for result in [*seen[1:], done.result]:
        require_schema(result)
    assert {len(result["tests"]) for result in seen if "tests" in result} == {
        len(done.result["tests"])
    }
    assert done.result["score"] == FULL
    assert "Handed in 2 days after the due date" in done.result["output"]
    assert set(done.left.values()) == {0}
    assert os.listdir(path.parent) == ["results.json"]


# Takes what it can when it is imported, and leaves processes that go on trying.
THIEF = """

def take():
    import os
    import pathlib
    import time

    taken = []
    kit = "/autograder/source/kit/"
    for name in (kit + "autograder/checks/hw1/answers-771.npz", "/autograder/source/settings.sh",
                 kit + "autograder/checks/hw1/answers.npz", "/autograder/submission_metadata.json"):
        try:
            taken.append(f"{name}: {len(pathlib.Path(name).read_bytes())} bytes")
        except OSError:
            pass
    full = '{"score": 999, "tests": [], "output": "forged"}'
    for name in ("results/results.json", "results/results.json.tmp", "run_autograder", "x"):
        try:
            pathlib.Path("/autograder", name).write_text(full)
            taken.append("wrote " + name)
        except OSError:
            pass
    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            pass
        if os.fork() == 0:
            while True:
                try:
                    pathlib.Path("/autograder/results/results.json").write_text(full)
                except OSError:
                    pass
                time.sleep(0.1)
        os._exit(0)
    return taken


TAKEN = take()


def mann_loss(logits, labels):
    print("TAKEN", TAKEN, logits.tolist())
    raise ValueError(f"TAKEN {TAKEN} {logits.flatten()[:3].tolist()}")
"""


@pytest.mark.parametrize("rights", ["", FEW_RIGHTS], ids=["every right of root", "no namespaces"])
def test_a_thief_takes_nothing_and_leaves_nothing(container, rights):
    def fill(folder):
        solutions(folder)
        with (folder / "mann.py").open("a") as stream:
            stream.write(THIEF)

    container.upload(fill, METADATA)
    done = container.finish(container.grade(rights))
    assert done.code == 0, done.said
    require_schema(done.result)
    told = [row["output"] for row in done.result["tests"] if "TAKEN" in row["output"]]
    assert told and all("TAKEN []" in text for text in told), told
    assert "TAKEN" not in done.said
    lost = [row for row in done.result["tests"] if row["number"].startswith("2b.")]
    assert lost and not any(row["score"] for row in lost)
    assert done.result["score"] == FULL - sum(row["max_score"] for row in lost)
    assert set(done.left.values()) == {0}, "a process of the student's still runs"
    assert (container.autograder / "run_autograder").read_bytes() == (
        container.autograder / "source" / "run_autograder"
    ).read_bytes()
