"""`python -m common.report hw0`: the printable report from writeup.md and the run folders."""

from __future__ import annotations

import argparse
from pathlib import Path

from common import homework as homeworks
from common import options
from common.errors import KitError
from common.files import write_text
from common.homework import ROOT, Homework
from common.options.command_line import Parser, add_shared
from common.report.figures import Figures
from common.report.page import Report, render
from common.report.results import Results
from common.report.writeup import heading, load_writeup

MADE = "<!-- made by python -m common.report from {}; type answers there: this file is written anew -->"


def main(argv: list[str] | None = None) -> int:
    """Make the report; return 0 when all is there, 1 when something is missing."""
    chosen = arguments(argv)
    homework = homeworks.load(chosen.homework)
    writeup = ROOT / homework.name / "writeup.md"
    runs = chosen.runs / homework.name
    page = chosen.output or runs / "report.html"
    text = page.with_suffix(".md")
    _require_ours(page, text)
    report = assemble(homework, writeup, runs, chosen.name)
    write_text(page, _mark(writeup) + render(report))
    write_text(text, _mark(writeup) + as_markdown(report, text.parent))
    print(f"report: {page} (the same as Markdown: {text})")
    return _say_what_is_missing(report)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.report",
        description="Make the report of a homework: your answers from hwN/writeup.md, tables and "
        "figures from the run folders, one question a page. Only reads writeup.md, so make it as "
        "often as you like.",
        epilog="exit code: 0 all there, 1 something is missing (it is listed, the report is made), "
        "2 cannot\n\nexample:\n  python -m common.report hw0 --name 'Ada Lovelace'\n"
        "  then open runs/hw0/report.html in a browser and print it to PDF",
    )
    add_shared(parser, "homework", "--runs")
    parser.add_argument("--name", help="yours, in place of the one in writeup.md")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the page to write (default runs/hwN/report.html)",
    )
    return parser.parse_args(argv)


def assemble(homework: Homework, path: Path, runs: Path, name: str | None = None) -> Report:
    """Read the writeup and the runs, and fill the tables in."""
    writeup = load_writeup(path, homework)
    results = Results(homework, runs)
    filled = [results.fill(s.lines, wanted=not s.question.extra) for s in writeup.sections]
    figures = Figures(path.parent, results)
    return Report(homework, name or writeup.name, writeup, filled, results, figures)


def as_markdown(report: Report, folder: Path) -> str:
    """The report as Markdown that lies in `folder`, with a page break before each question."""
    head = [f"# {report.homework.name}: {report.homework.title}", "", f"Name: {report.name}", ""]
    if others := report.writeup.field("People I worked with"):
        head += [f"People I worked with: {others}", ""]
    head += [f"- missing: {', '.join(whats)}: `{how}`" for how, whats in report.missing.items()]
    parts = ["\n".join(head)]
    for section, lines in zip(report.writeup.sections, report.filled):
        body = "\n".join(report.figures.linked(lines, folder)).strip("\n")
        parts.append(f"{heading(section.question)}\n\n{body}\n")
    return '\n<div style="page-break-after: always"></div>\n\n'.join(parts)


def _mark(writeup: Path) -> str:
    return MADE.format(f"{writeup.parent.name}/{writeup.name}") + "\n"


def _require_ours(page: Path, text: Path) -> None:
    """Refuse to write over anything that this command did not make."""
    if page.suffix not in (".html", ".htm"):
        raise KitError(f"-o {page}: expected a name that ends in .html")
    begins = MADE.partition("{}")[0].encode()
    for path in (page, text):
        if path.exists() and not (path.is_file() and path.read_bytes().startswith(begins)):
            raise KitError(
                f"{path} was not made by this command and stays as it is; choose another -o FILE"
            )


def _say_what_is_missing(report: Report) -> int:
    missing = [f"{', '.join(whats)}\n  {how}" for how, whats in report.missing.items()]
    for section in report.writeup.sections:
        parts = ", ".join(filter(None, section.unanswered.values()))
        if section.unanswered and not section.question.extra:
            missing.append(f"answer to {section.question.id}{': part ' + parts if parts else ''}")
    if not report.name:
        missing.append("your name: type it after 'Name:' in writeup.md, or give --name")
    for note in report.results.notes:
        print(f"note: {note}")
    for line in missing:
        print(f"missing: {line}")
    if sum(what.startswith("run ") for what in report.results.missing) > 1:
        print(f"all runs at once: python -m common.experiments {report.homework.name}")
    if missing:
        print(f"the report is made; it lacks what is listed above: {len(missing)} (exit code 1)")
    print("to hand it in: open it in a browser, print to PDF, and upload that")
    return 1 if missing else 0


if __name__ == "__main__":
    options.run_main(main)
