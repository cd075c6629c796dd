"""The report as one self-contained page: to read on a screen, and to print with a question a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from common.homework import Homework
from common.pages.markdown import escape, inline, to_html
from common.report.figures import Figures
from common.report.results import Results
from common.report.writeup import Question, Section, Writeup

ROOM = "\ue000"  # stands in a section where an answer is still to be written
STYLE = """
:root { color-scheme: light; --ink: #1b1b1f; --soft: #55555e; --line: #c9c9c4; --asked: #eef4f8;
  --edge: #0a5c8f; --bad: #8f2d00; }
* { box-sizing: border-box }
body { font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
  color: var(--ink); background: #fff; max-width: 50rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 } h2 { font-size: 1.25rem; margin: .6rem 0 }
h3, h4, h5, h6 { font-size: 1.05rem; margin: 1rem 0 .3rem }
a { color: var(--edge) } a:focus-visible, .wide:focus-visible { outline: 3px solid var(--edge);
  outline-offset: 2px }
section { border-top: 2px solid var(--ink); margin-top: 3rem; padding-top: .4rem }
section:first-of-type { border: 0; margin-top: 0 }
.strip { display: flex; flex-wrap: wrap; gap: 0 1.5rem; font-size: .85rem; color: var(--soft) }
.strip b { margin-left: auto; color: var(--ink) } .worth { font-weight: 400; color: var(--soft) }
blockquote { margin: 1rem 0 .5rem; padding: .4rem .8rem; background: var(--asked);
  border-left: 4px solid var(--edge) } blockquote p { margin: .2rem 0 }
.room { border: 1px dashed var(--soft); min-height: 6rem; padding: .2rem .6rem; color: var(--soft);
  font-size: .85rem }
.absent { border: 1px dashed var(--bad); color: var(--bad); padding: .6rem .8rem }
.missing { color: var(--bad) }
figure { margin: .8rem 0; text-align: center } img { max-width: 100%; height: auto; background: #fff }
figcaption { font-size: .85rem; color: var(--soft) }
.others figure { display: inline-block; vertical-align: top; width: 100% }
@media (min-width: 40rem) { .others figure { width: 49% } }
.wide { overflow-x: auto; margin: .8rem 0 } table { border-collapse: collapse; font-size: .92rem;
  font-variant-numeric: tabular-nums; overflow-wrap: normal }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0;
  border-bottom: 1px solid var(--line) } thead th { border-bottom: 2px solid var(--ink) }
tbody th { font-weight: 600; white-space: nowrap }
code, pre { font: .9em/1.45 ui-monospace, "Cascadia Mono", "Liberation Mono", Consolas, monospace }
pre { overflow-x: auto; background: #f4f4f1; padding: .6rem } .math { font-family: "Cambria Math",
  "STIX Two Math", "Latin Modern Math", "DejaVu Serif", serif }
pre.math { background: none; padding: .2rem 1rem }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt }
  section { break-before: page; border: 0; margin: 0; padding: 0 } section:first-of-type { break-before: auto }
  .strip { border-bottom: 1px solid var(--ink); padding-bottom: .2rem; margin-bottom: .6rem }
  img { max-height: 11cm } .others img { max-height: 6cm }
  .others figure { width: 49% }
  figure, tr, .room { break-inside: avoid } h2, h3, blockquote { break-after: avoid }
  .wide { overflow: visible } pre { white-space: pre-wrap } a { color: inherit; text-decoration: none }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
@page { margin: 16mm 16mm 18mm; @bottom-right { font: 8pt sans-serif;
  content: counter(page) " / " counter(pages) } }
"""


@dataclass
class Report:
    """Everything that the page shows.

    Attributes:
        name: of the student.
        filled: for each section its lines, tables filled in.
    """

    homework: Homework
    name: str
    writeup: Writeup
    filled: list[list[str]]
    results: Results
    figures: Figures


def render(report: Report) -> str:
    """The page; all that was typed is escaped."""
    questions = "".join(
        _question(report, section, lines)
        for section, lines in zip(report.writeup.sections, report.filled)
    )
    others = _others(report)
    head = _cover(report)  # last: it lists what the questions found missing
    title = f"{report.homework.name} report: {report.name or 'no name'}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}{_page_marks(report)}</style></head>\n"
        f"<body><main>{head}{questions}{others}</main></body></html>\n"
    )


def _page_marks(report: Report) -> str:
    """A line at the foot of every printed page: homework, name and question."""
    who = f"{report.homework.name} · {report.name}"
    marks = [f"@page {{ @bottom-left {{ font: 8pt sans-serif; content: {_quoted(who)} }} }}\n"]
    for section in report.writeup.sections:
        key = _key(section.question)
        text = _quoted(f"{who} · {section.question.id}")
        marks.append(f"@page {key} {{ @bottom-left {{ font: 8pt sans-serif; content: {text} }} }}\n"
                     f"#{key} {{ page: {key} }}\n")  # fmt: skip
    return "".join(marks)


def _quoted(text: str) -> str:
    """A string for a style sheet: all but letters, digits and blanks by their numbers."""
    return '"' + re.sub(r"[^\w ·-]", lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def _key(question: Question) -> str:
    return "q-" + re.sub(r"\W", "-", question.id)


def _cover(report: Report) -> str:
    homework, results = report.homework, report.results
    name = escape(report.name) or '<span class="missing">no name: type it after “Name:”</span>'
    fields = [f"<p><strong>Name:</strong> <bdi>{name}</bdi></p>"]
    if others := report.writeup.field("People I worked with"):
        fields.append(f"<p><strong>Worked with:</strong> <bdi>{escape(others)}</bdi></p>")
    links = "".join(
        f'<li><a href="#{_key(s.question)}">{escape(s.question.id)} · {escape(s.question.title)}</a> '
        f"({s.question.worth}){_open(s)}</li>"
        for s in report.writeup.sections
    )
    missing = "".join(
        f"<li>{escape(', '.join(whats))}<br><code>{escape(how)}</code></li>"
        for how, whats in results.to_make().items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in results.notes)
    return (
        f'<section id="cover"><h1>Homework {homework.number}: {escape(homework.title)}</h1>'
        f"{''.join(fields)}<h2>Questions</h2><ul>{links}</ul>{_runs(results)}"
        + (f'<h2>Missing</h2><ul class="missing">{missing}</ul>' if missing else "")
        + (f"<h2>Notes</h2><ul>{notes}</ul>" if notes else "")
        + "</section>\n"
    )


def _open(section: Section) -> str:
    if section.question.extra or not section.unanswered:
        return ""
    return ' <span class="missing">not answered yet</span>'


def _runs(results: Results) -> str:
    """Which runs the numbers come from."""
    rows = ""
    for name, runs in results.used.items():
        if runs and runs[0].config:
            seeds = ", ".join(str(run.seed) for run in runs)
            data = escape(str(runs[0].config.get("data", "")))
            rows += f'<tr><th scope="row">{escape(name)}</th><td>{seeds}</td><td>{data}</td></tr>'
    if not rows:
        return ""
    return (
        '<h2>Runs</h2><div class="wide" tabindex="0" role="region" aria-label="runs"><table><thead><tr>'
        f'<th scope="col">run</th><th scope="col">seeds</th><th scope="col">data</th></tr></thead><tbody>{rows}</tbody></table>'
        "</div><p>Of several seeds, tables give the mean ± its 95 % interval (Student’s t over seeds), "
        "and list whole numbers seed by seed; of one run, the interval is its own, over its "
        "test tasks or repetitions.</p>"
    )


def _question(report: Report, section: Section, lines: list[str]) -> str:
    question = section.question
    body = list(lines)
    for line in sorted(section.unanswered, reverse=True):
        body[line:line] = ["", ROOM, ""]
    report.figures.wanted = not question.extra
    text = to_html("\n".join(body), report.figures.figure)
    text = text.replace(f"<p>{ROOM}</p>", '<p class="room">Answer:</p>')
    return (
        f'<section id="{_key(question)}" aria-labelledby="{_key(question)}-title">'
        f"{_strip(report, question.id)}"
        f'<h2 id="{_key(question)}-title">{escape(question.id)} · {inline(question.title)} '
        f'<span class="worth">({question.worth})</span></h2>{text}</section>\n'
    )


def _strip(report: Report, what: str) -> str:
    name = escape(report.name) or "no name"
    return (
        f'<p class="strip"><span>{escape(report.homework.name)} · {escape(report.homework.title)}'
        f"</span><bdi>{name}</bdi><b>{escape(what)}</b></p>"
    )


def _others(report: Report) -> str:
    """Every other picture of the runs that were used, small, for who wants to look."""
    paths = report.figures.others()
    if not paths:
        return ""
    figures = "".join(
        report.figures.figure(f"{path.stem} of {path.parent.name}", str(path.resolve()))
        for path in paths
    )
    return (
        f'<section id="others" aria-labelledby="others-title">{_strip(report, "appendix")}'
        f'<h2 id="others-title">Other pictures of these runs</h2><div class="others">{figures}</div>'
        "</section>\n"
    )
