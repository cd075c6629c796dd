"""Receipts: made when a run ends, packed with the write-up's runs, held against what was handed in."""

import json
import re
import shutil
import zipfile
from dataclasses import replace

import pytest

from autograder import submit, written_runs
from autograder.run import notes
from common import homework as homeworks
from common.training import receipts as made
from common.training import state
from common.training.runs import RunFolder
from staff.grading import receipts, unpack
from staff.grading.attention import attention
from staff.grading.hand_ins import HandIns
from staff.grading.session import blank_record
from staff.grading.submissions import Job
from staff.written import answers, pages, rubric
from tests.conftest import HOMEWORKS

HW2 = homeworks.load("hw2")
TEXT = "| rate-0.4 | {{test_accuracy}} |\n\nsupport.json, and the curve of ../runs/hw2/maml-seed0/curves.png"


def train(folder, seed=0, accuracy=0.94, speed=15.5):
    """What a run leaves."""
    run = RunFolder(folder, {"data": "glyphs", "seed": seed, "tiny": False})
    run.write_metrics([{"step": 10, "val_accuracy": accuracy, "steps_per_second": speed}])
    run.checkpoint_file.write_bytes(f"weights, and rows: {speed}".encode())  # as the trainer's
    run.finish({"test_accuracy": accuracy})
    return folder


@pytest.fixture
def kit(tmp_path):
    """A kit with a write-up and runs: one to hand in, two that the text names, one that it does not."""
    homework = replace(HW2, root=tmp_path)
    (tmp_path / "hw2").mkdir()
    shutil.copy(HW2.root / "pyproject.toml", tmp_path)
    for name in homework.files:
        (tmp_path / "hw2" / name).write_text("x = 1\n")
    (tmp_path / "hw2" / "writeup.md").write_text(TEXT)
    for name in ("maml-seed0", "rate-0.4-seed0", "rate-0.4-seed1", "rate-0.04-seed0"):
        train(tmp_path / "runs" / "hw2" / name, seed=int(name[-1]))
    (tmp_path / "runs" / "hw2" / "support.json").write_text("{}")
    return homework


def packed(homework, path):
    """The zip that `submit` makes, and what it tells."""
    runs, _ = submit.find_runs(homework, homework.root / "runs")
    named, unnamed = written_runs.find(homework, homework.root / "runs", runs.values())
    written_runs.give_receipts([*runs.values(), *named])
    others, left_out = written_runs.read_small_files(named)
    code = {name: (homework.folder / name).read_bytes() for name in homework.files}
    manifest, contents = submit.collect(homework, runs, others, code)
    submit.write_zip(path, contents, manifest | {"signed": True})
    return written_runs.notes(others, left_out, unnamed)


def taken(path, folder):
    folder.mkdir()
    return unpack.accept(path, folder, HW2)


def test_a_run_leaves_a_receipt_that_fits(tmp_path):
    run = train(tmp_path / "run")
    kept = json.loads((run / "receipt.json").read_text())
    assert (kept["by"], kept["seed"], kept["source"]) == ("run", 0, "glyphs")
    assert kept["kit"] == made.kit_version() and set(kept["files"]) == set(state.FILES)
    assert json.loads((train(tmp_path / "b") / "receipt.json").read_text())["run"] != kept["run"]


def test_submit_says_which_file_of_a_run_is_too_large(kit, tmp_path):
    weights = kit.root / "runs" / "hw2" / "maml-seed0" / "checkpoint.pt"
    with weights.open("ab") as stream:
        stream.truncate(submit.LARGEST_FILE + 1)
    _, notes = submit.find_runs(kit, kit.root / "runs")
    assert f"not packed: {weights}: larger than 16 MB" in notes
    packed(kit, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert "runs/maml/checkpoint.pt" not in archive.namelist()


def test_submit_packs_the_runs_that_the_write_up_names(kit, tmp_path):
    told = packed(kit, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = {name for name in archive.namelist() if name.startswith("runs/")}
    small = {f"runs/rate-0.4-seed{s}/{f}" for s in (0, 1) for f in written_runs.SMALL_FILES}
    assert names == small | {f"runs/maml/{f}" for f in submit.RUN_FILES} | {"runs/support.json"}
    assert "not packed, writeup.md does not name it: rate-0.04-seed0" in told
    unpacked = taken(tmp_path / "a.zip", tmp_path / "files")
    assert receipts.verify(unpacked.folder) == []
    assert {p.name for p in (unpacked.folder / "runs").iterdir()} == {
        "maml",
        "rate-0.4-seed0",
        "rate-0.4-seed1",
        "support.json",
    }


def test_a_run_of_an_older_kit_gets_a_receipt_when_it_is_packed(kit, tmp_path):
    (kit.root / "runs/hw2/rate-0.4-seed0/receipt.json").unlink()
    packed(kit, tmp_path / "a.zip")
    kept = json.loads((kit.root / "runs/hw2/rate-0.4-seed0/receipt.json").read_text())
    assert kept["by"] == "submit"
    packed(kit, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_is_too_large_is_left_out_and_said(kit, tmp_path):
    (kit.root / "runs/hw2/support.json").write_text(" " * (written_runs.LARGEST + 1))
    told = packed(kit, tmp_path / "a.zip")
    assert "not packed: runs/support.json: larger than 1 MB" in told
    assert not [line for line in told if line.startswith("packed") and "support" in line]
    assert taken(tmp_path / "a.zip", tmp_path / "files").folder


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_run_in_a_table_of_the_kit_is_packed(hw, tmp_path):
    homework = homeworks.load(hw)
    text = (homework.folder / "writeup.md").read_text(encoding="utf-8")
    for experiment in homework.experiments:
        for name in homework.runs_of(experiment):
            if f"| {name} |" in text or f"/{name}-seed0/" in text:
                run = train(tmp_path / "runs" / hw / f"{name}-seed0")
                named, _ = written_runs.find(homework, tmp_path / "runs", [])
                assert run in named


def alter(run, name, text):
    (run / name).write_text(text)


def of_another_kit(run):
    kept = json.loads((run / "receipt.json").read_text())
    alter(run, "receipt.json", json.dumps(kept | {"kit": "0.1"}))


def tiny(run):
    config = json.loads((run / "config.json").read_text())
    alter(run, "config.json", json.dumps(config | {"tiny": True}))
    made.write(run, made.WHEN_PACKED)


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda run: alter(run, "metrics.csv", "step\n1\n"), "metrics.csv is not the file"),
        (lambda run: alter(run, "result.json", "{}"), "result.json is not the file"),
        (lambda run: alter(run, "checkpoint.pt", "other"), "checkpoint.pt is not the file"),
        (
            lambda run: alter(run, "config.json", '{"seed": 7, "data": "glyphs"}'),
            "of seed '0', config.json says '7'",
        ),
        (lambda run: alter(run, "receipt.json", "[" * 9000), "no receipt that can be read: maml"),
        (
            lambda run: alter(run, "receipt.json", '{"files": {"metrics.csv": 3}}'),
            "is not the file",
        ),
        (lambda run: alter(run, "receipt.json", '{"files": 1}'), "no receipt"),
        (lambda run: (run / "receipt.json").unlink(), "no receipt"),
        (of_another_kit, "made with kit 0.1, this is "),
        (tiny, "a --tiny run: maml"),
    ],
)
def test_a_run_that_does_not_fit_its_receipt_is_told_to_staff(change, told, tmp_path):
    run = train(tmp_path / "runs" / "maml")
    assert receipts.verify(tmp_path) == []
    change(run)
    found = receipts.verify(tmp_path)
    assert any(told in note.text for note in found)
    assert {(note.kind, note.audience) for note in found} == {(notes.RECEIPT_BROKEN, notes.STAFF)}


def record(student, folder):
    return blank_record(HW2, Job(student, "hw2", "")) | {
        "status": "graded",
        "score": 1,
        "runs": receipts.identities(folder),
    }


def test_one_run_of_two_students_is_worth_a_look(tmp_path):
    for who in ("ada", "bob", "eve"):
        train(tmp_path / who / "runs" / "maml")
    shutil.copytree(tmp_path / "ada/runs/maml", tmp_path / "bob/runs/maml", dirs_exist_ok=True)
    records = [record(who, tmp_path / who) for who in ("ada", "bob")]
    receipts.note_shared(records)
    assert [n["kind"] for r in records for n in r["notes"]] == [notes.SHARED_RUN] * 2
    assert all(not notes.for_students(r["notes"]) for r in records)
    look = [str(item) for item in attention(records, HandIns()).look]
    assert "bob: maml is the very run that ada handed in" in look

    edited = tmp_path / "bob/runs/maml/receipt.json"
    edited.write_text(edited.read_text().replace('"run": "', '"run": "0'))
    assert receipts.shared_runs(
        {w: receipts.identities(tmp_path / w) for w in ("ada", "bob")}
    ).keys() == {"ada", "bob"}


def test_two_runs_of_one_seed_are_not_one_run(tmp_path):
    train(tmp_path / "ada/runs/maml", speed=15.5)
    train(tmp_path / "bob/runs/maml", speed=15.6)
    assert (
        receipts.shared_runs({w: receipts.identities(tmp_path / w) for w in ("ada", "bob")}) == {}
    )


def test_graders_see_which_numbers_the_run_sets(kit, tmp_path):
    text = (HW2.folder / "writeup.md").read_text(encoding="utf-8")
    typed = "\n\nSet: {{hw2/rate-0.4.test_accuracy}}, {{hw2/rate-0.4.nope}}; typed: rate-0.4 has 0.951 on meta-test.\n"
    head, asked, rest = text.partition(
        "> **What the pictures show**, in one sentence with a number."
    )
    (kit.root / "hw2" / "writeup.md").write_text(head + asked + typed + rest)
    (tmp_path / "in").mkdir()
    packed(kit, tmp_path / "in" / "ada.zip")
    (tmp_path / "work").mkdir()
    papers, _ = answers.read(tmp_path / "in", HW2, tmp_path / "work")
    page = pages.write(tmp_path / "out", HW2, rubric.load(HW2), papers)[0].read_text()
    assert re.search(
        r'Set: <span class="set" title="set from the run">0\.9400.±.0\.0000</span>, missing; typed',
        page,
    )
    assert "<mark>0.951</mark>" in page
    assert "Numbers set from the runs: 1 (asked for and not there: 1); typed by hand: 1;" in page


def test_graders_see_on_the_page_what_receipts_tell(kit, tmp_path):
    text = (HW2.folder / "writeup.md").read_text(encoding="utf-8")
    (kit.root / "hw2" / "writeup.md").write_text(text)
    (tmp_path / "in").mkdir()
    for who in ("ada", "bob"):
        packed(kit, tmp_path / "in" / f"{who}.zip")
    (tmp_path / "work").mkdir()
    papers, _ = answers.read(tmp_path / "in", HW2, tmp_path / "work")
    made_pages = pages.write(tmp_path / "out", HW2, rubric.load(HW2), papers)
    assert "maml is the very run that another student handed in" in made_pages[0].read_text()
