"""`python -m autograder submit hw1`: the zip to hand in, with a manifest and a signed statement."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path

from autograder import asked, written_runs
from autograder.report.record import PASSES_AS_CHANGED, HomeworkResult
from autograder.run import finding
from autograder.run.base import Worker
from autograder.run.notes import PUT_BACK, Note, Tell
from autograder.run.overlay import files_to_judge
from autograder.statement import OF_OLDER_KITS, asks_for_tools, statement
from common import homework as homeworks
from common.errors import KitError
from common.files import write_archive, write_text
from common.homework import Homework
from common.kit.version import kit_version
from common.options.command_line import add_shared
from common.options.terminal import can_ask
from common.training.receipts import RECEIPT
from common.training.state import ABSENT, FILES, FINISHED, OTHER, STOPPED, State, state_of

SIGNATURE_FILE = "submission.toml"
DIAGNOSIS_FILE = "diagnosis.toml"
RUN_FILES = (*FILES, RECEIPT)
LARGEST_FILE = 16 * 2**20
TRAINED_WITH = "the course grader loads your weights into the kit's given code, not into yours"


def main(argv: list[str]) -> int:
    """Pack a homework; return the exit code."""
    parser = asked.parser_of(
        "submit",
        "Grade a homework, sign it, and pack the zip to hand in.",
        "example:\n  python -m autograder submit hw1 -o hw1.zip",
    )
    add_shared(parser, "homework", "--runs")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the zip to write (hwN-submission.zip)",
    )
    options = parser.parse_args(argv)
    homework = homeworks.load(asked.homework_of(options.homework))
    output = options.output or Path(f"{homework.name}-submission.zip")

    told: list[Note] = []
    code = collect_code(homework, told.append)
    if not os.access(output.parent, os.W_OK):
        raise KitError(f"cannot write {output}: choose another place with -o FILE")

    signature = sign(homework.root)
    runs, notes = find_runs(homework, options.runs)
    if homework.diagnosis is not None and not (homework.folder / DIAGNOSIS_FILE).is_file():
        notes.append(
            f"{DIAGNOSIS_FILE} (problem {homework.diagnosis.id}): not there; make it with: "
            f"python -m common.diagnose {homework.name}"
        )
    named, unnamed = written_runs.find(homework, options.runs, runs.values())
    written_runs.give_receipts([*runs.values(), *named])
    others, left_out = written_runs.read_small_files(named)
    notes += written_runs.notes(others, left_out, unnamed)
    manifest, contents = collect(homework, runs, others, code)
    print("grading what is packed …", file=sys.stderr)
    result = judge_packed(homework, code)
    manifest |= signature | {"score": result.score, "max_score": result.max_score}
    write_zip(output, contents, manifest)

    notes += dict.fromkeys([*(note.text for note in told), *result.told])
    if any(note.kind == PUT_BACK for note in result.notes):
        notes.append(TRAINED_WITH)
    for note in notes:
        print(f"note: {note}")
    print(f"{output}: {len(contents)} files, local score {result.score:g} of {result.max_score:g}")
    if lost := as_changed(result):
        print(
            f"with your changes of the given code it would be {result.score + lost:g}, but the "
            "course grader uses the kit's given code"
        )
    if due := homework.due():
        print(f"{homework.name} {due}")
    print(
        f"the written half is handed in by itself: make the page with python -m common.report "
        f"{homework.name}, print it to PDF, upload the PDF"
    )
    return 0


def sign(root: Path) -> dict:
    """The signed statement: asked for once, kept in submission.toml.

    Without a terminal nothing is asked; the manifest then says that it is unsigned. It is asked for
    again when the statement of the course has changed.
    """
    path, text = root / SIGNATURE_FILE, statement(root)
    if (kept := _signature(path)) is not None and kept.pop("statement") == text:
        print(f"{_read_back(kept)} (to change it, delete {SIGNATURE_FILE} and hand in again)")
        return kept
    if not can_ask():
        print("note: not signed: run this once in a terminal to sign the statement")
        return {"signed": False, "name": "", "collaborators": [], "tools": []}
    print(text)
    signed = ask_until_right(asks_for_tools(root))
    if signed["name"]:
        kept = {"statement": text, **signed}
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in kept.items()]
        write_text(path, "".join(lines))
    return signed


def ask_until_right(tools: bool) -> dict:
    """Ask who signs and with whom; read it back, and ask again until it is right.

    Args:
        tools: ask for AI tools as well.
    """
    unsigned = {"signed": False, "name": "", "collaborators": [], "tools": []}
    try:
        while True:
            name = input("Your name, to sign this (empty: not now): ").strip()
            if not name:
                return unsigned
            others = _several("Collaborators, separated by commas (empty: none): ")
            used = _several("AI tools, separated by commas (empty: none): ") if tools else []
            signed = {"signed": True, "name": name, "collaborators": others, "tools": used}
            print(_read_back(signed))
            if input("Is this right? (Enter: yes; n: type it again) ").strip()[:1] not in (
                "n",
                "N",
            ):
                print(f"kept in {SIGNATURE_FILE}; to change it, delete that file and hand in again")
                return signed
    except EOFError:  # Ctrl-D
        print("\nnote: not signed")
        return unsigned


def _read_back(signed: dict) -> str:
    with_whom = ", ".join(signed["collaborators"]) or "nobody"
    tools = f", with the tools {', '.join(signed['tools'])}" if signed.get("tools") else ""
    return f"signed by {signed['name']}, who worked with {with_whom}{tools}"


def _several(question: str) -> list[str]:
    return [one.strip() for one in input(question).split(",") if one.strip()]


def _signature(path: Path) -> dict | None:
    """Return the signed statement; None where there is none.

    Raises:
        KitError: when the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            "statement": str(kept.get("statement", OF_OLDER_KITS)),
            "signed": bool(kept["signed"]),
            "name": str(kept["name"]),
            "collaborators": [str(name) for name in kept["collaborators"]],
            "tools": [str(name) for name in kept.get("tools", [])],
        }
    except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise KitError(f"{path.name} cannot be read ({error}); delete it and sign again") from None


def find_runs(homework: Homework, root: Path) -> tuple[dict[str, Path], list[str]]:
    """The finished run of every required experiment, and notes on what is not packed."""
    found, notes = {}, []
    for experiment in homework.experiments:
        name = experiment.name
        folders = sorted((root / homework.name).glob(f"{name}-seed*"))
        states = {
            f: state_of(f) for f in folders if re.fullmatch(rf"{re.escape(name)}-seed-?\d+", f.name)
        }
        done = [folder for folder, state in states.items() if state.kind == FINISHED]
        if done:
            found[name] = done[0]
            source = json.loads((done[0] / "config.json").read_text(encoding="utf-8"))["data"]
            notes.append(f"{name}: {done[0]}, trained on {source}")
            notes += [
                f"not packed: {path}: larger than {LARGEST_FILE / 2**20:.0f} MB"
                for path in _files_of(done[0])
                if _is_too_large(path)
            ]
        elif experiment.hand_in:
            notes += [
                f"{folder}: not packed, {state.why}, which is not the run asked for"
                for folder, state in states.items()
                if state.kind == OTHER
            ]
            stopped = (state for state in states.values() if state.kind == STOPPED)
            command = next(stopped, State(ABSENT)).command(experiment.command)
            notes.append(f"{name}: no finished run; make it with: {command}")
    return found, notes


def _files_of(run: Path) -> list[Path]:
    return [run / name for name in RUN_FILES if (run / name).is_file()]


def _is_too_large(path: Path) -> bool:
    return path.stat().st_size > LARGEST_FILE


def collect(
    homework: Homework,
    runs: dict[str, Path],
    others: dict[str, bytes] | None = None,
    code: dict[str, bytes] | None = None,
) -> tuple[dict, dict[str, bytes]]:
    """Return the manifest of a zip to hand in, and the bytes of each file in it by name.

    Args:
        others: what goes into the zip besides.
        code: the files to hand in and their helper modules; None finds them.
    """
    contents = dict(others or {})
    contents |= collect_code(homework, lambda note: None) if code is None else code
    for name in ("writeup.md", DIAGNOSIS_FILE):
        if (path := homework.folder / name).is_file():
            contents[name] = path.read_bytes()
    for name, folder in runs.items():
        for path in _files_of(folder):
            if not _is_too_large(path):
                contents[f"runs/{name}/{path.name}"] = path.read_bytes()
    files = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    return {"homework": homework.name, "kit": kit_version(homework.root), "files": files}, contents


def collect_code(homework: Homework, tell: Tell) -> dict[str, bytes]:
    """The code that is handed in: the files, under their own names, and their helper modules.

    Raises:
        KitError: when a file is missing that points hang on.
    """
    files = files_to_judge(homework, tell=tell)
    there = {file.name for file in files}
    missing = [n for n in homework.files if n not in there and finding.needed(n, homework)]
    if missing:
        raise KitError(f"{homework.name} cannot be handed in: {', '.join(missing)} missing")
    return {file.name: file.path.read_bytes() for file in files}


def judge_packed(
    homework: Homework,
    code: dict[str, bytes],
    worker: Worker | None = None,
    isolation: str | None = None,
) -> HomeworkResult:
    """The verdict on the files that are packed, in a clean kit.

    Args:
        worker: a warm one to use; None starts one.
        isolation: its kind; None takes the best of this system.
    """
    from autograder import engine

    with tempfile.TemporaryDirectory(prefix="packed-", ignore_cleanup_errors=True) as folder:
        for name, data in code.items():
            Path(folder, name).write_bytes(data)
        return engine.grade(homework, submission=Path(folder), worker=worker, isolation=isolation)


def as_changed(result: HomeworkResult) -> float:
    """The points of checks that pass only with given code as the student changed it."""
    return sum(row.max_points for row in result.checks if row.aside == PASSES_AS_CHANGED)


def write_zip(path: Path, contents: dict[str, bytes], manifest: dict) -> None:
    """Write the zip whole; the same files give the same bytes."""
    text = json.dumps(manifest, indent=2, sort_keys=True).encode()
    write_archive(path, {"manifest.json": text, **dict(sorted(contents.items()))})
