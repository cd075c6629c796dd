"""The runs that a write-up speaks of: their small files go into the zip, so that its numbers can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from common.training import receipts

SMALL_FILES = ("config.json", "metrics.csv", "result.json", receipts.RECEIPT)
LARGEST, MOST = 2**20, 300  # bytes of a file, and files, that the grader takes
_SEED = re.compile(r"-seed-?\d+$")
_ASIDE = re.compile(r"\.old\d+$")
_PACKABLE = re.compile(r"[\w.+-]+", re.ASCII)


def small_files(
    homework: Homework, root: Path, handed_in: Iterable[Path]
) -> tuple[dict[str, bytes], list[str]]:
    """The small files of every other run that the write-up names, and the reports of numbers.

    Args:
        root: the folder of all runs, `runs/`.
        handed_in: the runs that are packed whole.

    Returns:
        Name in the zip → bytes, and what the student is told.
    """
    text, whole = _writeup(homework), set(handed_in)
    there = [p for p in _runs(root / homework.name) if p not in whole]
    used = [path for path in there if _speaks_of(text, path)]
    contents, left_out = _contents(used)
    notes = [f"not packed: {name}: {why}" for name, why in left_out.items()]
    if contents:
        notes.append(f"packed for the written half: {', '.join(path.name for path in used)}")
    unused = [path.name for path in there if path not in used and not _is_prediction(path)]
    if unused:
        notes.append(f"not packed, writeup.md does not name it: {', '.join(unused)}")
    return contents, notes


def _is_prediction(path: Path) -> bool:
    """Whether a file is what `--predict` keeps for its pictures: nobody misses it."""
    return path.name.startswith("prediction")


def give_receipts(folders: Iterable[Path]) -> None:
    """Write a receipt for each run that an older kit made without one; the run is told apart by it."""
    for folder in folders:
        if not (folder / receipts.RECEIPT).is_file():
            try:
                receipts.write(folder, receipts.WHEN_PACKED)
            except (KitError, OSError, ValueError, AttributeError):
                continue  # a damaged run, or a folder that may not be written to: handed in as it is


def _writeup(homework: Homework) -> str:
    try:
        return (homework.folder / "writeup.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _runs(folder: Path) -> list[Path]:
    """Folders of runs that came to their end, and files of numbers."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        path
        for path in paths
        if _PACKABLE.fullmatch(path.name) and not path.name.startswith(".")
        if path.suffix == ".json" or (path / "result.json").is_file()
        if not _ASIDE.search(path.name)
    ]


def _speaks_of(text: str, path: Path) -> bool:
    """Whether a text names a run, with its seed or without, or a file."""
    name = re.escape(_SEED.sub("", path.name))
    return re.search(rf"(?<![\w.-]){name}(?:-seed-?\d+)?(?![\w-]|\.\d)", text) is not None


def _contents(used: list[Path]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The bytes of the files, and why some are left out."""
    give_receipts(path for path in used if path.is_dir())
    contents: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    for path in used:
        for file in [path] if path.is_file() else [path / name for name in SMALL_FILES]:
            name = f"runs/{file.relative_to(path.parent).as_posix()}"
            if not file.is_file():
                continue
            if file.stat().st_size > LARGEST:
                left_out[name] = f"larger than {LARGEST / 2**20:.0f} MB"
            elif len(contents) >= MOST:
                left_out[name] = f"at most {MOST} files of runs are packed"
            else:
                contents[name] = file.read_bytes()
    return contents, left_out
