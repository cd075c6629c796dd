"""The class on one page: what to decide, every student, scores, hardest checks, mistakes, time.

The page needs nothing from elsewhere. Its one script, a few lines of its own, sorts and searches the
table of students; without it the page shows the same.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict

from common.homework import Homework
from staff.grading.attention import Attention, Item, attention
from staff.grading.hand_ins import HandIns

BINS = 20
WIDTH, HEIGHT = 360, 90  # of the histogram: as many points as a telephone has, so text is readable
STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:1.5em auto;padding:0 1em}
h1{font-size:1.5em;line-height:1.25}h2{font-size:1.15em;margin:1.6em 0 .4em}
.table{overflow-x:auto}table{border-collapse:collapse}
td,th{padding:.25em .8em .25em 0;text-align:left;vertical-align:top;overflow-wrap:break-word}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tr+tr td{border-top:1px solid #8886}
.wide{white-space:nowrap}figure{margin:0;max-width:44em}svg{width:100%;height:auto}
rect{fill:#2a78d6}text{fill:currentColor;font-size:10px}
th button{all:unset;cursor:pointer;font-weight:bold}th button:focus-visible{outline:2px solid}
th[aria-sort=ascending] button::after{content:" \\25b4"}
th[aria-sort=descending] button::after{content:" \\25be"}
input{font:inherit;padding:.2em .4em;width:16em}
@media(max-width:36em){body{font-size:14px}td,th{padding-right:.6em}.wide{display:none}}
"""


SCRIPT = """
const table=document.querySelector('#students table'),body=table&&table.tBodies[0];
const value=(row,i)=>{const t=row.cells[i].textContent,n=parseFloat(t);return isNaN(n)?t:n};
function sort(head,i){const up=head.ariaSort!=='ascending';
  for(const h of table.querySelectorAll('th'))h.removeAttribute('aria-sort');
  head.ariaSort=up?'ascending':'descending';
  const rows=[...body.rows].sort((a,b)=>{const x=value(a,i),y=value(b,i);
    return (typeof x===typeof y?(x<y?-1:x>y?1:0):typeof x==='number'?-1:1)*(up?1:-1)});
  body.append(...rows)}
if(table){[...table.tHead.rows[0].cells].forEach((head,i)=>{const b=document.createElement('button');
  b.textContent=head.textContent;b.onclick=()=>sort(head,i);head.replaceChildren(b)});
const find=document.createElement('input');find.type='search';find.placeholder='search students';
find.ariaLabel='search students';find.oninput=()=>{for(const r of body.rows)
  r.hidden=!r.textContent.toLowerCase().includes(find.value.toLowerCase())};
document.querySelector('#students').prepend(find)}
"""


def page(
    records: list[dict],
    homework: Homework,
    lists: Attention | None = None,
    hand_ins: HandIns | None = None,
) -> str:
    """The whole page.

    Args:
        lists: what to decide and what is worth a look; made from the records where it is None.
        hand_ins: whose uploads they are; for the students who handed in nothing.
    """
    hand_ins = hand_ins or HandIns()
    lists = lists or attention(records, homework, hand_ins)
    graded = [record for record in records if record["status"] == "graded"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{_text(homework.name)}: the class</title><style>{STYLE}</style>",
        f"<main><h1>{_text(homework.name)}: {_text(homework.title)}</h1>",
        f"<p>{_numbers(records, graded)}</p>",
        _list("Decide", lists.decide),
        _list("Worth a look", lists.look),
        "<h2>Scores</h2>",
        _histogram([record["score"] for record in graded], _most(records)),
        "<h2>Hardest checks</h2>",
        _checks(graded),
        "<h2>Commonest mistakes</h2>",
        _mistakes(graded),
        _runs(graded),
        "<h2>Time and memory</h2>",
        _time(records),
        _students(records, homework, hand_ins),
        f"<script>{SCRIPT}</script>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _text(value: object) -> str:
    return html.escape(str(value))


def _most(records: list[dict]) -> float:
    return max((record["max_score"] for record in records), default=0)


def _numbers(records: list[dict], graded: list[dict]) -> str:
    scores = sorted(record["score"] for record in graded)
    if not scores:
        return f"{len(records)} submissions, none graded."
    mean = sum(scores) / len(scores)
    full = sum(record["score"] >= record["max_score"] for record in graded)
    return (
        f"{len(records)} submissions, {len(graded)} graded. Of {_most(records):g} points: mean "
        f"{mean:.1f}, median {_quantile(scores, 0.5):g}; {full} have all."
    )


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def _histogram(scores: list[float], most: float) -> str:
    if not scores or not most:
        return ""
    counts = Counter(min(BINS - 1, int(BINS * score / most)) for score in scores)
    highest, width, height = max(counts.values()), WIDTH / BINS, HEIGHT
    bars = []
    for index in range(BINS):
        count = counts[index]
        tall = height * count / highest
        low, high = most * index / BINS, most * (index + 1) / BINS
        bars.append(
            f"<rect x={index * width:.1f} y={height - tall + 14:.1f} width={width - 2:.1f} "
            f"height={tall:.1f}><title>{low:g} to {high:g}: {count}</title></rect>"
        )
        if count:
            bars.append(
                f"<text x={index * width + width / 2 - 1:.1f} y={height - tall + 10:.1f} "
                f"text-anchor=middle>{count}</text>"
            )
    ends = f"<text x=0 y={height + 26}>0</text><text x={WIDTH - 2} y={height + 26} text-anchor=end>"
    ordered = sorted(scores)
    quarters = ", ".join(f"{_quantile(ordered, q):g}" for q in (0.25, 0.5, 0.75))
    return (
        f"<figure><svg viewBox='0 0 {WIDTH} {height + 30}' role=img aria-labelledby=scores>"
        + "".join(bars) + ends + f"{most:g}</text></svg><figcaption id=scores>How many students "
        f"earned how many of {most:g} points. A quarter, half and three quarters of them have at "
        f"most {quarters}.</figcaption></figure>"
    )  # fmt: skip


def _table(
    head: list[str], rows: list[list[object]], numbers: set[int], wide: frozenset[int] = frozenset()
) -> str:
    """A table.

    Args:
        numbers: columns to align on the right.
        wide: columns that a telephone has no room for.
    """
    kinds = [
        ("n " if i in numbers else "") + ("wide" if i in wide else "") for i in range(len(head))
    ]

    def cells(tag: str, row: list, scope: str = "") -> str:
        return "".join(f"<{tag}{scope} class='{k}'>{_text(cell)}</{tag}>"
                       for k, cell in zip(kinds, row))  # fmt: skip

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    top = f"<thead><tr>{cells('th', head, ' scope=col')}</tr></thead>"
    return (
        f"<div class=table><table>{top}<tbody>{body}</tbody></table></div>"
        if rows
        else "<p>None.</p>"
    )


def _checks(graded: list[dict]) -> str:
    rows: dict[str, list[dict]] = defaultdict(list)
    for record in graded:
        for check in record["checks"]:
            rows[check["id"]].append(check)
    shares = []
    for own in rows.values():
        passed = sum(check["status"] == "passed" for check in own) / len(own)
        others = Counter(c["status"] for c in own if c["status"] not in ("passed", "failed"))
        shares.append((passed, own[0], ", ".join(f"{s} {n}" for s, n in others.most_common())))
    shares.sort(key=lambda row: (row[0], row[1]["id"]))
    return _table(
        ["Problem", "Check", "Points", "Passed", "Ended early"],
        [[c["problem"], c["title"], _worth(c), f"{p:.0%}", o] for p, c, o in shares],
        {2, 3},
        frozenset({4}),
    )


def _worth(check: dict) -> str:
    return f"{check['max_points']:g}" if check["max_points"] else "extra"


def _mistakes(graded: list[dict]) -> str:
    counts = Counter(
        pair
        for record in graded
        for pair in {(c["problem"], c["mistake"]) for c in record["checks"] if c["mistake"]}
    )
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _table(
        ["Problem", "Mistake", "Students"],
        [[problem, slug.replace("_", " "), count] for (problem, slug), count in rows], {2},
    )  # fmt: skip


def _runs(graded: list[dict]) -> str:
    found: dict[str, list[float]] = defaultdict(list)
    for record in graded:
        for name, accuracy in record["accuracy"].items():
            found[name].append(accuracy)
    if not found:
        return ""
    rows = []
    for name, values in sorted(found.items()):
        values.sort()
        rows.append([name, len(values), *(f"{_quantile(values, q):.3f}" for q in (0, 0.5, 0.999))])
    head = ["Run", "Measured", "Lowest", "Median", "Highest"]
    return "<h2>Trained runs, on fresh tasks</h2>" + _table(head, rows, {1, 2, 3, 4})


def _time(records: list[dict]) -> str:
    if not records:
        return ""
    seconds = sorted(record["seconds"] for record in records)
    slowest = sorted(records, key=lambda record: -record["seconds"])[:5]
    text = (
        f"<p>Seconds for one submission: median {_quantile(seconds, 0.5):.2f}, 95 % within "
        f"{_quantile(seconds, 0.95):.2f}, together {sum(seconds):.0f}. Peak memory of one grading "
        f"process with its worker: {max(record['memory_mb'] for record in records)} MB.</p>"
    )
    rows = [[record["id"], f"{record['seconds']:.1f}"] for record in slowest]
    return text + _table(["Slowest", "Seconds"], rows, {1})


def _list(title: str, items: list[Item]) -> str:
    """One of the two lists; a long one is folded."""
    rows: list[list[object]] = [[item.who, item.kind, item.text] for item in items]
    return f"<h2>{title} ({len(items)})</h2>" + _table(["Who", "What", ""], rows, set())


def _students(records: list[dict], homework: Homework, hand_ins: HandIns) -> str:
    """One row a student: points of every problem, and what was noted."""
    problems = [p.id for p in homework.problems if p.kind in ("code", "run", "extra")]
    head = ["Student", "Upload", "Status", "Points", "Extra", "Curves", *problems, "Handed in",
            "Notes"]  # fmt: skip
    rows = [
        [
            student, record["id"], record["status"], record["score"], record["extra"],
            record["diagnosis"], *(record["problems"].get(p, 0) for p in problems),
            _time_of(record), "; ".join(filter(None, [record["reason"], *(note["text"] for note in record["notes"])])),
        ]
        for record in records
        for student in record["students"]
    ]  # fmt: skip
    blank = [""] * (len(head) - 3)
    rows += [[student, "", "nothing handed in", *blank] for student in hand_ins.without]
    numbers = set(range(3, 6 + len(problems)))
    table = _table(head, rows, numbers, frozenset(range(4, 6 + len(problems))))
    return f"<h2>Students ({len(rows)})</h2><div id=students>{table}</div>"


def _time_of(record: dict) -> str:
    """When it was handed in; without that, when it was packed by the student's own clock."""
    packed = record.get("packed")
    return record["submitted"] or (f"not known; packed {packed}" if packed else "")
