"""Receipts of the runs that were handed in: do they fit the files, and does nobody else have them?

Receipts are not signed. What is said here is for people to look at, and decides no points.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from autograder.run.notes import RECEIPT_BROKEN, SHARED_RUN, STAFF, Note
from common.files import sha256, untrusted
from common.kit.version import kit_version
from common.training.receipts import RECEIPT
from common.training.state import FILES

LARGEST = 2**16  # bytes of a receipt; one of ours has less than one kB
LARGEST_CONFIG = 2**20
TIMED = "steps_per_second"  # a column that is measured: two runs never have the same
Identities = dict[str, list[str]]  # run → what tells it from every other run


def verify(folder: Path) -> list[Note]:
    """Notes on the runs of a submission that do not fit their receipts, have none, or are of another kind.

    A run is of another kind when it is a `--tiny` one, or another version of the kit made it.

    Args:
        folder: the files of the submission, with `runs/<name>/`.
    """
    told: list[str] = []
    alike: dict[str, list[str]] = {}
    for run in _runs(folder):
        kept = _read(run)
        if kept is None:
            alike.setdefault("no receipt that can be read", []).append(run.name)
        else:
            told += [f"{run.name}: {one}" for one in _differences(run, kept)]
        for kind in _kinds(run, kept or {}):
            alike.setdefault(kind, []).append(run.name)
    told += [f"{kind}: {', '.join(names)}" for kind, names in alike.items()]
    return [Note(RECEIPT_BROKEN, STAFF, text) for text in told]


def identities(folder: Path) -> Identities:
    """Return the marks that tell each run of a submission from every other run.

    It is the receipt's number, and the checksums of files that hold measured times. Nothing else
    will do: two honest runs of one seed on like machines have the same weights.
    """
    found = {}
    for run in _runs(folder):
        kept = _read(run) or {}
        marks = [kept["run"][:64]] if isinstance(kept.get("run"), str) else []
        if _is_timed(run / "metrics.csv"):
            files = [run / name for name in ("metrics.csv", "checkpoint.pt")]
            marks += [sha256(path) for path in files if path.is_file()]
        if marks:
            found[run.name] = marks
    return found


def shared_runs(of_students: dict[str, Identities]) -> dict[str, list[tuple[str, str]]]:
    """Runs that more than one handed in.

    Args:
        of_students: whoever handed in together → their runs.

    Returns:
        Whoever → (their run, the others who have it).
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for who, runs in of_students.items():
        for marks in runs.values():
            for mark in marks:
                owners[mark].add(who)
    found: dict[str, list[tuple[str, str]]] = {}
    for who, runs in of_students.items():
        for run, marks in runs.items():
            others = set().union(*(owners[mark] for mark in marks)) - {who}
            if others:
                found.setdefault(who, []).append((run, ", ".join(sorted(others))))
    return found


def note_shared(records: list[dict]) -> None:
    """Add to each record of a class a note for staff on every run that another one has, too."""
    by_name = {", ".join(record["students"]): record for record in records}
    runs = {who: record.get("runs", {}) for who, record in by_name.items()}
    for who, pairs in shared_runs(runs).items():
        for run, others in pairs:
            told = f"{run} is the very run that {others} handed in"
            by_name[who]["notes"].append(Note(SHARED_RUN, STAFF, told).as_json())


def _runs(folder: Path) -> list[Path]:
    root = folder / "runs"
    runs = sorted(root.iterdir()) if root.is_dir() else []
    return [path for path in runs if (path / "config.json").is_file()]


def _read(run: Path) -> dict | None:
    """A receipt; None when it is not there or cannot be read."""
    kept = _table(run / RECEIPT, LARGEST)
    return kept if kept is not None and isinstance(kept.get("files"), dict) else None


def _kinds(run: Path, kept: dict) -> list[str]:
    """Return in words what a run is that a run handed in should not be."""
    config = _table(run / "config.json", LARGEST_CONFIG) or {}
    kinds = ["a --tiny run"] if config.get("tiny") is True else []
    version = kept.get("kit")
    if isinstance(version, str) and version != kit_version():
        kinds.append(f"made with kit {version[:40]}, this is {kit_version()}")
    return kinds


def _differences(run: Path, kept: dict) -> list[str]:
    """Return in words where a run differs from its receipt."""
    told = [
        f"{name} is not the file that the run wrote"
        for name in FILES
        if (run / name).is_file() and kept["files"].get(name) != sha256(run / name)
    ]
    config = _table(run / "config.json", LARGEST_CONFIG) or {}
    for key, name in (("seed", "seed"), ("source", "data")):
        if kept.get(key) != config.get(name):
            pair = f"{str(kept.get(key))[:40]!r}, config.json says {str(config.get(name))[:40]!r}"
            told.append(f"its receipt is of {name} {pair}")
    return told


def _table(path: Path, most: int) -> dict | None:
    """The table in a JSON file; None when there is none."""
    try:
        found = untrusted.json_of(untrusted.read(path, most))
    except untrusted.Unreadable:
        return None
    return found if isinstance(found, dict) else None


def _is_timed(metrics: Path) -> bool:
    """Whether a table of metrics has measured times, in one row or more."""
    try:
        with metrics.open(encoding="utf-8", errors="replace") as stream:
            head, first = stream.readline(LARGEST), stream.readline(LARGEST)
    except OSError:
        return False
    return TIMED in head.strip().split(",") and bool(first.strip())
