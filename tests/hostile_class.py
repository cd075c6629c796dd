"""A class with hostile and odd uploads among honest ones, graded as staff would: `python -m tests.hostile_class`.

Every honest grade must be right, every upload must have a row with a status and, without points, a
reason, and machine and kit must be as they were.
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.run.clearing import clear
from common import homework as homeworks
from common.homework import Homework
from staff.authoring.stubs import copy_solutions
from staff.grading import synthetic_class
from staff.grading.submissions import find, find_others

FULL, OPEN, ANY = "all points for code", "no grade, and a reason", "any grade, or a reason"


@dataclass(frozen=True)
class Odd:
    """One kind of upload.

    Attributes:
        make: writes it; gets the folder, a name that is free, and the solution's files.
        earns: FULL, OPEN or ANY.
    """

    make: Callable[[Path, str, dict[str, bytes]], object]
    earns: str


def zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(path: Path, files: dict[str, bytes], mode: str) -> None:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def with_file(name: str, data: bytes, earns: str = FULL) -> Odd:
    """A sound zip with one more file."""
    return Odd(lambda at, who, files: zipped(at / f"{who}.zip", files | {name: data}), earns)


def with_bytes(suffix: str, data: bytes) -> Odd:
    return Odd(lambda at, who, files: (at / f"{who}{suffix}").write_bytes(data), OPEN)


def named(name: bytes, earns: str = FULL) -> Odd:
    """A sound zip with a name of its own."""
    return Odd(
        lambda at, who, files: zipped(at / os.fsdecode(name.replace(b"?", who.encode())), files),
        earns,
    )


def with_code(code: str, earns: str = ANY) -> Odd:
    """A solution with code at the end of its first file."""

    def make(at: Path, who: str, files: dict[str, bytes]) -> None:
        first = next(iter(files))
        zipped(at / f"{who}.zip", files | {first: files[first] + b"\n\n" + code.encode()})

    return Odd(make, earns)


def deep_folder(at: Path, who: str, files: dict[str, bytes]) -> None:
    """Folders in folders, deeper than a path may be long."""
    (at / who).mkdir()
    for name, data in files.items():
        (at / who / name).write_bytes(data)
    here = os.open(".", os.O_RDONLY)
    os.chdir(at / who)
    for _ in range(1200):
        os.mkdir("deeper")
        os.chdir("deeper")
    os.fchdir(here)
    os.close(here)


def folder_with(make: Callable[[Path], object]) -> Callable[[Path, str, dict[str, bytes]], None]:
    def folder(at: Path, who: str, files: dict[str, bytes]) -> None:
        (at / who).mkdir()
        for name, data in files.items():
            (at / who / name).write_bytes(data)
        make(at / who)

    return folder


def closed(folder: Path) -> None:
    path = next(folder.iterdir())
    path.chmod(0)


def encrypted(at: Path, who: str, files: dict[str, bytes]) -> None:
    data = bytearray(packed(files))
    spot = 0
    while (spot := data.find(b"PK\1\2", spot)) >= 0:
        data[spot + 8] |= 1
        spot += 4
    (at / f"{who}.zip").write_bytes(data)


def manifest(**fields: object) -> bytes:
    return json.dumps({"files": {}, "signed": True, "name": "x"} | fields).encode()


SECRETS = [
    "/etc/passwd",
    "/proc/kmsg",
    "/proc/self/mem",
    "../../staff",
    "//etc//passwd",
    "/dev/zero",
]
LONG_TEXT = 'raise ValueError("takes p" * 200_000)\n'
HOSTILE_FRAME = """
import os, struct
for handle in range(3, 40):
    try:
        os.write(handle, struct.pack(">QI", 2**62, 2**31) + b"\\xff" * 100)
    except OSError:
        pass
"""
LITTER = """
import os
os.makedirs("left/closed", exist_ok=True)
for n in range(1300):
    try:
        os.mkdir("d")
        os.chdir("d")
    except OSError:
        break
os.chmod(".", 0)
"""
TOUCH = """
import os
for place in ("/etc", "/tmp", "/usr", "/opt", *__import__("sys").path):
    for act in (lambda: os.chmod(place, 0o777), lambda: os.utime(place, (0, 0)),
                lambda: os.setxattr(place, "user.x", b"1"), lambda: os.rmdir(place)):
        try:
            act()
        except (OSError, ValueError):
            pass
"""
SIGNAL = """
import fcntl, os, socket
one, other = socket.socketpair()
for parent in (os.getppid(), 1):
    for ask in (lambda: fcntl.ioctl(one.fileno(), 0x8901, parent.to_bytes(4, "little")),
                lambda: fcntl.fcntl(one.fileno(), fcntl.F_SETOWN, parent)):
        try:
            ask()
            fcntl.fcntl(one.fileno(), fcntl.F_SETSIG, 9)
            fcntl.fcntl(one.fileno(), fcntl.F_SETFL, os.O_ASYNC)
            other.send(b"x")
        except OSError:
            pass
"""
RUN = "runs/1-shot-2-way/"


def of_a_time_nobody_knows(at: Path, who: str, files: dict[str, bytes]) -> None:
    with tarfile.open(at / f"{who}.tgz", "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.pax_headers = len(data), {"mtime": "nan"}
            archive.addfile(info, io.BytesIO(data))


ODD = {
    "a score that is not a number": with_file("manifest.json", b'{"files": {}, "signed": true, "score": NaN}'),
    "a score without end": with_file("manifest.json", b'{"files": {}, "score": 1e999}'),
    "fields of other types": with_file("manifest.json", manifest(score={"a": []}, collaborators=7, name=[])),
    "names of other files": with_file("manifest.json", manifest(files=dict.fromkeys(SECRETS, "0" * 64))),
    "a manifest without end": with_file("manifest.json", b'{"files":' * 9999),
    "half a letter": with_file("manifest.json", b'{"files": {}, "name": "\\ud800", "collaborators": ["\\udfff"]}'),
    "a diagnosis of huge numbers": with_file("diagnosis.toml", b"a = 0x" + b"f" * 9999),
    "a diagnosis of dotted names": with_file("diagnosis.toml", b"[" + b"a." * 20_000 + b"a]\n" + b"b=1\n" * 4000),
    "a run of other types": with_file(RUN + "config.json", b'{"data": ["glyphs"], "tiny": NaN}'),
    "a run nested without end": with_file(RUN + "config.json", b"[" * 99_999),
    "a receipt of half letters": with_file(RUN + "receipt.json", b'{"run": "\\ud800", "files": {}}'),
    "metrics of one long number": with_file(RUN + "metrics.csv", b"val_accuracy\n" + b"9" * 999_999),
    "a file that is a folder": Odd(lambda at, who, files: zipped(
        at / f"{who}.zip", files | {"runs/a.json": b"{}", "runs/a.json/config.json": b"{}"}), FULL),
    "a name that no disk can hold": with_file("h" * 300 + ".py", b""),
    "times that no clock shows": Odd(of_a_time_nobody_knows, FULL),
    "a name that is not UTF-8": named(b"M\xfcller ?.zip"),
    "a name as long as can be": named("名".encode() * 70 + b"?.zip"),
    "a name that is a formula": named(b"=HYPERLINK(1)+?.zip"),
    "a formula nobody sees": named("\u200b=1+?.zip".encode()),
    "a name of two lines": named(b"two\nlines ?.zip"),
    "an apostrophe": named("O’Brien ?.zip".encode()),
    "letters and marks": named(unicodedata.normalize("NFD", "Zoë ?.zip").encode()),
    "folders without end": Odd(deep_folder, FULL),
    "a link as upload": Odd(lambda at, who, _: (at / f"{who}.zip").symlink_to("/etc/passwd"), OPEN),
    "a link to a folder": Odd(lambda at, who, _: (at / who).symlink_to("/etc"), OPEN),
    "a pipe as upload": Odd(lambda at, who, _: os.mkfifo(at / f"{who}.zip"), OPEN),
    "a link in a folder": Odd(folder_with(lambda f: (f / "link").symlink_to("/etc")), OPEN),
    "a pipe in a folder": Odd(folder_with(lambda f: os.mkfifo(f / "pipe")), OPEN),
    "a file that may not be read": Odd(folder_with(closed), ANY),
    "an encrypted zip": Odd(encrypted, OPEN),
    "a bomb": with_file("zeros", bytes(2**25), OPEN),
    "a tar bomb": Odd(lambda at, who, _: tarred(at / f"{who}.tgz", {"zeros": bytes(2**28)}, "w:gz"), OPEN),
    "a way out": with_file("../../evil.py", b"", OPEN),
    "a rar": with_bytes(".rar", b"Rar!\x1a\x07\x00"),
    "a 7z": with_bytes(".7z", b"7z\xbc\xaf\x27\x1c"),
    "a bare file": with_bytes(".py", b"x = 1\n"),
    "a notebook": with_bytes(".ipynb", b"{}"),
    "nothing": with_bytes(".zip", b""),
    "a zip cut off": with_bytes(".zip", b"PK\3\4 cut"),
    "a tar archive": Odd(lambda at, who, files: tarred(at / f"{who}.tar.gz", files, "w:gz"), FULL),
    "a zip in a zip": Odd(lambda at, who, files: zipped(at / f"{who}.zip", {"a.zip": packed(files)}), FULL),
    "a zip of another system": Odd(lambda at, who, files: zipped(
        at / f"{who}.zip", {f"hw\\{name}": data for name, data in files.items()}), FULL),
    "a text of a megabyte": with_code(LONG_TEXT),
    "a frame of its own": with_code(HOSTILE_FRAME),
    "folders left behind": with_code(LITTER),
    "a touch of other folders": with_code(TOUCH),
    "a signal by way of the kernel": with_code(SIGNAL, FULL),
    "an end at import": with_code("import os\nos._exit(0)\n"),
}  # fmt: skip


def make(folder: Path, homework: Homework, honest: int, odd: int, seed: int = 0):
    """Write a class; what each honest and each odd upload must earn, by upload."""
    made = {f"{one.ident}.zip": one for one in synthetic_class.make(folder, homework, honest, seed)}
    with tempfile.TemporaryDirectory() as work:
        copy_solutions(homework.root, homework.name, Path(work))
        files = {name: (Path(work) / name).read_bytes() for name in homework.files}
    kinds, expected = list(ODD.items()), {}
    step = max(1, len(kinds) // odd)
    for number in range(odd):
        title, kind = kinds[(number * step + seed + number * step // len(kinds)) % len(kinds)]
        before = set(os.listdir(folder))
        kind.make(folder, f"odd{number:03d}", files)
        (name,) = set(os.listdir(folder)) - before
        expected[name] = (title, kind.earns)
    return made, expected


def complaints(
    folder: Path, out: Path, homework: Homework, made: dict, expected: dict
) -> list[str]:
    """What is wrong with the grades of a class."""
    jobs = [*find(folder, homework, None), *find_others(folder, homework, None)]
    by_upload = {Path(job.source).name: job.ident for job in jobs}
    table = (out / "table.csv").read_text(encoding="utf-8")
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(table))}
    points = sum(p.points for p in homework.problems if p.kind == "code")
    found = []
    for name in (*made, *expected):
        row = rows.get(by_upload[name])
        if row is None:
            found.append(f"{name!r} has no row")
            continue
        record = json.loads((out / "students" / f"{by_upload[name]}.json").read_text("utf-8"))
        if name in made:
            told = made[name].complaint(record, homework)
        else:
            told = _complaint(expected[name][1], row, points)
        if told:
            found.append(f"{name!r} ({expected.get(name, ('honest',))[0]}): {told}")
    return found


def _complaint(earns: str, row: dict[str, str], points: float) -> str:
    graded, score = row["status"] == "graded", float(row["score"] or 0)
    if not graded and not (row["reason"] and score == 0):
        return f"is {row['status']} with {score:g} points and the reason {row['reason']!r}"
    if earns == FULL and not (graded and score == points):
        return f"is {row['status']} with {score:g} of {points:g} points: {row['reason']}"
    return f"earned {score:g} points" if earns == OPEN and graded else ""


def state(root: Path) -> dict[str, tuple]:
    """Mode, owner, size, time and attributes of everything in a kit, and modes of the machine's folders."""
    found = {}
    for path in [root, *root.rglob("*")]:
        inside = path.relative_to(root)
        if any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        status = path.lstat()
        # Python keeps compiled modules in folders: of these it counts that nobody set their time.
        folder = stat.S_ISDIR(status.st_mode)
        time = status.st_mtime > 10**9 if folder else status.st_mtime_ns
        names = os.listxattr(path, follow_symlinks=False) if hasattr(os, "listxattr") else []
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        found[inside.as_posix()] = (status.st_mode, status.st_uid, size, time, tuple(names))
    for place in ("/etc", "/etc/passwd", "/usr", "/opt", "/dev/shm", tempfile.gettempdir()):
        if os.path.exists(place):
            found[place] = (os.stat(place).st_mode, os.stat(place).st_uid)
    return found


def grade(folder: Path, out: Path, homework: Homework, workers: int, temporary: Path) -> str:
    """Grade with the command that staff type; what it said."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, "-m", "staff", "grade", str(folder), "--hw", homework.name,
         "--workers", str(workers), "--out", str(out)],
        cwd=homework.root, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode not in (0, 1) or "Traceback" in said:
        raise AssertionError(f"staff grade ended with {done.returncode}:\n{said[-3000:]}")
    return said


def try_out(
    folder: Path, name: str, honest: int, odd: int, workers: int = 2, seed: int = 0
) -> list[str]:
    """Everything that is wrong after a class was graded in a folder.

    Args:
        folder: empty, and open to every user: checks run as users of their own.
    """
    homework = homeworks.load(name)
    uploads, temporary = folder / "uploads", folder / "tmp"
    uploads.mkdir()
    temporary.mkdir()
    made, expected = make(uploads, homework, honest, odd, seed)
    before = state(homework.root)
    grade(uploads, folder / "out", homework, workers, temporary)
    found = complaints(uploads, folder / "out", homework, made, expected)
    after = state(homework.root)
    found += [
        f"{path}: {before.get(path)} became {after.get(path)}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    found += [f"left behind: {path.name}" for path in temporary.iterdir()]
    return found


def main(argv: list[str]) -> int:
    """`python -m tests.hostile_class [hwN] [uploads] [odd ones among them]`: 200 of homework 1, 60 odd."""
    name, every, odd = (*argv, *("hw1", "200", "60")[len(argv) :])
    folder = tempfile.mkdtemp(prefix="class-")
    try:
        os.chmod(folder, 0o755)
        found = try_out(Path(folder), name, int(every) - int(odd), int(odd))
    finally:
        clear(folder)
    for told in found:
        print(told)
    print(f"{every} uploads, {odd} of them hostile or odd: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
