"""The class on one page: what to decide, every student, scores, hardest checks, mistakes, time.

The page needs nothing from elsewhere. Its one script, a few lines of its own that its policy names,
sorts and searches the table of students; without it the page shows the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from common.homework import Homework
from common.pages.templates import render
from staff.grading import item_statistics
from staff.grading.attention import Attention, Item, attention
from staff.grading.hand_ins import HandIns

PAGE = "staff/grading/class_page.html"
SCRIPT = Path(__file__).with_suffix(".js")
BINS = 20
LOW = 0.1  # a discrimination below this: the item tells nothing of who knows the rest
MOST_TOPICS = 8
WIDTH, HEIGHT = 360, 90  # of the histogram: as many points as a telephone has, so text is readable


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        name: what a screen reader calls it.
        rows: texts of cells; the first of each names the row.
        kinds: the class of each column: "n" for numbers, "desk" where a telephone has no room.
    """

    name: str
    head: list[str]
    rows: list[list[object]]
    kinds: list[str]


@dataclass(frozen=True)
class Bin:
    """The number of students with scores from `low` to `high`, and its bar in the picture."""

    low: float
    high: float
    count: int
    x: float
    tall: float


@dataclass(frozen=True)
class Histogram:
    """The distribution of scores between 0 and `most` points.

    Attributes:
        quarters: what a quarter, half and three quarters of them have at most.
    """

    most: float
    quarters: list[float]
    bins: list[Bin]
    width: float = WIDTH / BINS


def page(
    records: list[dict],
    homework: Homework,
    lists: Attention | None = None,
    hand_ins: HandIns | None = None,
    written: Path | None = None,
) -> str:
    """The whole page.

    Args:
        lists: what to decide and what is worth a look; made from the records where it is None.
        hand_ins: whose uploads they are; for the students who handed in nothing.
        written: hwN-written.csv, where the written half is graded.
    """
    hand_ins = hand_ins or HandIns()
    lists = lists or attention(records, hand_ins)
    graded = [record for record in records if record["status"] == "graded"]
    return render(
        PAGE,
        script=SCRIPT.read_text(encoding="utf-8"),
        homework=homework,
        numbers=_numbers(records, graded),
        decide=_list("to decide", lists.decide),
        look=_list("worth a look", lists.look),
        histogram=_histogram([record["score"] for record in graded], _most(records)),
        size=(WIDTH, HEIGHT),
        checks=_checks(graded),
        questions=_questions(written) if written else None,
        mistakes=_mistakes(graded),
        topics=_topics(graded, homework),
        runs=_runs(graded),
        time=_time(records),
        slowest=_slowest(records),
        students=_students(records, homework, hand_ins),
    )


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


def _histogram(scores: list[float], most: float) -> Histogram | None:
    if not scores or not most:
        return None
    counts = Counter(min(BINS - 1, int(BINS * score / most)) for score in scores)
    highest, width = max(counts.values()), WIDTH / BINS
    bins = [
        Bin(
            most * i / BINS,
            most * (i + 1) / BINS,
            counts[i],
            i * width,
            HEIGHT * counts[i] / highest,
        )
        for i in range(BINS)
    ]
    return Histogram(most, [_quantile(sorted(scores), q) for q in (0.25, 0.5, 0.75)], bins)


def _table(
    name: str,
    head: list[str],
    rows: list[list[object]],
    numbers: set[int],
    desk: frozenset[int] = frozenset(),
) -> Table:
    """A table.

    Args:
        numbers: columns to align on the right.
        desk: columns that a telephone has no room for.
    """
    kinds = [" ".join(["n"] * (i in numbers) + ["desk"] * (i in desk)) for i in range(len(head))]
    return Table(name, head, rows, kinds)


def _checks(graded: list[dict]) -> Table:
    rows: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for record in graded:
        for check in record["checks"]:
            rows[check["problem"], check["title"]].append(check)
    told: list[list[object]] = []
    for one in item_statistics.of_checks(graded):
        own = rows[one.problem, one.title]
        ended = Counter(c["status"] for c in own if c["status"] not in ("passed", "failed"))
        told.append(
            [
                one.problem,
                one.title,
                _worth(own[0]),
                f"{one.share:.0%}",
                _apart(one),
                ", ".join(f"{status} {count}" for status, count in ended.most_common()),
            ]
        )
    return _table(
        "hardest checks",
        ["Problem", "Check", "Points", "Passed", "Tells apart", "Ended early"],
        told,
        {2, 3, 4},
        frozenset({5}),
    )


def _apart(one: item_statistics.Measured) -> str:
    """Return its correlation with the rest of a student's score; a weak one has a mark."""
    if one.discrimination is None:
        return "–"
    return f"{one.discrimination:.2f}" + (" (!)" if one.discrimination < LOW else "")


def _questions(written: Path) -> Table:
    rows: list[list[object]] = [
        [one.problem, one.students, f"{one.share:.0%}", _apart(one)]
        for one in item_statistics.of_questions(written)
    ]
    return _table("questions", ["Question", "Graded", "Earned", "Tells apart"], rows, {1, 2, 3})


def _topics(graded: list[dict], homework: Homework) -> Table:
    """The commonest causes, and the questions that they touch."""
    rows: list[list[object]] = [
        [one.problem, one.text, one.students, ", ".join(one.questions)]
        for one in item_statistics.to_teach(graded, homework)[:MOST_TOPICS]
    ]
    return _table("what to teach", ["Problem", "Cause", "Students", "Questions"], rows, {2})


def _worth(check: dict) -> str:
    return f"{check['max_points']:g}" if check["max_points"] else "extra"


def _mistakes(graded: list[dict]) -> Table:
    counts = Counter(
        pair
        for record in graded
        for pair in {(c["problem"], c["mistake"]) for c in record["checks"] if c["mistake"]}
    )
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _table(
        "commonest mistakes",
        ["Problem", "Mistake", "Students"],
        [[problem, slug.replace("_", " "), count] for (problem, slug), count in rows],
        {2},
    )


def _runs(graded: list[dict]) -> Table | None:
    found: dict[str, list[float]] = defaultdict(list)
    for record in graded:
        for name, accuracy in record["accuracy"].items():
            found[name].append(accuracy)
    if not found:
        return None
    rows: list[list[object]] = []
    for name, values in sorted(found.items()):
        values.sort()
        rows.append([name, len(values), *(f"{_quantile(values, q):.3f}" for q in (0, 0.5, 0.999))])
    head = ["Run", "Measured", "Lowest", "Median", "Highest"]
    return _table("trained runs", head, rows, {1, 2, 3, 4})


def _time(records: list[dict]) -> str:
    if not records:
        return ""
    seconds = sorted(record["seconds"] for record in records)
    return (
        f"Seconds for one submission: median {_quantile(seconds, 0.5):.2f}, 95 % within "
        f"{_quantile(seconds, 0.95):.2f}, together {sum(seconds):.0f}. Peak memory of one grading "
        f"process with its worker: {max(record['memory_mb'] for record in records)} MB."
    )


def _slowest(records: list[dict]) -> Table:
    slowest = sorted(records, key=lambda record: -record["seconds"])[:5]
    rows: list[list[object]] = [[record["id"], f"{record['seconds']:.1f}"] for record in slowest]
    return _table("slowest submissions", ["Slowest", "Seconds"], rows, {1})


def _list(name: str, items: list[Item]) -> Table:
    """One of the two lists."""
    rows: list[list[object]] = [[item.who, item.kind, item.text] for item in items]
    return _table(name, ["Who", "What", "Why"], rows, set())


def _students(records: list[dict], homework: Homework, hand_ins: HandIns) -> Table:
    """One row a student: points of every problem, and what was noted."""
    problems = [p.id for p in homework.problems if p.kind in ("code", "run", "extra")]
    head = [
        "Student",
        "Upload",
        "Status",
        "Points",
        "Extra",
        "Curves",
        *problems,
        "Handed in",
        "Notes",
    ]
    rows = [
        [
            student,
            record["id"],
            record["status"],
            record["score"],
            record["extra"],
            record["diagnosis"],
            *(record["problems"].get(p, 0) for p in problems),
            _time_of(record),
            "; ".join(
                filter(None, [record["reason"], *(note["text"] for note in record["notes"])])
            ),
        ]
        for record in records
        for student in record["students"]
    ]
    blank = [""] * (len(head) - 3)
    rows += [[student, "", "nothing handed in", *blank] for student in hand_ins.without]
    numbers = set(range(3, 6 + len(problems)))
    return _table("students", head, rows, numbers, frozenset(range(4, 6 + len(problems))))


def _time_of(record: dict) -> str:
    """Say when it was handed in, or else packed, by the student's own clock."""
    packed = record.get("packed")
    return record["submitted"] or (f"not known; packed {packed}" if packed else "")
