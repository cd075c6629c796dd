"""Questions about a student's own code: well-formed, with one right answer each, and one's own."""

import builtins
import importlib.util
import random
import shutil
from pathlib import Path

import pytest
import torch

from autograder.explain import command, holes, instrument, kinds, left_out, of_runs
from autograder.explain.ask import ask
from autograder.explain.gather import Happened, Seen
from autograder.explain.question import Question, choices
from common import homework as homeworks
from common.errors import KitError
from staff.authoring import catalogue
from tests.conftest import HOMEWORKS

ROOT = homeworks.ROOT
DRAW = random.Random(4)
CODE = '''"""A file."""
import torch


def prototypes(features, labels, way):
    """What the stub says."""
    found = []
    for name in range(way):
        own = features[labels == name]
        found.append(own.mean(dim=0))
    if way > 99:
        own = None
    return torch.stack(found)
'''


def hole_of(source, name="prototypes", problem="1a", file="protonet.py"):
    return holes.Hole(problem, file, name, source, holes.function_named(source, name))


# --- of the code ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_a_solution_gives_five_good_questions(hw, worker):
    homework = homeworks.load(hw)
    found = ask(homework, ROOT / "staff/solutions" / hw, worker)
    assert len(found) == 5 and [q for one in found for q in one.complaints()] == []
    assert len({one.text for one in found}) == 5 and len({one.kind for one in found}) >= 4
    if hw == "hw2":
        assert found == ask(homework, ROOT / "staff/solutions" / hw, worker)
        assert found != ask(homework, ROOT / "staff/solutions" / hw, worker, again=1)


SAMPLE = [("hw0", "1a"), ("hw1", "1"), ("hw2", "2a"), ("hw3", "2a"), ("hw4", "2a")]


@pytest.mark.parametrize("hw, near", SAMPLE)
def test_two_right_ways_get_different_questions(hw, near, worker, tmp_path):
    homework = homeworks.load(hw)
    variants = catalogue.entries(hw, "variant")
    entry = next((one for one in variants if one.problem.startswith(near)), variants[0])
    folder = catalogue.submission(entry, tmp_path)
    theirs = ask(homework, folder, worker, only=entry.problem)
    ours = ask(homework, ROOT / "staff/solutions" / hw, worker, only=entry.problem)
    assert [told for one in theirs for told in one.complaints()] == []
    asked = {(one.text, one.answer) for one in ours}
    assert len([one for one in theirs if (one.text, one.answer) not in asked]) >= 3


def test_answers_are_what_the_code_does(worker, tmp_path):
    homework = homeworks.load("hw2")
    shutil.copytree(ROOT / "staff/solutions/hw2", tmp_path, dirs_exist_ok=True)
    path = tmp_path / "protonet.py"
    path.write_text(path.read_text() + "\n\n" + CODE.partition("import torch\n")[2])
    asked = [q for n in range(6) for q in ask(homework, tmp_path, worker, only="1a", again=n)]
    shapes = {q.text.rpartition("which shape has ")[2]: q for q in asked if q.kind == "shape"}
    one = shapes["`own.mean(dim=0)`?"]
    size = (
        one.text.partition("`features` is a tensor of shape [")[2].partition("]")[0].split(", ")[1]
    )
    assert one.answer == f"[{size}]"
    counts = [q for q in asked if q.kind == "count" and "`own.mean(dim=0)`" in q.text]
    way = counts[0].text.partition("`way` is ")[2].partition(")")[0]
    assert counts[0].answer == way


def test_a_stub_gives_no_question(worker):
    with pytest.raises(KitError, match="no hole is filled in yet"):
        ask(homeworks.load("hw1"), ROOT / "hw1", worker)


def test_code_that_raises_or_tampers_is_asked_about_what_is_left(worker, tmp_path):
    homework = homeworks.load("hw2")
    shutil.copytree(ROOT / "staff/solutions/hw2", tmp_path, dirs_exist_ok=True)
    (tmp_path / "maml.py").write_text("def broken(:\n")
    path = tmp_path / "protonet.py"
    text = path.read_text().replace("return torch.stack", "__see__ = None; return torch.stack")
    path.write_text(text)
    found = ask(homework, tmp_path, worker)
    assert found and all(one.about.startswith("1") for one in found)
    assert [told for one in found for told in one.complaints()] == []


def watching():
    """The module that runs beside a student's code."""
    path = Path(instrument.__file__).with_name("watching.py")
    spec = importlib.util.spec_from_file_location("watching", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_instrumented_file_computes_what_it_computed_before():
    beside, source = watching(), CODE
    changed, sites = instrument.instrument(source, [hole_of(source)])
    before, after = {}, {}
    exec(source, before)
    exec(changed, after)
    given = (torch.rand(6, 4), torch.tensor([0, 1, 2, 0, 1, 2]), 3)
    run = beside.watch(lambda *arguments: after["prototypes"](*arguments))
    told = run(*given)
    assert torch.equal(told["value"], before["prototypes"](*given))
    assert {"own.mean(dim=0)", "features[labels == name]", "range(way)"} <= {
        site.text for site in sites["1a"]
    }
    assert '"zeros": {"1a": {"": ' in told["seen"]
    del builtins.__see__, builtins.__called__


@pytest.mark.parametrize(
    "code",
    [
        "def f(x, /, *, k=1):\n    y: int = k\n    x[0] = y\n    return f'{x!r:>{k}}', {**{'a': x}}, [*x]",
        "def f(x):\n    match x:\n        case [1, *rest]:\n            return rest\n    return (z := x), lambda q: q + x",
        "class A:\n    def f(self, x):\n        return super().__repr__(), [i for i in x if i], x[0:1]\n"
        "def f(x):\n    return A().f(x)[1:]",
        "async def g(x):\n    return x\ndef f(x):\n    del x[0]\n    global G\n    G = x\n    return {a: b for a, b in enumerate(x)}",
        "def f(x):\n    def inner(x, by=len(x)):\n        yield from x\n    return list(inner(x)), -1, not x",
    ],
)
def test_every_form_of_python_stays_itself(code):
    beside = watching()
    changed, _ = instrument.instrument(code, [hole_of(code, "f")])
    before, after = {}, {}
    exec(code, before)
    exec(changed, after)
    values = [space["f"]([1, 2, 3]) for space in (before, after)]
    assert str(values[0]).split("<")[0] == str(values[1]).split("<")[0]
    assert beside.watch(lambda: 1)()["value"] == 1


def test_where_a_value_is_read():
    asked = {q.text: q.answer for q in kinds.uses(hole_of(CODE), DRAW)}
    found = next(answer for text, answer in asked.items() if "The value `found`" in text)
    given = next(answer for text, answer in asked.items() if "The argument `way`" in text)
    assert (found, given) == ("10, 13", "8, 11")
    assert not any("`own`" in text for text in asked)  # it has two values


def test_a_line_is_left_out_as_a_whole():
    hole = hole_of(CODE)
    (append,) = [one for one in left_out.candidates(hole) if one.lineno == 10]
    assert left_out.without(hole, append) == CODE.replace("found.append(own.mean(dim=0))", "pass")


def test_expressions_that_are_not_the_same_each_time_are_not_asked_about():
    site = instrument.Site(0, 9, "features[labels == name]", False)
    happened = Happened("a check", {}, [Seen(site, 3, "", "", None, "torch.float32", "Tensor")])
    assert list(kinds.shapes(hole_of(CODE), happened, DRAW)) == []
    assert [q.answer for q in kinds.counts(hole_of(CODE), happened, DRAW)] == ["3"]


# --- of runs --------------------------------------------------------------------------------------


def run_folder(root, name, rows=9, tiny=False, head="step,loss,val_accuracy"):
    (root / name).mkdir(parents=True)
    (root / name / "config.json").write_text(f'{{"data": "glyphs", "tiny": {str(tiny).lower()}}}')
    lines = "".join(f"{n * 100},{2 / n:.4f},{0.5 + 0.04 * n:.4f}\n" for n in range(1, rows + 1))
    (root / name / "metrics.csv").write_text(head + "\n" + lines)


def test_a_run_is_asked_about_by_its_own_rows(tmp_path):
    run_folder(tmp_path, "maml-seed0")
    run_folder(tmp_path, "maml-seed1", tiny=True)
    run_folder(tmp_path, "short", rows=2)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("[]")
    runs = of_runs.find(tmp_path, tmp_path / "none")
    assert [run.name for run in runs] == ["maml-seed0"]
    for question in of_runs.questions(runs, DRAW):
        assert question.complaints() == [] and len(question.choices) >= 3
        step = int(question.text.partition("at step ")[2].partition(",")[0]) // 100
        right = 2 / step if "What was loss" in question.text else 0.5 + 0.04 * step
        assert question.answer == f"{right:.2g}"


# --- asking ---------------------------------------------------------------------------------------


def test_typed_answers():
    one = Question("shape", "1a", "?", "[2]", ("[1]", "[2]", "[3]"))
    assert one.is_right("b") and one.is_right(" B) ") and one.is_right("[2]")
    assert not one.is_right("a") and not one.is_right("z") and not one.is_right("")
    lines = Question("uses", "1a", "?", "8, 11")
    assert lines.is_right("11 and 8") and not lines.is_right("8") and not lines.is_right("8 8 11")


def test_choices_hold_the_answer_once():
    assert sorted(choices("1", ["2", "1", "2", "3", "4", "5"], DRAW)) == ["1", "2", "3", "4"]
    assert choices("1", ["1"], DRAW) == ()
    assert Question("shape", "1a", "?", "9", ("1", "2")).complaints()
    assert Question("shape", "1a", "?", "1", ("1", "1")).complaints()


def test_practice_says_what_is_right(monkeypatch, capsys):
    asked = [
        Question("shape", "1a", "?", "[2]", ("[1]", "[2]"), "names it"),
        Question("uses", "1a", "where?", "8, 11", (), "says why"),
    ]
    monkeypatch.setattr(command, "make_questions", lambda *_: asked)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for typed, code in ((["b", "8 11"], 0), (["a", "8"], 1)):
        monkeypatch.setattr("builtins.input", lambda _, typed=typed: typed.pop(0))
        assert command.main(["hw2"]) == code
    out = capsys.readouterr().out
    assert "no: it is [2]" in out and "a good explanation names it" in out and "2 of 2 right" in out
    assert command.main(["hw2", "--answers"]) == 0
    assert "answer: 8, 11" in capsys.readouterr().out
