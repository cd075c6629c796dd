"""`python -m staff similarity FOLDER --hw hw1`: pairs of submissions that share code of their own.

A number says where to look, never what happened: short holes have few right ways, so a person
compares the files.
"""

from __future__ import annotations

import csv
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.course.csv_cell import csv_text
from staff.course.private import require_private
from staff.grading import pseudonyms, similarity_page
from staff.grading.shared_code import Pair, find

EPILOG = """
example:
  python -m staff similarity submissions --hw hw1 --corpus 2024 2025
FOLDER-similarity-hw1.csv has the table, FOLDER-similarity-hw1.html the pairs side by side. Without
--least the threshold of each file comes from all its pairs, nearly all of them honest: the upper
quartile and three times the interquartile range.
"""


def main(argv: list[str]) -> int:
    """Write the table of pairs and the page; return the exit code."""
    options = command.parser("similarity", __doc__.split("\n\n")[1], EPILOG)
    add = options.add_argument
    command.add_shared(options, "folder", "--hw", "--pseudonyms")
    add(
        "--corpus",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="folders of earlier years' and public work: compared with, not among themselves",
    )
    add("--least", type=float, help="smallest share to list, in place of the class's own")
    add("-o", "--output", type=Path, metavar="FILE", help="FOLDER-similarity-hwN.csv")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    if chosen.least is not None and not 0 <= chosen.least <= 1:
        raise KitError(f"--least {chosen.least:g}: a share is between 0 and 1")
    output = chosen.output or default_output(chosen.folder, homework)
    require_private(output)
    found = find(chosen.folder, homework, chosen.corpus, chosen.least)
    write_text(output, table(found.pairs))
    write_text(output.with_suffix(".html"), similarity_page.page(found, homework))
    if chosen.pseudonyms:
        hidden = pseudonyms.of_pairs(found, output.with_name(pseudonyms.FILE))
        shown = output.with_name(f"{output.stem}-pseudonyms.html")
        write_text(shown, similarity_page.page(hidden, homework))
        print(f"{shown}: without names; {output.with_name(pseudonyms.FILE)} has who is who")
    declared = sum(pair.declared for pair in found.pairs)
    print(f"{output}: {len(found.pairs)} pairs to look at, {declared} of declared collaborators")
    for file, told in found.thresholds.items():
        print(f"  {file}: {told}")
    for copied in found.copied:
        print(f"holds the canary of the staff's solutions: {copied}")
    for told in found.unread:
        print(f"not compared: {told}")
    if found.unsigned:
        print(f"statement not signed: {', '.join(found.unsigned)}")
    return 0


def default_output(folder: Path, homework: Homework) -> Path:
    """Return the path of a folder's table where no option names one."""
    return folder.with_name(f"{folder.name}-similarity-{homework.name}.csv")


def undeclared_pairs(path: Path) -> list[dict[str, str]]:
    """The undeclared pairs of a table that is there; none when it is not."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if not row.get("declared")]


def table(pairs: list[Pair]) -> str:
    """The pairs as CSV."""
    head = ["file", "one", "other", "share_of_one", "share_of_other", "tokens", "declared"]
    rows: list[list] = [head]
    for pair in pairs:
        shares = [f"{share:.2f}" for share in pair.shares]
        declared = "yes" if pair.declared else ""
        rows.append([pair.file, pair.one, pair.other, *shares, pair.tokens, declared])
    return csv_text(rows)
