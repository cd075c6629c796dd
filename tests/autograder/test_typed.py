"""What fingers type, and terminals that know few signs or nobody sits at."""

import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from autograder import asked, submit
from autograder.__main__ import main
from autograder.asked import Asked
from autograder.planning import plan, planned
from autograder.run import base
from common import homework as homeworks
from common.errors import KitError
from common.kit import remedies
from common.options import terminal

ROOT = homeworks.ROOT


@pytest.mark.parametrize(
    "words, problem, found",
    [
        (["hw1"], None, Asked(("hw1",))),
        (["hw1/"], None, Asked(("hw1",))),
        (["HW1"], None, Asked(("hw1",))),
        (["1"], None, Asked(("hw1",))),
        (["01"], None, Asked(("hw1",))),
        (["./hw1/mann.py"], None, Asked(("hw1",), ("2a", "2b"))),
        (["1/mann.py"], None, Asked(("hw1",), ("2a", "2b"))),
        (["hw0", "1"], None, Asked(("hw0",), ("1a", "1b"))),
        (["0", "1"], None, Asked(("hw0", "hw1"))),
        (["hw1", "2B"], None, Asked(("hw1",), ("2b",))),
        (["hw1"], "2B", Asked(("hw1",), ("2b",))),
        (["hw1"], "2", Asked(("hw1",), ("2a", "2b"))),
        (["hw1"], "1", Asked(("hw1",), ("1",))),
        (["hw0"], "x", Asked(("hw0",), ("X1", "X2"))),
        ([], None, Asked(())),
    ],
)
def test_what_is_typed_is_understood(words, problem, found):
    assert asked.understand(words, problem) == found


def test_files_are_found_from_the_folder_of_a_homework(monkeypatch):
    monkeypatch.chdir(ROOT / "hw1")
    assert asked.understand(["mann.py"]) == Asked(("hw1",), ("2a", "2b"))
    assert asked.understand([], "2b") == Asked(("hw1",), ("2b",))
    assert asked.understand(["../hw0"]) == Asked(("hw0",))


@pytest.mark.parametrize(
    "words, problem, told",
    [
        (["hx1"], None, "no homework 'hx1' here; did you mean hw1?"),
        (["submitt"], None, "did you mean submit?"),
        (["hw7"], None, "no homework 'hw7' here; "),
        (["hw1"], "2z", "hw1 has no problem '2z'; did you mean 2"),
        (["hw1/man.py"], None, "did you mean mann.py?"),
        (["hw1/train.py"], None, "no problem of hw1 is in train.py"),
        (["hw0"], "4p", "hw0 4p has no checks"),
        (["hw0", "hw1"], "2a", "--problem needs one homework"),
        ([], "2a", "--problem needs one homework"),
    ],
)
def test_a_near_miss_is_answered(words, problem, told):
    with pytest.raises(KitError) as error:
        asked.understand(words, problem)
    assert told in str(error.value)


@pytest.mark.parametrize("code", ["cp1252", "cp437", "ascii", "utf-8"])
def test_signs_that_do_not_exist_are_spelt(code):
    text = "✓ loss ± 0.1 → α█ é …"
    command = (
        f"from common.options import terminal; terminal.spell_what_is_missing(); print({text!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": code},
        check=True,
    )
    said = done.stdout.decode(code).strip()
    expected = "".join(s if _has(code, s) else terminal.spelt(s) for s in text)
    assert said == expected and "?" not in said
    assert (said == text) == (code == "utf-8")


def _has(code, sign):
    try:
        sign.encode(code)
    except UnicodeEncodeError:
        return False
    return True


def test_a_closed_input_is_not_asked(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert not terminal.can_ask()
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.live()


def test_what_pytest_is_told_elsewhere_changes_no_plan(monkeypatch):
    homework = homeworks.load("hw0")
    known = [check.id for check in plan(homework)]
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing --no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    planned.clear()
    assert [check.id for check in plan(homework)] == known
    assert os.environ["PYTEST_PLUGINS"] == "no_such_plugin"


HIDING = ["random.py", "token.py", "re.py", "enum.py", "gettext.py", "argparse.py", "__future__.py"]


@pytest.mark.parametrize("name", [*HIDING, "torch.py", "jinja2.py", "math/__init__.py"])
@pytest.mark.parametrize("command", ["common.experiments", "hw1.train", "autograder"])
def test_what_hides_a_module_is_named(name, command, tmp_path):
    for folder in ("common", "autograder", "hw1"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    hiding = name.partition("/")[0]
    assert done.returncode == 2 and f"{hiding} hides the module of that name" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


# these end `python -m` before any line of ours runs: make looks for them first
@pytest.mark.parametrize("name", ["types", "importlib", "collections", "random"])
@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_names_what_hides_a_module(name, tmp_path):
    for part in ("common", "Makefile", "requirements.txt"):
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / f"{name}.py").write_text("")
    made = ["make", "setup", f"PYTHON={sys.executable}", "VENV=none"]
    done = subprocess.run(made, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"{name}.py hides the module of that name" in done.stderr.splitlines()[0]
    assert not (tmp_path / "none").exists()


def test_a_signature_is_read_back_until_it_is_right(monkeypatch, capsys):
    typed = io.StringIO("Adda\nBob\nn\nAda\nBob, Cy\n\n")
    monkeypatch.setattr("sys.stdin", typed)
    signed = submit.ask_until_right(tools=False)
    assert signed == {"signed": True, "name": "Ada", "collaborators": ["Bob", "Cy"], "tools": []}
    said = capsys.readouterr().out
    assert "signed by Adda, who worked with Bob\n" in said
    assert "kept in submission.toml; to change it, delete that file" in said


@pytest.mark.parametrize("command", ["autograder hw0", "hw0.train --tiny", "common.report hw0"])
@pytest.mark.skipif(os.name == "nt", reason="a Python lies elsewhere there")
def test_a_python_without_the_packages_is_told_of_in_a_line(command, tmp_path):
    for name in ("common", "autograder", "hw0"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    told = ["make setup", "type .venv/bin/python in place of python"]
    for way in told:
        done = subprocess.run(  # -S: without the installed packages
            [sys.executable, "-S", "-m", *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2 and way in done.stderr, done.stderr
        assert "is not installed for" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        (tmp_path / ".venv" / "bin" / "python").touch()


def test_a_module_that_a_package_lacks_is_no_package_that_is_not_installed():
    done = subprocess.run(
        [sys.executable, "-c", "import common, numpy.linnalg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "is not installed" not in done.stderr
    assert "No module named 'numpy.linnalg'" in done.stderr


def test_a_package_that_the_machine_does_not_let_in_is_told_of_in_a_line():
    told = "libtorch_cpu.so: failed to map segment from shared object"
    done = subprocess.run(
        [sys.executable, "-c", f"import common; raise ImportError({told!r})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and f"({told}); " in done.stderr and "memory" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_odd_environment_changes_no_verdict(tmp_path):
    odd = {
        "PYTEST_ADDOPTS": "-k nothing --no-such-option",
        "PYTEST_PLUGINS": "no_such_plugin",
        "PYTHONOPTIMIZE": "2",
        "PYTHONIOENCODING": "cp437",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "TMPDIR": str(tmp_path / "not there"),
        "TERM": "dumb",
    }
    submission = str(ROOT / "staff" / "solutions" / "hw0")
    words = ["hw0", "--problem", "3b", "--submission", submission, "--json", "-", "--plain"]
    rows = []
    for environment in ({}, odd):
        done = subprocess.run(
            [sys.executable, "-m", "autograder", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        record = json.loads(done.stdout)
        rows.append([(row["id"], row["status"], row["points"]) for row in record["checks"]])
    assert rows[0] == rows[1] and rows[0]


def test_ctrl_d_ends_questions_in_a_line(monkeypatch, capsys):
    def ask(argv):
        raise EOFError

    monkeypatch.setattr("autograder.explain.command.main", ask)
    assert main(["explain", "hw0"]) == 130
    assert capsys.readouterr().err.strip().startswith("stopped")


@pytest.mark.parametrize("word", ["hw1", "HW1", "hw1/", "1", "./hw1", " hw1 "])
def test_every_command_takes_a_homework_as_it_is_typed(word):
    assert homeworks.name_of(word) == "hw1"


@pytest.mark.parametrize("typed", ["\n", "Ada\n", "Ada\n\n"])
def test_nothing_is_signed_before_it_is_confirmed(monkeypatch, typed):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert not submit.ask_until_right(tools=False)["signed"]


@pytest.mark.parametrize(
    "error, limit, told",
    [
        (
            "libtorch_cpu.so: failed to map segment from shared object",
            2**31,
            "2.0 GiB of memory: ulimit -v",
        ),
        ("DefaultCPUAllocator: can't allocate memory", None, "close other programs"),
        (
            "x.so: failed to map segment from shared object: Operation not permitted",
            None,
            "may not run",
        ),
        ("No module named 'torch'", None, "set up with: make setup"),
    ],
)
def test_what_cannot_be_imported_is_told_with_what_helps(error, limit, told, monkeypatch):
    monkeypatch.setattr(remedies, "_address_space", lambda: limit)
    with pytest.raises(KitError) as raised:
        base.check_imports({"torch": error})
    assert told in str(raised.value) and "\n" not in str(raised.value)
