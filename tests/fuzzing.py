"""Everything that the grading parent reads, fed with what nobody would write: `python -m tests.fuzzing 100000`.

Each target takes bytes and must give a value or its own kind of refusal; any other exception, and any
input that takes longer than `PATIENCE`, is a fault. Inputs are sound examples with a few changes, so
that they get past the first check; the same number gives the same inputs.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.judge import exceptions
from autograder.run import student, wire
from autograder.run.outcome import outcome_of
from common import homework as homeworks
from common.diagnose import curves, diagnosis
from common.errors import KitError
from common.files import untrusted
from staff.course import policy
from staff.course.book import read_book
from staff.course.csv_cell import STARTS, UNSEEN, cell, plain_text
from staff.course.findings import Findings
from staff.course.platforms import canvas, moodle
from staff.course.roster import Ambiguous, Roster, Student
from staff.grading import receipts, submissions, trained, unpack
from staff.grading.archives import Refused
from staff.grading.gradescope import results
from staff.grading.gradescope.grading import read_metadata
from staff.grading.hand_ins import read_times, sort_out
from staff.written import answers, facts

PATIENCE = 30  # seconds: no input of this size may take so long
HOMEWORK = homeworks.load("hw1")
CURVES = curves.load("hw2")
ROSTER = Roster([Student("s1", "Jane Doe", email="jane@x.edu"), Student("s2", "Jörg Müller")])
TOKENS = [
    b"NaN", b"Infinity", b"1e999", b"-1", b"0", b"9" * 30, b"1" * 5000, b"null", b"true", b'""', b"[]",
    b"{}", b"[" * 50, b'{"a":' * 30, b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800",
    b"../", b"/etc/passwd", b"\\", b"=1+1", b"\xe2\x80\x8b=1", b"'", b'"', b",", b";", b"\t", b"\r",
    b"\n", b"a." * 40, b"0x" + b"f" * 40, b"2024-13-40", b"inf", b"-0.0", b"\xe2\x80\xae", b"takes p" * 99,
]  # fmt: skip


class Late(BaseException):
    """An input that takes too long; no handler of `Exception` may swallow it."""


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        examples: sound inputs.
        read: takes an input and a folder of its own; raises nothing but refusals.
        refusals: the exceptions with which it may say no.
        share: how many of all inputs are its, in parts.
    """

    name: str
    examples: tuple[bytes, ...]
    read: Callable[[bytes, Path], object]
    refusals: tuple[type[Exception], ...] = ()
    share: int = 1


# --- inputs -------------------------------------------------------------------------------------


def inputs(target: Target, draw: random.Random) -> Iterator[bytes]:
    """Changed examples of a target, without end."""
    while True:
        data = draw.choice(target.examples)
        for _ in range(draw.choice((1, 1, 2, 3, 8))):
            data = change(data, draw, target.examples)
        yield data


def change(data: bytes, draw: random.Random, others: tuple[bytes, ...]) -> bytes:
    """One change: a bit, a piece, a token, a number."""
    at, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    match draw.randrange(12):
        case 8 | 9 | 10 | 11:
            return change_value(data, draw)
        case 0 if data:
            spot = draw.randrange(len(data))
            return data[:spot] + bytes([data[spot] ^ 1 << draw.randrange(8)]) + data[spot + 1 :]
        case 1:
            return data[:at] + data[min(end, at + 40) :]
        case 2:
            return data[:at] + data[at:end][:200] * draw.choice((2, 3, 50)) + data[end:]
        case 3:
            return data[:at] + draw.choice(TOKENS) + data[min(end, at + draw.choice((0, 1, 8))) :]
        case 4:
            return data[:at]
        case 5:
            other = draw.choice(others)
            return data[:at] + other[draw.randrange(len(other) + 1) :]
        case 6:
            size = draw.choice((1, 2, 4, 8))
            number = draw.choice(
                (0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), draw.getrandbits(8 * size))
            )
            return (
                data[:at]
                + number.to_bytes(size, draw.choice(("big", "little")))
                + data[at + size :]
            )
    return data[:at] + data[at:end][::-1] + data[end:]


SCALAR = re.compile(rb'"[^"]*"|-?\d+(?:\.\d+)?|true|false|null')
VALUES = [
    b"NaN", b"nan", b"-Infinity", b"inf", b"1e999", b"-1", b"0", b"9" * 30, b"0x" + b"f" * 40, b"null",
    b"true", b'""', b'"x"', b"[]", b"{}", b"[[[[]]]]", b'"\\ud800"', b'"=1+1"', b'"../x"', b"1.5", b"2**9",
    b'{"a": [1, "x"]}', b'"' + b"x" * 999 + b'"', b"2024-01-01", b"[NaN]", b'"torch"', b'"object"', b"1e308",
]  # fmt: skip


def change_value(data: bytes, draw: random.Random) -> bytes:
    """Put another value in place of one of a JSON, TOML or CSV text: the rest stays sound."""
    spots = [found.span() for found in SCALAR.finditer(data)]
    if not spots:
        return data
    start, end = draw.choice(spots)
    return data[:start] + draw.choice(VALUES) + data[end:]


# --- readers ------------------------------------------------------------------------------------


def read_frame(data: bytes, _: Path) -> None:
    if len(data) >= wire.PREFIX_SIZE:
        with contextlib.suppress(wire.WireError):
            wire.frame_size(data[: wire.PREFIX_SIZE])
        size = min(int.from_bytes(data[8:12], "big"), len(data))
        data = struct.pack(">QI", len(data), size) + data[12:]  # as if the lengths were right
    wire.unpack(data, 2**20)


def read_header(data: bytes, folder: Path) -> None:
    """A frame whose lengths are right and whose header is anything."""
    head, _, body = data.partition(b"\n")
    size = wire.PREFIX_SIZE + len(head) + len(body)
    answer = wire.unpack(struct.pack(">QI", size, len(head)) + head + body, 2**20)
    explain(answer)


def read_answer(data: bytes, _: Path) -> None:
    """What a frame may hold, in JSON's own values."""
    explain(untrusted.json_of(data))


def explain(answer: object) -> None:
    """Take an answer as the checks do, and word what it says."""
    outcome = outcome_of(answer)
    if "error" in outcome:
        assert len(student.explain(outcome["error"], HOMEWORK).what) < 10_000
        exceptions.meaning(outcome["error"])


def take(name: str) -> Callable[[bytes, Path], None]:
    """Unpack an upload of that name, and do all that is done with its texts."""

    def read(data: bytes, folder: Path) -> None:
        (folder / "taken").mkdir()
        (folder / name).write_bytes(data)
        taken = unpack.accept(folder / name, folder / "taken", HOMEWORK)
        for path in taken.folder.rglob("*"):
            assert path.resolve().is_relative_to(taken.folder.resolve()) and not path.is_symlink()
        writable([taken.manifest, [note.text for note in taken.notes], taken.packed])

    return read


def take_with(name: str) -> Callable[[bytes, Path], None]:
    """Unpack a sound zip in which one file holds the input."""

    def read(data: bytes, folder: Path) -> None:
        files = dict.fromkeys(HOMEWORK.files, b"x = 1\n")
        take("a.zip")(zipped(files | {name: data}), folder)

    return read


def take_entries(data: bytes, folder: Path) -> None:
    """Unpack a zip, and a tar archive, whose entries are called like the lines of the input."""
    names = [line.decode("utf-8", "replace").replace("\0", "") for line in data.split(b"\n")][:50]
    files = dict.fromkeys(filter(None, names), b"x = 1\n")
    for kind, packed in (("a.zip", zipped(files)), ("a.tar", tarred(files, "w"))):
        (folder / kind).mkdir()
        with contextlib.suppress(Refused):
            take(kind)(packed, folder / kind)


def read_run(name: str) -> Callable[[bytes, Path], None]:
    """Everything that reads a run's folder, one file of which holds the input."""

    def read(data: bytes, folder: Path) -> None:
        run = folder / "runs" / "1-shot-2-way"
        run.mkdir(parents=True)
        for file, sound in RUN.items():
            (run / file).write_bytes(sound)
        (run / name).write_bytes(data)
        with contextlib.suppress(trained.Unusable):
            writable(trained.source_of(run))
        told = trained.last_told(run / "metrics.csv")
        assert told is None or 0 <= told <= 1
        writable([[note.text for note in receipts.verify(folder)], receipts.identities(folder)])
        found = facts.read(folder / "runs")
        assert all(np.isfinite(fact.value) for fact in found)
        facts.options([folder / "runs"])

    return read


def read_diagnosis(data: bytes, folder: Path) -> None:
    (folder / "diagnosis.toml").write_bytes(data)
    given = diagnosis.read(folder / "diagnosis.toml", CURVES)
    diagnosis.verdicts(given, CURVES)


def read_export(data: bytes, folder: Path) -> None:
    (folder / submissions.METADATA).write_bytes(data)
    found = submissions.find(folder, HOMEWORK, None)
    writable([[one.ident, one.students, one.submitted] for one in found])
    sort_out(found, ROSTER, {})


def read_scores(name: str) -> Callable[[bytes, Path], None]:
    """A gradebook's folder in which one file holds the input; what is wrong is kept as findings."""

    def read(data: bytes, folder: Path) -> None:
        (folder / "roster.csv").write_text("student,name,email\ns1,Jane Doe,jane@x.edu\ns2,Jo,\n")
        (folder / name).write_bytes(data)
        findings = Findings()
        read_book(folder, POLICY, findings)
        read_times(folder / name, POLICY.zone, findings)
        writable([str(one) for one in (*findings.errors, *findings.warnings)])

    return read


def read_policy(data: bytes, folder: Path) -> None:
    (folder / "course.toml").write_bytes(data)
    policy.load(folder / "course.toml")


def read_platform(data: bytes, folder: Path) -> None:
    (folder / "submission_metadata.json").write_bytes(data)
    results.days_late(read_metadata(folder / "submission_metadata.json"), 15)


def read_upload_name(data: bytes, folder: Path) -> None:
    """An upload whose name is the input, through everything that names it."""
    name = os.fsdecode(data.replace(b"/", b"_").replace(b"\0", b"_"))
    while len(os.fsencode(name)) > 250:
        name = name[:-1]
    if name in ("", ".", ".."):
        return
    (folder / name).mkdir()
    canvas.read_name(name)
    moodle.read_name(name)
    with contextlib.suppress(KitError):  # a hidden name is no submission
        (order,) = submissions.find(folder, HOMEWORK, None)
        assert len(os.fsencode(order.ident)) < 150 and "/" not in order.ident
        (folder / name).rmdir()
        (folder / f".{order.ident}.json").write_text("a record of that name can be kept")
        found = sort_out([order], ROSTER, {})
        writable([order.ident, order.upload, *(one.students for one in found.kept)])
        for one in found.kept:
            text = one.students[0]
            assert is_no_formula(cell(text))
            assert plain_text(cell(text)) in (text, " ".join(text.split()))


def read_writeup(data: bytes, _: Path) -> None:
    text, note = answers.decode(data)
    answers.cut(text, ["1q", "2q"])
    writable(note)


def is_no_formula(text: str) -> bool:
    import unicodedata

    seen = [c for c in text if unicodedata.category(c) not in UNSEEN]
    return not seen or seen[0] not in STARTS or text.replace(".", "").replace(",", "")[1:].isdigit()


def writable(value: object) -> None:
    """What is kept in a record must be one that can be written."""
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


# --- examples -----------------------------------------------------------------------------------


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 5, 20, 0, 0)), data, how)
    return stream.getvalue()


def tarred(files: dict[str, bytes], mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


RUN = {
    "config.json": b'{"data": "glyphs", "seed": 0, "tiny": false, "way": 5, "lr": 0.1}',
    "metrics.csv": b"step,loss,val_accuracy,steps_per_second\n10,1.5,0.5,9.1\n20,0.5,0.75,9.2\n",
    "result.json": b'{"test_accuracy": 0.9, "test_interval": 0.01, "curve": [[1, 0.5], [2, 0.75]]}',
    "receipt.json": b'{"run": "ab12", "by": "run", "seed": 0, "source": "glyphs", "files": {"config.json": "00"}}',
}
MANIFEST = json.dumps(
    {
        "homework": "hw1",
        "kit": "1.1.0",
        "name": "Ada",
        "signed": True,
        "collaborators": ["Bob"],
        "score": 42,
        "max_score": 42,
        "files": {"mann.py": "0" * 64, "runs/x/config.json": "1" * 64},
    }
).encode()
FILES = {
    "hw1/mann.py": b"import torch\n",
    "hw1/sampling.py": b"x = 1\n",
    "hw1/transformer.py": b"y\n",
    "manifest.json": MANIFEST,
    "writeup.md": b"# Q\n",
}
ARRAYS = {
    "value": {"a": np.arange(6.0).reshape(2, 3), "b": [1, (2.5, None), "text", float("nan")]},
    "changed": ["images"],
}
HEADERS = tuple(
    json.dumps(tree).encode() + b"\n" + bytes(48)
    for tree in (
        {"$": "dict", "is": {"error": {"$": "dict", "is": {
            "kind": "raised", "type": "ValueError", "text": "shapes cannot be multiplied",
            "where": {"$": "dict", "is": {"file": "hw1/mann.py", "line": 3, "name": "f"}}}}}},
        {"$": "dict", "is": {"value": {"$": "torch", "dtype": "float32", "shape": [2, 3], "at": 0,
                                       "grad": True}, "changed": []}},
        {"$": "dict", "is": {"value": {"$": "tuple", "is": [{"$": "float", "is": "nan"}, [[1]]]},
                             "changed": ["x"]}},
    )
)  # fmt: skip
ANSWERS = (
    b'{"error": {"kind": "raised", "type": "ValueError", "text": "takes 2 positional arguments", '
    b'"where": {"file": "hw1/mann.py", "line": 3, "name": "f"}}}',
    b'{"error": {"kind": "empty", "type": "E", "text": "hw1 2a: MANN.forward", "where": null}}',
    b'{"value": [1, "x", {"a": 2.5}], "changed": ["images", "labels"]}',
)
DIAGNOSIS = (
    'name = "Ada"\n'
    + "".join(
        f'[runs.{run}]\ncause = "sound"\nevidence = [\n    {{ metric = "loss", from = 10, to = 300, '
        'direction = "inside" },\n]\n'
        for run in curves.draw_runs(CURVES, "Ada")
    )
).encode()
EXPORT = b"""---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
    :email: ada@example.edu
  :created_at: 2026-10-14 23:10:05.123456789 Z
  :results:
    :tests:
    - :name: evil
submission_102:
  :submitters:
  - :name: Eve
    :email: eve@example.edu
"""
SCORES = b"student,score,extra,diagnosis,submitted,status,reason\ns1,42,2,3,2026-10-14T20:00:00-07:00,graded,\ns2,,,,,refused,no zip\n"
NAMES = tuple(
    name.encode()
    for name in (
        "s1.zip",
        "Müller, Jörg (2).tar.gz",
        "doejane_LATE_9001_77001_hw1.zip",
        "=1+1.zip",
        "Jane Doe_12345_assignsubmission_file",
        "O’Brien.zip",
        "Zoe\u0308.py",
        "\u200b=x",
    )
)
METADATA = json.dumps(
    {
        "id": 7,
        "created_at": "2026-10-16T01:00:00-07:00",
        "users": [],
        "assignment": {"due_date": "2026-10-14T23:59:00-07:00"},
    }
).encode()
POLICY = policy.load()
COURSE = policy.COURSE_FILE.read_bytes()
OUTER = {"deep/er/hw1.zip": zipped(FILES), "notes.txt": b"x"}

TARGETS = (
    Target("frame", (wire.pack(ARRAYS), wire.pack({"error": {"text": "x"}})), read_frame, (wire.WireError,), 6),
    Target("header", HEADERS, read_header, (wire.WireError,), 6),
    Target("answer", ANSWERS, read_answer, (untrusted.Unreadable,), 4),
    Target("json", (MANIFEST, METADATA), lambda d, _: writable(untrusted.json_of(d)), (untrusted.Unreadable,), 6),
    Target("toml", (DIAGNOSIS, COURSE), lambda d, _: writable(untrusted.toml_of(d)), (untrusted.Unreadable,), 2),
    Target("numbers", (RUN["metrics.csv"],),
           lambda d, _: (list(untrusted.numbers_of(d)), untrusted.last_row(d)), (untrusted.Unreadable,), 6),
    Target("zip", (zipped(FILES), zipped(FILES, zipfile.ZIP_STORED), zipped(OUTER)), take("a.zip"), (Refused,), 4),
    Target("tar", (tarred(FILES, "w"), tarred(FILES, "w:gz"), tarred(FILES, "w:xz"), tarred(FILES, "w:bz2")),
           take("a.tgz"), (Refused,), 4),
    Target("entries", ("\n".join(FILES).encode(), b"__MACOSX/._a\nhw1\\\\mann.py\n.venv/x\n" + b"d/" * 25),
           take_entries, (), 3),
    Target("manifest", (MANIFEST,), take_with("manifest.json"), (Refused,), 3),
    *(Target(name, (sound,), read_run(name), (), 2) for name, sound in RUN.items()),
    Target("diagnosis", (DIAGNOSIS,), read_diagnosis, (KitError,), 4),
    Target("export", (EXPORT,), read_export, (KitError,), 3),
    Target("roster", (b"student,name,status,email\ns1,Jane Doe,,j@x.edu\n",), read_scores("roster.csv"), (KitError,), 3),
    Target("scores", (SCORES,), read_scores("hw1-code.csv"), (KitError,), 3),
    Target("times", (b"student,submitted\ns1,2026-10-14T20:00\n",), read_scores("times.csv"), (KitError,), 2),
    Target("course", (COURSE,), read_policy, (KitError,), 1),
    Target("metadata", (METADATA,), read_platform, (), 4),
    Target("name", NAMES, read_upload_name, (Ambiguous,), 4),
    Target("write-up", (b"# 1q. What?\ntext 0.5\n\n## 2q\n```\nx\n```\n",), read_writeup, (), 4),
)  # fmt: skip


# --- running ------------------------------------------------------------------------------------


def faults(target: Target, count: int, seed: int) -> list[str]:
    """What goes wrong in so many inputs, each with the input."""
    draw, found = random.Random(f"{target.name}-{seed}"), []
    work = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    try:
        for number, data in zip(range(count), inputs(target, draw)):
            folder = work / str(number)
            folder.mkdir()
            try:
                with at_most(PATIENCE):
                    target.read(data, folder)
            except target.refusals:
                pass
            except (Exception, Late):
                last = "".join(traceback.format_exc(limit=-3))
                found.append(f"{target.name}: {data[:300]!r} ({len(data)} bytes)\n{last}")
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise Late in a block that takes longer; systems without alarms wait."""

    def late(*_: object) -> None:
        raise Late(f"not finished after {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(argv: list[str]) -> int:
    """Run about so many inputs over all targets, or over those that are named."""
    count, seed = int(argv[0]) if argv else 100_000, int(time.time())
    targets = [one for one in TARGETS if not argv[1:] or one.name in argv[1:]]
    parts, total, wrong = sum(one.share for one in targets), 0, 0
    print(f"seed {seed}")
    for target in targets:
        own = -(-count * target.share // parts)
        found = faults(target, own, seed)
        total, wrong = total + own, wrong + len(found)
        print(f"{target.name}: {own} inputs, {len(found)} faults", flush=True)
        for told in found[:3]:
            print(told)
    print(f"{total} inputs, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
