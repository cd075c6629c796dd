"""`python -m autograder doctor`: what works on this machine, and how to mend what does not.

Torch and the data sets are looked at by processes of their own, in parallel: the grader's process
imports neither.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import asked
from common import homework as homeworks
from common.errors import KitError
from common.kit import constraints
from common.kit.machine import usable_cores
from common.options.command_line import add_shared

OLDEST_PYTHON = (3, 11)
LEAST_MEMORY, LEAST_DISK = 1.5, 0.5  # GiB: a grading with its worker; the runs of all homeworks
PATIENCE = 120  # seconds for torch on a cold disk
ASK_TORCH = """
import json, torch
found = {"version": torch.__version__, "threads": torch.get_num_threads(), "devices": ["cpu"],
         "cuda": torch.version.cuda, "sum": float((torch.ones(64, 64) @ torch.ones(64, 64)).sum())}
for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
    if there:
        try:
            torch.ones(2, device=name).sum().item()
            found["devices"].append(name)
        except Exception as error:
            found["broken"] = f"{name}: {str(error).splitlines()[0]}"
print(json.dumps(found))
"""
MARKS = {"works": ("✓", "green"), "note": ("·", "yellow"), "broken": ("✗", "red")}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `state` is works, note (good to know) or broken."""

    what: str
    state: str
    found: str
    mend: str = ""


def main(argv: list[str]) -> int:
    """Look, and say; return 0 when all that is needed works, 1 when something must be mended."""
    options = asked.parser_of(
        "doctor",
        "Says what works on this machine and how to mend what does not.",
        "example:\n  python -m autograder doctor\n"
        "exit code: 0 all that is needed works, 1 something must be mended",
    )
    add_shared(options, "--plain")
    plain = options.parse_args(argv).plain
    findings = examine(homeworks.ROOT)
    show(findings, plain)
    return 1 if any(finding.state == "broken" for finding in findings) else 0


def examine(root: Path) -> list[Finding]:
    """Look at everything; slow things run while the others are looked at."""
    torch = _begin(["-c", ASK_TORCH], root)
    data = _begin(["-m", "common.data", "list", "--json"], root)
    return [
        python(),
        *packages(root),
        kit(root),
        processors(),
        memory(),
        disk(root),
        writing(root),
        terminal(),
        isolation(),
        *torch_findings(*_end(torch)),
        *data_findings(*_end(data)),
    ]


def _begin(arguments: list[str], root: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=root,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def _end(process: subprocess.Popen) -> tuple[Any, str]:
    """Return the JSON that a process printed, or None and the last line of its errors."""
    try:
        out, errors = process.communicate(timeout=PATIENCE)
        return json.loads(out), ""
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, f"no answer in {PATIENCE} s"
    except ValueError:
        return None, (errors.strip().splitlines() or [f"it ended with {process.returncode}"])[-1]


def python() -> Finding:
    """Is it new enough?"""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        mend = "install Python 3.11 or newer, delete .venv, and type: make setup PYTHON=python3.12"
        return Finding("Python", "broken", found, mend)
    if sys.prefix == sys.base_prefix:
        return Finding(
            "Python",
            "note",
            f"{found}, not an environment of its own",
            "make setup makes one in .venv",
        )
    return Finding("Python", "works", f"{found}, {sys.prefix}")


def packages(root: Path) -> list[Finding]:
    """Is everything in requirements.txt installed, and new enough?"""
    wrong, found = [], []
    for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines():
        wanted = re.match(r"([\w-]+)>=([\d.]+)", line)
        if wanted is None:
            continue
        name, least = wanted.groups()
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        found.append(f"{name} {version}")
        if _numbers(version) < _numbers(least):
            wrong.append(f"{name} is {version}, expected {least} or newer")
    if wrong:
        mend = f"{Path(sys.executable).name} -m pip install -r requirements.txt"
        return [Finding("Packages", "broken", "; ".join(wrong), mend)]
    return [Finding("Packages", "works", ", ".join(found)), *versions(root)]


def versions(root: Path) -> list[Finding]:
    """Are they those that this release was tried with?"""
    others = constraints.differences(root)
    if not constraints.load(root) or not others:
        return []
    found = f"this release was tried with others, in brackets: {', '.join(others)}"
    mend = (
        f"none is needed; the same ones: {Path(sys.executable).name} -m pip install "
        f"-r requirements.txt -c {constraints.NAME}"
    )
    return [Finding("Versions", "note", found, mend)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def kit(root: Path) -> Finding:
    """Are the homeworks and their recorded answers here?"""
    try:
        names = homeworks.names(root)
        lacking = [
            f"{name}: {missing}"
            for name in names
            for missing in _lacking(homeworks.load(name, root))
        ]
    except KitError as error:
        lacking = [str(error)]
    if lacking or not names:
        found = "; ".join(lacking) or f"no homework in {root}"
        return Finding(
            "Homeworks",
            "broken",
            found,
            "unpack the kit again beside this one; copy over only the files that you hand in",
        )
    return Finding("Homeworks", "works", ", ".join(names))


def _lacking(homework: homeworks.Homework) -> list[str]:
    files = [homework.folder / name for name in homework.files]
    files += [homework.checks / name for name in ("answers.npz", "probes.py")]
    return [f"{file.relative_to(homework.root)} is missing" for file in files if not file.is_file()]


def processors() -> Finding:
    """Count the processors that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS")
    return Finding(
        "Processors", "works", f"{usable_cores()}" + (f"; OMP_NUM_THREADS={asked}" if asked else "")
    )


def memory() -> Finding:
    """Is enough free for a grading?"""
    free = free_memory()
    if free is None:
        return Finding("Memory", "note", "this system does not say how much is free")
    found = f"{free:.1f} GiB free"
    if free < LEAST_MEMORY:
        return Finding(
            "Memory", "note", f"{found}, {LEAST_MEMORY} GiB are wanted", "close other programs"
        )
    return Finding("Memory", "works", found)


def free_memory() -> float | None:
    """GiB that can be had: of the machine, or of the container where that is less."""
    try:
        table = Path("/proc/meminfo").read_text(encoding="ascii")
        free = int(re.search(r"MemAvailable:\s+(\d+)", table)[1]) / 2**20  # type: ignore[index]
    except (OSError, TypeError):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        except (AttributeError, ValueError, OSError):
            return None
    try:
        group = Path("/sys/fs/cgroup")
        most = int((group / "memory.max").read_text())
        return min(free, (most - int((group / "memory.current").read_text())) / 2**30)
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def disk(root: Path) -> Finding:
    """Is there room for runs and data?"""
    free = shutil.disk_usage(root).free / 2**30
    found = f"{free:.1f} GiB free"
    if free < LEAST_DISK:
        return Finding(
            "Disk",
            "broken",
            f"{found}, {LEAST_DISK} GiB are wanted",
            "make room, or train with --out on another disk",
        )
    return Finding("Disk", "works", found)


def writing(root: Path) -> Finding:
    """Can runs, hand-ins and temporary files be written?"""
    for folder, mend in (
        (root, "unpack the kit in a folder of your own"),
        (Path(tempfile.gettempdir()), "make room there, or set TMPDIR to another folder"),
    ):
        try:
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                file.write(b"x" * 4096)
        except OSError as error:
            return Finding("Writing", "broken", f"{folder}: {error.strerror}", mend)
    return Finding("Writing", "works", f"{root} and {tempfile.gettempdir()}")


def terminal() -> Finding:
    """Can the terminal show the report's signs?"""
    encoding = sys.stdout.encoding or "none"
    try:
        "✓█ε".encode(encoding)
        return Finding("Terminal", "works", encoding)
    except (UnicodeEncodeError, LookupError):
        return Finding(
            "Terminal",
            "note",
            f"{encoding} lacks characters that reports use",
            "use --plain, or set PYTHONUTF8=1",
        )


def isolation() -> Finding:
    """Find how a homework's code is kept apart from the grader here."""
    from autograder.run.launch import isolation_of_this_system, start

    try:
        with start(isolation_of_this_system(), ()) as worker:
            reached = worker.isolation
    except (KitError, OSError) as error:
        return Finding(
            "Isolation",
            "broken",
            str(error),
            "python -m autograder --in-process grades without isolation",
        )
    return Finding("Isolation", "works", reached.replace("+", ", "))


def torch_findings(answer: Any, error: str) -> list[Finding]:
    """Return what torch said of itself as findings."""
    if answer is None or answer["sum"] != 64**3:
        found = error or f"a sum of ones is {answer['sum']:g}, expected {64**3}"
        mend = f"{Path(sys.executable).name} -m pip install --force-reinstall torch torchvision"
        return [Finding("torch", "broken", found, mend)]
    build = f"CUDA {answer['cuda']}" if answer["cuda"] else "CPU"
    found = f"{answer['version']}, {build} build, {answer['threads']} threads"
    devices = Finding("Devices", "works", ", ".join(answer["devices"]) + " (cpu is enough)")
    if "broken" in answer:
        devices = Finding(
            "Devices",
            "note",
            f"{', '.join(answer['devices'])}; {answer['broken']}",
            "train with --device cpu, the default",
        )
    return [Finding("torch", "works", found), devices]


def data_findings(answer: Any, error: str) -> list[Finding]:
    """Return the data sets that are here; none is needed, as the kit makes stand-ins."""
    if answer is None:
        return [Finding("Data", "broken", error, "correct KIT_DATA, or unset it")]
    found = []
    for row in answer:
        if row["where"]:
            found.append(Finding(f"Data: {row['name']}", "works", row["where"]))
        elif row["stand_in"]:
            found.append(
                Finding(
                    f"Data: {row['name']}",
                    "note",
                    f"not on disk; {row['stand_in']} takes its place",
                    row["get"],
                )
            )
    return found


def show(findings: list[Finding], plain: bool) -> None:
    """A line for each, and under it how to mend it."""
    from rich.table import Table
    from rich.text import Text

    from autograder.report.plain import ascii_text
    from autograder.report.screen import Screen

    screen = Screen(plain)
    broken = [finding.what for finding in findings if finding.state == "broken"]
    verdict = f"To mend: {', '.join(broken)}." if broken else "All that is needed works."
    if screen.plain:
        for one in findings:
            mend = f" To mend: {one.mend}." if one.mend else ""
            screen.say(ascii_text(f"{one.what}: {one.state}. {one.found}.{mend}"))
        screen.say(verdict)
        return
    table = Table.grid(padding=(0, 1))
    for finding in findings:
        told = Text(finding.found, "" if finding.state == "broken" else "dim")
        if finding.mend:
            told.append(f"\n→ {finding.mend}", "default")
        table.add_row(Text(*MARKS[finding.state]), Text(finding.what, "bold"), told)
    screen.console.print(table)
    screen.console.print(Text(verdict, "bold red" if broken else "bold green"))
