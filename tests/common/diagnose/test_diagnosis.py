"""Find the bug in this curve: choice, evidence, grading; and nothing of the answers ships."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from autograder import submit
from common import homework as homeworks
from common.diagnose import claims, curves, diagnosis, picture
from common.diagnose.claims import Claim
from common.errors import KitError
from staff.authoring import catalogue
from staff.authoring.curves import recipe, record
from staff.course import gradebook, policy
from staff.course.findings import Findings
from staff.grading import diagnosis as grader
from staff.grading.gradescope import results
from staff.grading.jobs import Job
from staff.grading.session import blank_record
from staff.release import archive
from tests.conftest import HOMEWORKS

ROOT = homeworks.ROOT
RECORDED = [name for name in HOMEWORKS if (ROOT / name / "curves.json").is_file()]
NAMES = [f"Student {number}" for number in range(300)]
NAME = "Ada L"


# --- what is recorded ---------------------------------------------------------------------------


def test_a_kit_without_curves_says_so(tmp_path):
    with pytest.raises(KitError, match="there are none at all"):
        curves.load("hw1", tmp_path)


@pytest.mark.parametrize("count", [1, curves.DRAWN])
def test_settings_of_which_not_everybody_gets_a_run_are_refused(count, tmp_path):
    """One setting has no run; then there are more settings than runs that everybody gets."""
    (tmp_path / "hw1").mkdir()
    shutil.copyfile(ROOT / "hw1" / "homework.toml", tmp_path / "hw1" / "homework.toml")
    table = json.loads((ROOT / "hw1" / "curves.json").read_text(encoding="utf-8"))
    (setting, *_), (run, *_) = table["settings"].values(), table["runs"].values()
    for number in range(count):
        table["settings"][f"another-{number}"] = setting
        if count > 1:
            table["runs"][f"run-{number}"] = run | {"setting": f"another-{number}"}
    (tmp_path / "hw1" / "curves.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(KitError, match="settings without runs"):
        curves.load("hw1", tmp_path)


def test_every_recipe_is_recorded_and_has_points():
    recipes = {path.stem for path in (ROOT / "staff" / "authoring" / "curves").glob("hw*.toml")}
    assert recipes == set(RECORDED) == {"hw1", "hw2", "hw3", "hw4"}
    for hw in RECORDED:
        problem = homeworks.load(hw).diagnosis
        assert problem.kind == "written" and 2 <= problem.points <= 4
    sizes = [(ROOT / hw / "curves.json").stat().st_size for hw in RECORDED]
    assert sum(sizes) < 100_000


@pytest.mark.parametrize("hw", RECORDED)
def test_curves_are_those_of_the_recipe(hw):
    told, made = curves.load(hw), recipe.load(hw)
    assert set(told.runs) == set(made.answers) and len(told.runs) >= 8
    slugs = {entry.slug for entry in catalogue.entries(hw, "mistake")}
    for run in made.runs:
        assert told.runs[run.name].setting == run.setting
        assert not run.mistake or run.mistake in slugs
        assert set(told.runs[run.name].columns) == {"step", *made.settings[run.setting].metrics}
    for name, setting in made.settings.items():
        shown = told.settings[name]
        assert (shown.title, shown.metrics, shown.causes) == (
            setting.title,
            setting.metrics,
            setting.causes,
        )
        used = {run.cause for run in made.runs if run.setting == name}
        assert recipe.SOUND in used and len(setting.causes) > len(used)
    text = (ROOT / hw / "curves.json").read_text(encoding="utf-8")
    assert json.loads(text) and not any(slug in text for slug in slugs - used_names(made))


@pytest.mark.parametrize("hw", RECORDED)
def test_the_staffs_sheet_names_the_causes_of_the_recipe(hw):
    text = (ROOT / "staff" / "writeup" / f"{hw}.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| ([A-Z]) \| ([a-z-]+) \|", text))
    assert rows == recipe.load(hw).answers


def used_names(made):
    """Names of causes that happen to be a slug's too."""
    return {cause for setting in made.settings.values() for cause in setting.causes}


@pytest.mark.parametrize("hw", RECORDED)
def test_a_mistake_can_be_seen_and_a_sound_run_looks_sound(hw):
    """A quarter of the rows in one stretch, outside the band of the sound seeds by 5 % of the span."""
    told, made = curves.load(hw), recipe.load(hw)
    for run in made.runs:
        columns, setting = told.runs[run.name].columns, told.settings[run.setting]
        longest = max(
            (
                len(stretch)
                for metric in setting.metrics
                for stretch in claims.stretches(claims.distances_to_band(metric, columns, setting))
            ),
            default=0,
        )
        share = longest / len(columns["step"])
        assert (share >= 0.25) == bool(run.mistake), f"{run.name} ({run.cause}): {share:.2f}"


@pytest.mark.parametrize("hw", RECORDED)
def test_a_choice_belongs_to_a_name(hw):
    told, answers = curves.load(hw), recipe.load(hw).answers
    choices = {name: curves.draw_runs(told, name) for name in NAMES}
    for name, runs in choices.items():
        assert runs == curves.draw_runs(curves.load(hw), f" {name.upper()}  ")
        assert len(set(runs)) == curves.DRAWN
        assert {told.runs[run].setting for run in runs} == set(told.settings)
        assert len({answers[run] for run in runs}) > 1, "all alike"
    assert len({tuple(runs) for runs in choices.values()}) > 20
    assert {run for runs in choices.values() for run in runs} == set(told.runs)


# --- evidence -----------------------------------------------------------------------------------


STEPS = list(range(10, 110, 10))
SETTING = curves.Setting(
    title="",
    metrics={"accuracy": "accuracy", "loss": "loss"},
    log=["loss"],
    causes={"sound": "nothing", "sign": "a sign"},
    seeds=2,
    reference={"step": STEPS, "accuracy": [n / 100 for n in STEPS], "loss": [1.0] * 10},
    band={
        "accuracy": [[n / 100 for n in STEPS], [n / 100 + 0.1 for n in STEPS]],
        "loss": [[1.0] * 10, [10.0] * 10],
    },
)
BROKEN = {"step": STEPS, "accuracy": [0.9] * 5 + [0.5] * 5, "loss": [5.0] * 5 + [1000.0] * 5}


@pytest.mark.parametrize(
    "metric, first, last, true",
    [
        ("accuracy", 10, 100, {"falls"}),
        ("accuracy", 10, 50, {"above", "stays"}),
        ("accuracy", 60, 100, {"below", "stays"}),
        ("accuracy", 30, 60, {"falls"}),
        ("loss", 10, 50, {"inside", "stays"}),
        ("loss", 10, 100, {"rises"}),
        ("loss", 60, 100, {"above", "stays"}),
    ],
)
def test_claims_hold_where_they_are_true_and_nowhere_else(metric, first, last, true):
    held = {
        direction
        for direction in claims.DIRECTIONS
        if claims.holds(Claim(metric, first, last, direction), BROKEN, SETTING)
    }
    assert held == true


def test_what_a_sound_run_does_too_says_nothing():
    assert not claims.says_something(Claim("accuracy", 10, 100, "rises"), SETTING)
    assert claims.says_something(Claim("accuracy", 10, 100, "falls"), SETTING)
    assert claims.widest_gap(BROKEN, SETTING) == ("loss", 60, 100)
    assert claims.widest_gap(SETTING.reference, SETTING) is None


def test_hints_come_in_three_levels():
    told = curves.Curves("hw9", {"s": SETTING}, {"A": curves.Curve("A", "s", BROKEN)})

    def verdict(cause, *claim):
        answer = diagnosis.Answer("A", cause, (Claim(*claim),) if claim else ())
        return diagnosis.verdicts(diagnosis.Diagnosis(NAME, (answer,)), told)[0]

    false = verdict("sign", "accuracy", 10, 100, "rises")
    assert false.state == diagnosis.FALSE and len(false.messages) == 3
    assert "0.9 to 0.5" in false.messages[0] and "loss, steps 60 to 100" in false.messages[2]
    band = verdict("sign", "loss", 10, 50, "above")
    assert band.state == diagnosis.FALSE and "0 lie above" in band.messages[0]
    assert verdict("sign", "loss", 10, 50, "stays").state == diagnosis.SILENT
    assert verdict("sound", "accuracy", 10, 50, "above").state == diagnosis.SILENT
    assert verdict("sound", "loss", 10, 50, "inside").state == diagnosis.HOLDS
    assert verdict("sign", "accuracy", 10, 100, "falls").state == diagnosis.HOLDS
    assert verdict("sign").state == verdict("", "loss", 10, 50, "inside").state == diagnosis.OPEN


# --- grading ------------------------------------------------------------------------------------


def true_claim(told, run, cause):
    """Evidence that a careful reader would find."""
    columns, setting = told.runs[run].columns, told.setting_of(run)
    first, last = columns["step"][0], columns["step"][-1]
    if cause != recipe.SOUND:
        metric, first, last = claims.widest_gap(columns, setting)
        tries = [Claim(metric, first, last, direction) for direction in ("above", "below")]
    else:
        tries = [Claim(metric, first, last, "inside") for metric in setting.metrics]
    return next(claim for claim in tries if claims.holds(claim, columns, setting))


def hand_in(folder, hw, name=NAME, causes=lambda right, setting: right, claim=None):
    """Write a diagnosis; its causes are made of the right ones."""
    told, answers = curves.load(hw), recipe.load(hw).answers
    lines = [f"name = {json.dumps(name)}"]
    for run in curves.draw_runs(told, name):
        one = claim or true_claim(told, run, answers[run])
        cause = causes(answers[run], told.setting_of(run))
        lines += [
            f"[runs.{run}]",
            f'cause = "{cause}"',
            f'evidence = [{{ metric = "{one.metric}", from = {one.first}, to = {one.last}, '
            f'direction = "{one.direction}" }}]',
        ]
    (folder / "diagnosis.toml").write_text("\n".join(lines), encoding="utf-8")
    return homeworks.load(hw)


def points(graded):
    return sum(row.points for row in graded.rows)


def other(right, setting):
    return next(cause for cause in setting.causes if cause != right)


@pytest.mark.parametrize("hw", RECORDED)
def test_right_answers_earn_all_and_wrong_ones_nothing(hw, tmp_path):
    for name in NAMES[:40]:
        homework = hand_in(tmp_path, hw, name)
        graded = grader.grade(homework, tmp_path, {"name": name.lower()}, told_causes=True)
        assert points(graded) == homework.diagnosis.points, (name, graded.rows)
        assert not graded.notes and all(row.passed for row in graded.rows)
    hand_in(tmp_path, hw, causes=other)
    graded = grader.grade(homework, tmp_path, {}, told_causes=True)
    assert points(graded) == 0 and not any(row.passed for row in graded.rows)
    (tmp_path / "diagnosis.toml").unlink()
    graded = grader.grade(homework, tmp_path, {}, told_causes=True)
    assert (
        points(graded) == 0
        and len(graded.rows) == curves.DRAWN
        and "missing" in graded.notes[0].text
    )


def test_evidence_that_does_not_hold_costs_half(tmp_path):
    told = curves.load("hw1")
    metric = next(iter(next(iter(told.settings.values())).metrics))
    steps = next(iter(told.runs.values())).columns["step"]
    never = Claim(metric, steps[0], steps[-1], "above")
    homework = hand_in(tmp_path, "hw1", claim=never)
    graded = grader.grade(homework, tmp_path, {}, told_causes=True)
    held = [
        claims.holds(never, told.runs[run].columns, told.setting_of(run))
        for run in curves.draw_runs(told, NAME)
    ]
    each = homework.diagnosis.points / curves.DRAWN
    sound = [
        a == recipe.SOUND
        for r, a in sorted(recipe.load("hw1").answers.items())
        if r in curves.draw_runs(told, NAME)
    ]
    wanted = [each if holds and not s else each / 2 for holds, s in zip(held, sound)]
    assert [row.points for row in graded.rows] == wanted and not all(held)


def test_before_the_deadline_nothing_is_told_of_the_causes(tmp_path):
    shown = []
    for causes in (lambda right, setting: right, other):
        homework = hand_in(tmp_path, "hw2", causes=causes)
        graded = grader.grade(homework, tmp_path, {}, told_causes=False)
        assert points(graded) == 0
        shown.append([row.message for row in graded.rows if recipe.SOUND not in row.message])
    assert all(grader.LATER in message for message in shown[0])
    planned = blank_record(homework, Job("a", "hw2", "")) | {"checks": []}
    rows = results.render(planned, homework, [], {})["tests"]
    rows = [row for row in rows if row["number"].startswith(homework.diagnosis.id)]
    assert len(rows) == curves.DRAWN and not any("score" in row for row in rows)


def test_a_diagnosis_of_another_name_is_noted(tmp_path):
    homework = hand_in(tmp_path, "hw1")
    graded = grader.grade(homework, tmp_path, {"name": "Grace H"}, told_causes=True)
    assert graded.notes[0].kind == "contradiction" and graded.notes[0].audience == "staff"


def test_the_gradebook_adds_it_to_the_written_half(tmp_path):
    rules = policy.load()
    (tmp_path / "roster.csv").write_text("student\na\nb\n")
    (tmp_path / "hw1-code.csv").write_text("student,score,extra,diagnosis\na,30,0,1.5\nb,30,0,0\n")
    (tmp_path / "hw1-written.csv").write_text("student,score\na,10\nb,10\n")
    _, grades = gradebook.make(tmp_path, rules, Findings())
    shares = [one.shares["hw1"] for one in grades]
    assert rules.named("hw1").points == 57 and shares[0] - shares[1] == pytest.approx(1.5 / 57)
    (tmp_path / "hw1-code.csv").write_text("student,score,extra,diagnosis\na,30,0,2.5\n")
    with pytest.raises(gradebook.KitError, match=r"line 2: 2\.5 points for the recorded curves"):
        gradebook.make(tmp_path, rules, Findings())


# --- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda t: "name = [", "cannot be read"),
        (lambda t: t.replace(f'name = "{NAME}"', ""), "has no name"),
        (lambda t: t.replace(f'name = "{NAME}"', 'name = "Grace H"'), "run"),
        (lambda t: t.rsplit("[runs.", 1)[0], "is missing; add"),
        (lambda t: t + '\n[runs.ZZ]\ncause = ""\n', "not one of yours"),
        (lambda t: t.replace('cause = "', 'cause = "no', 1), "no cause 'no"),
        (lambda t: t.replace('metric = "', 'metric = "no', 1), "no metric 'no"),
        (lambda t: t.replace('direction = "', 'direction = "no', 1), "no direction 'no"),
        (lambda t: t.replace("from = ", 'from = "1" #', 1), "cannot be read"),
        (lambda t: t.replace("from = ", "from = 1e9 ,to=3, x=", 1), "cannot be read"),
        (lambda t: t.replace("from = ", "from = 9", 1), "has fewer than 3 points"),
        (lambda t: t.replace("evidence = [", "evidence = 3 # ", 1), "evidence is a list"),
        (lambda t: "[" * 60_000, "cannot be read"),
        (lambda t: "#" * 100_000, "larger than 64 kB"),
    ],
)
def test_bad_input_is_named_in_one_line(change, said, tmp_path):
    homework = hand_in(tmp_path, "hw1", claim=Claim("loss", 10, 300, "stays"))
    path = tmp_path / "diagnosis.toml"
    path.write_text(change(path.read_text()))
    with pytest.raises(KitError, match=said) as error:
        diagnosis.read(path, curves.load("hw1"))
    assert "\n" not in str(error.value)
    graded = grader.grade(homework, tmp_path, {}, told_causes=True)
    assert points(graded) == 0 and said.split()[0] in graded.rows[0].message


def test_the_file_that_is_made_can_be_read_and_packed(tmp_path):
    for hw in RECORDED:
        told, path = curves.load(hw), tmp_path / hw / "diagnosis.toml"
        diagnosis.write(path, told, diagnosis.blank(told, 'Ada "L" ü'))
        given = diagnosis.read(path, told)
        assert given.name == 'Ada "L" ü'
        assert {v.state for v in diagnosis.verdicts(given, told)} == {diagnosis.OPEN}
    homework = dataclasses.replace(homeworks.load("hw1"), root=tmp_path)
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "autograder/checks/hw1", tmp_path / "autograder/checks/hw1")
    for name in homework.files:
        (tmp_path / "hw1" / name).write_text("x = 1\n")
    _, contents = submit.collect(homework, {})
    assert tomllib.loads(contents["diagnosis.toml"].decode())["runs"]


# --- the kit and the commands -------------------------------------------------------------------


def test_the_answers_do_not_ship():
    shipped = {
        archive.place_in_kit(path.relative_to(ROOT)).as_posix()
        for path in archive.shipped_files(ROOT, RECORDED)
    }
    assert (
        "common/diagnose/command.py" in shipped
        and {f"{hw}/curves.json" for hw in RECORDED} <= shipped
    )
    ours = [name for name in shipped if name.startswith("staff/")]
    assert all(name.startswith("staff/students/") for name in ours)  # they lose that on the way


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    root = tmp_path_factory.mktemp("kit")
    shutil.copytree(ROOT / "common", root / "common", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "hw1").mkdir()
    for name in ("curves.json", "homework.toml"):
        shutil.copy(ROOT / "hw1" / name, root / "hw1")
    return root


def call(kit, *words, typed=""):
    return subprocess.run(
        [sys.executable, "-m", "common.diagnose", *words],
        cwd=kit,
        text=True,
        capture_output=True,
        input=typed,
        check=False,
    )


def test_the_command_draws_makes_and_checks(kit):
    first = call(kit, "hw1")
    assert first.returncode == 2 and "--name" in first.stderr and first.stderr.count("\n") == 1
    made = call(kit, "hw1", "--name", NAME)
    assert made.returncode == 1, made.stderr
    path = kit / "hw1" / "diagnosis.toml"
    told = curves.load("hw1")
    assert diagnosis.read(path, told).name == NAME
    assert (kit / "runs" / "hw1" / "diagnosis.png").read_bytes()[:4] == b"\x89PNG"
    assert all(cause in made.stdout for cause in next(iter(told.settings.values())).causes)
    hand_in(kit / "hw1", "hw1")
    checked = call(kit, "hw1")
    assert checked.returncode == 0 and "4 of 4 pieces of evidence hold" in checked.stdout
    wrong = call(kit, "hw1", "--name", "Grace H")
    assert wrong.returncode == 2 and "move it away" in wrong.stderr
    assert "those of hw1" in call(kit, "hw7").stderr


def typed_answers(told, answers):
    """What fingers type for right answers: the cause by name, the metric by number, steps as shown."""
    for run, cause in answers.items():
        claim = true_claim(told, run, cause)
        metric = list(told.setting_of(run).metrics).index(claim.metric) + 1
        direction = [] if cause == recipe.SOUND else [claim.direction]
        words = (cause, str(metric), *direction, str(claim.first), str(claim.last), "")
        yield "\n".join(words) + "\n"


def test_questions_lead_to_evidence_that_holds(kit):
    path, told = kit / "hw1" / "diagnosis.toml", curves.load("hw1")
    path.unlink(missing_ok=True)
    call(kit, "hw1", "--name", NAME)
    right = {run: recipe.load("hw1").answers[run] for run in curves.draw_runs(told, NAME)}
    first, *others = typed_answers(told, right)
    part = call(kit, "hw1", "--ask", typed=first)
    assert part.returncode == 1 and "--ask" in part.stdout.splitlines()[-1]
    kept = diagnosis.read(path, told)
    assert [v.state for v in diagnosis.verdicts(kept, told)].count(diagnosis.HOLDS) == 1
    whole = call(kit, "hw1", "--ask", "--plain", typed="".join(others))
    assert whole.returncode == 0, whole.stdout
    given = diagnosis.read(path, told)
    assert {row.run: row.cause for row in given.answers} == right
    assert whole.stdout.isascii() and "holds" in whole.stdout


def test_what_does_not_hold_is_told_and_not_kept(kit):
    path, told = kit / "hw1" / "diagnosis.toml", curves.load("hw1")
    path.unlink(missing_ok=True)
    diagnosis.write(path, told, diagnosis.blank(told, NAME))
    path.write_text("# my own note\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    run = curves.draw_runs(told, NAME)[0]
    wrong = next(
        d
        for d in ("rises", "falls")
        if not claims.holds(Claim("loss", 20, 300, d), told.runs[run].columns, told.setting_of(run))
    )
    typed = ["no such", "si", "loss", wrong, "x", "", "", "loss", wrong, "1", "2", "", "", "", ""]
    told_of = call(kit, "hw1", "--ask", run.lower(), typed="\n".join(typed))
    assert told_of.returncode == 1 and "this piece is not kept" in told_of.stdout
    assert "'no such' is none of them" in told_of.stdout and "'x' is not a number" in told_of.stdout
    assert "fewer than 3 points" in told_of.stdout
    answer = next(row for row in diagnosis.read(path, told).answers if row.run == run)
    assert answer.cause == "sign" and not answer.claims
    assert "# my own note" in (kit / "hw1" / "diagnosis.toml.old").read_text(encoding="utf-8")
    assert "run ZZ is not one of yours" in call(kit, "hw1", "--ask", "zz").stderr


@pytest.mark.parametrize("hw", RECORDED)
def test_a_picture_comes_with_its_numbers_and_its_words_stand_apart(hw):
    told = curves.load(hw)
    chosen = {run.setting: name for name, run in told.runs.items()}  # one run of each setting
    runs = sorted(chosen.values())
    text = picture.as_text(told, runs)
    for run in runs:
        columns = told.runs[run].columns
        assert all(f"{number:11.4g}" in text for column in columns.values() for number in column)
    figure = picture.figure_of(told, runs)
    figure.draw_without_rendering()
    for run, strip in zip(runs, figure.subfigs):
        boxes = [axis.get_tightbbox() for axis in strip.axes if axis.get_visible()]
        assert len(boxes) == len(told.setting_of(run).metrics)
        for place, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[place + 1 :]), run


def test_recording_some_runs_keeps_the_others(monkeypatch):
    known = json.loads((ROOT / "hw3" / "curves.json").read_text(encoding="utf-8"))
    before, trained = json.loads(json.dumps(known)), []

    class Trainings:
        __init__ = __exit__ = lambda *_: None
        __enter__ = lambda self: self  # noqa: E731

        def train(self, recipe, run, entry):
            trained.append(run.name)
            return {
                "step": [len(trained)],
                **{name: [0] for name in recipe.settings[run.setting].metrics},
            }

    monkeypatch.setattr(record, "Trainings", Trainings)
    made = recipe.load("hw3")
    found = record.record(made, homeworks.load("hw3"), ["T", "lora"], known)
    seeds = [f"seed {seed}" for seed in made.settings["lora"].sound]
    assert trained == [*seeds, "T"] and list(found["runs"]) == sorted(made.answers)
    assert found["runs"]["T"]["columns"]["step"] == [len(trained)]
    assert found["settings"]["lora"]["reference"]["step"] == [1]
    for part, own in (("runs", "T"), ("settings", "lora")):
        rest = found[part].keys() - {own}
        assert rest and all(found[part][name] == before[part][name] for name in rest)
    with pytest.raises(homeworks.KitError, match="--only Z: hw3 has block, probe, lora, A, B"):
        record.record(made, homeworks.load("hw3"), ["Z"], known)


def test_recording_keeps_numbers_alone(tmp_path):
    text = record.as_json({"a": {"step": [1, 2, 30], "x": [0.5, -1e-06, 2.0]}, "b": ["p", "q"]})
    assert json.loads(text) == {"a": {"step": [1, 2, 30], "x": [0.5, -1e-06, 2.0]}, "b": ["p", "q"]}
    assert '"x": [0.5, -1e-06, 2.0]' in text
    with pytest.raises(homeworks.KitError, match="hw0 has no curves"):
        recipe.load("hw0")
