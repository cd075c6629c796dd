"""Real bAbI questions (Weston et al. 2015), where they are on disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

from common.data.source import folders
from common.errors import KitError
from hw3.data.stories import Question

ARCHIVE = "babi_en_1k.zip"
FOLDER = "tasks_1-20_v1-2/en"


def read(task: int, part: str, data: str | None = None) -> list[Question]:
    """The questions of one task, each with the story told so far.

    Args:
        task: 1 to 20.
        part: "train" or "test".
        data: what `--data` said.

    Raises:
        KitError: when bAbI is not on disk.
    """
    for folder in folders("babi", data):
        if (folder / ARCHIVE).is_file():
            return parse(_text(folder / ARCHIVE, task, part))
    raise KitError(
        f"{ARCHIVE} is not on disk; put it into a folder `babi` and name the folder above it with "
        "--data DIR or KIT_DATA"
    )


def _text(archive: Path, task: int, part: str) -> str:
    with zipfile.ZipFile(archive) as opened:
        names = [
            name
            for name in opened.namelist()
            if name.startswith(f"{FOLDER}/qa{task}_") and name.endswith(f"_{part}.txt")
        ]
        if len(names) != 1:
            raise KitError(f"{archive} holds {len(names)} files of task {task}, {part}; expected 1")
        return opened.read(names[0]).decode()


def parse(text: str) -> list[Question]:
    """The questions of a file: numbered lines, a question's line with its answer after a tab.

    Line number 1 begins a new story.
    """
    found: list[Question] = []
    told: list[str] = []
    for line in text.splitlines():
        number, _, rest = line.partition(" ")
        if number == "1":
            told = []
        if "\t" in rest:
            question, answer, *_ = rest.split("\t")
            found.append(Question(" ".join([*told, question.strip()]), answer.strip()))
        else:
            told.append(rest.strip())
    return found
