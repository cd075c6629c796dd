"""The runs that a write-up speaks of: their small files go into the zip, so that its numbers can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from common.training import receipts
from common.training.state import FILES

SMALL_FILES = (*(name for name in FILES if name != "checkpoint.pt"), receipts.RECEIPT)
LARGEST, MOST = 2**20, 300  # bytes of a file, and files, that the grader takes
_SEED = re.compile(r"-seed-?\d+$")
_ASIDE = re.compile(r"\.old\d+$")
_PACKABLE = re.compile(r"[\w.+-]+", re.ASCII)


def find(
    homework: Homework, root: Path, handed_in: Iterable[Path]
) -> tuple[list[Path], list[Path]]:
    """Find the folders of runs, and the files of numbers, beside those that are packed whole.

    Args:
        root: the folder of all runs, `runs/`.
        handed_in: the runs that are packed whole.

    Returns:
        Those that the write-up names, and those that it does not name.
    """
    text, whole = _writeup(homework), set(handed_in)
    others = [path for path in _runs(root / homework.name) if path not in whole]
    named = [path for path in others if _speaks_of(text, path)]
    return named, [path for path in others if path not in named]


def read_small_files(named: list[Path]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Read what the zip holds of runs that the write-up names.

    Returns:
        Name in the zip → bytes, and name → why it is left out.
    """
    contents: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    for path in named:
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


def notes(packed: Iterable[str], left_out: dict[str, str], unnamed: list[Path]) -> list[str]:
    """Say what is packed for the written half, what is not, and why.

    Args:
        packed: names in the zip, `runs/<run>/<file>` or `runs/<file>`.
    """
    lines = [f"not packed: {name}: {why}" for name, why in left_out.items()]
    if runs := dict.fromkeys(name.split("/")[1] for name in packed):
        lines.append(f"packed for the written half: {', '.join(runs)}")
    missed = [path.name for path in unnamed if not _is_prediction(path)]
    if missed:
        lines.append(f"not packed, writeup.md does not name it: {', '.join(missed)}")
    return lines


def _is_prediction(path: Path) -> bool:
    """Whether a file is what `--predict` keeps for its pictures: nobody misses it."""
    return path.name.startswith("prediction")


def give_receipts(folders: Iterable[Path]) -> None:
    """Write a receipt for each run that an older kit made without one; the run is told apart by it."""
    for folder in folders:
        if folder.is_dir() and not (folder / receipts.RECEIPT).is_file():
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
