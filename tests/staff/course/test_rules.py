"""The gradebook: every rule of the course, with cases worked by hand."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from common.errors import KitError
from staff.course import policy, rules, statistics
from staff.course.book import Person, Work
from staff.course.policy import Assignment, Policy

ZONE = ZoneInfo("America/Los_Angeles")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def homework(name, weight, due, kind="homework", replaces=0):
    return Assignment(
        name, kind, weight, at(due), code=60, written=40, replaces=replaces, extra=5, extra_checks=2
    )


RULES = Policy(
    assignments=(
        homework("hw0", 5, "2026-10-01T23:59"),
        homework("hw1", 15, "2026-10-10T23:59"),
        homework("hw2", 15, "2026-10-20T23:59"),
        homework("hw3", 15, "2026-10-30T23:59"),
        Assignment("milestone", "project", 20, at("2026-11-05T23:59"), 0, 10),
        homework("hw4", 0, "2026-11-10T23:59", "optional", 15),
        Assignment("poster", "project", 10, at("2026-12-01T12:00"), 0, 10, late=False),
        Assignment("report", "project", 20, at("2026-12-10T23:59"), 0, 10),
    ),
    zone=ZONE,
    late_days=6,
    most_late_days=2,
    grace_minutes=15,
    most_participation=2,
)
ALL = {one.name: set(one.halves) for one in RULES.assignments}
DUE = {one.name: one.due for one in RULES.assignments}


def sent(text, *halves):
    """The halves, handed in at one time."""
    moment = policy.read_moment(text, ZONE)
    return dict.fromkeys(halves or ("code", "written"), moment)


def person(**works):
    """A student with full marks in time for everything but hw4, and the given exceptions."""
    full = {
        one.name: Work(one.code, one.written, submitted=sent(one.due.isoformat()))
        for one in RULES.assignments
        if one.kind != "optional"
    }
    return Person("ada", works=full | works)


def graded(one):
    return rules.grade(one, RULES, ALL)


def late(name, when, code=60, written=40, **more):
    if RULES.named(name).kind == "project":
        code, written = 0, 10
    return {name: Work(code, written, submitted=sent(when), **more)}


def test_full_marks_are_100():
    line = graded(person())
    assert (line.homework, line.project, line.total, line.so_far) == (50, 50, 100, 100)
    assert line.reasons == []


def test_weights():
    # hw0: 30 + 20 of 100 is half of 5; hw1: 45 of 100 of 15; poster: 4 of 10 of 10
    line = graded(
        person(
            hw0=Work(30, 20, submitted=sent("2026-10-01")),
            hw1=Work(15, 30, submitted=sent("2026-10-01")),
            poster=Work(0, 4, submitted=sent("2026-10-01")),
        )
    )
    assert line.homework == pytest.approx(2.5 + 6.75 + 15 + 15)
    assert line.project == pytest.approx(20 + 4 + 20)
    assert line.total == pytest.approx(39.25 + 44)


def test_nothing_handed_in_is_zero_and_said():
    works = person().works
    del works["hw2"]
    line = graded(Person("ada", works=works))
    assert line.total == pytest.approx(85)
    assert line.reasons == ["hw2: nothing handed in"]


DAYS = {
    "on the dot": ("2026-10-10T23:59", 0),
    "within the grace": ("2026-10-11T00:14", 0),
    "a minute after the grace": ("2026-10-11T00:15", 1),
    "one day": ("2026-10-11T23:59", 1),
    "two days and some minutes": ("2026-10-13T00:10", 2),
    "in another zone, in time": ("2026-10-11T06:59:00+00:00", 0),
    "in another zone, late": ("2026-10-11T08:00:00+00:00", 1),
}


@pytest.mark.parametrize("when, days", DAYS.values(), ids=DAYS)
def test_begun_days_count(when, days):
    assert graded(person(**late("hw1", when))).late == ({"hw1": days} if days else {})


def test_the_half_that_came_last_counts():
    work = Work(
        60, 40, submitted=sent("2026-10-10T20:00", "code") | sent("2026-10-12T20:00", "written")
    )
    assert graded(person(hw1=work)).late == {"hw1": 2}


def test_a_half_that_came_too_late_is_named():
    # one due date for both halves: the written one, three days late, decides
    work = Work(
        60, 40, submitted=sent("2026-10-10T20:00", "code") | sent("2026-10-13T20:00", "written")
    )
    line = graded(person(hw1=work))
    assert line.shares["hw1"] == 0
    assert line.reasons == [
        "hw1: written half 3 days late, earns 0 for both halves (at most 2 late days on one "
        "assignment)"
    ]


def own_dates(code_due="2026-10-10T23:59", written_due="2026-10-12T23:59"):
    """The rules, with a due date of its own for the written half of hw1."""
    halves = replace(RULES.named("hw1"), due=at(code_due), due_written=at(written_due))
    those = tuple(halves if one.name == "hw1" else one for one in RULES.assignments)
    return replace(RULES, assignments=those)


@pytest.mark.parametrize(
    "code, written, share, days, reasons",
    [
        ("2026-10-10T20:00", "2026-10-12T20:00", 1.0, {}, []),
        ("2026-10-10T20:00", "2026-10-15T20:00", 0.6, {},
         ["hw1: written half 3 days late, earns 0 (at most 2 late days on one assignment)"]),
        ("2026-10-14T20:00", "2026-10-12T20:00", 0.4, {},
         ["hw1: code half 4 days late, earns 0 (at most 2 late days on one assignment)"]),
        ("2026-10-11T20:00", "2026-10-14T20:00", 1.0, {"hw1": 2},  # a day used covers both halves
         ["hw1: code half 1 day late, 5 left", "hw1: written half 2 days late, 4 left"]),
    ],
)  # fmt: skip
def test_halves_with_due_dates_of_their_own_are_late_by_themselves(
    code, written, share, days, reasons
):
    work = Work(60, 40, submitted=sent(code, "code") | sent(written, "written"))
    line = rules.grade(person(hw1=work), own_dates(), ALL)
    assert line.shares["hw1"] == pytest.approx(share)
    assert (line.late, line.reasons) == (days, reasons)


def test_the_hour_that_winter_time_gives_back_is_no_late_day():
    # Clocks go back on 1 November 2026: the extended day is a day of the wall clock.
    assert graded(person(**late("hw3", "2026-11-01T23:59", extension=2))).late == {}


def test_three_days_late_earn_nothing_and_use_no_day():
    line = graded(person(**late("hw1", "2026-10-13T12:00")))
    assert line.late == {}
    assert line.total == pytest.approx(85)
    assert line.reasons == ["hw1: 3 days late, earns 0 (at most 2 late days on one assignment)"]


def test_six_days_are_shared_by_homeworks_and_project():
    line = graded(
        person(
            **late("hw0", "2026-10-03T12:00"),
            **late("hw1", "2026-10-12T12:00"),
            **late("milestone", "2026-11-06T12:00"),
            **late("report", "2026-12-12T12:00"),
        )
    )
    # 2 + 2 + 1 are used when the report comes 2 days late: one is left, so the report earns 0
    assert line.late == {"hw0": 2, "hw1": 2, "milestone": 1}
    assert line.total == pytest.approx(80)
    assert line.reasons[-1] == "report: 2 days late, earns 0 (1 of 6 late days were left)"


def test_the_last_late_day_can_be_used():
    late_work = {}
    for name in ("hw0", "hw1", "hw2"):
        day = DUE[name].day + 2
        late_work |= late(name, f"2026-10-{day:02d}T12:00")
    line = graded(person(**late_work))
    assert sum(line.late.values()) == 6
    assert line.total == pytest.approx(100)
    assert line.reasons[-1] == "hw2: 2 days late, 0 left"


def test_the_poster_takes_no_late_day():
    line = graded(person(**late("poster", "2026-12-01T13:00")))
    assert line.total == pytest.approx(90)
    assert line.reasons == ["poster: 1 day late, earns 0 (late days cannot be used on it)"]


def test_an_extension_moves_the_due_date_and_late_days_come_after_it():
    assert graded(person(**late("hw1", "2026-10-13T23:00", extension=3))).late == {}
    assert graded(person(**late("hw1", "2026-10-15T23:00", extension=3))).late == {"hw1": 2}
    assert graded(person(**late("poster", "2026-12-02T11:00", extension=1))).total == 100


def test_hw4_replaces_the_weakest_homework_of_its_weight():
    # hw1 .40, hw2 .70: hw4 at .80 gives 15 * (.80 - .40) = 6 more
    line = graded(
        person(
            hw1=Work(40, 0, submitted=sent("2026-10-01")),
            hw2=Work(60, 10, submitted=sent("2026-10-01")),
            hw4=Work(60, 20, submitted=sent("2026-10-01")),
        )
    )
    assert line.replaced == "hw1"
    assert line.homework == pytest.approx(5 + 15 * 0.8 + 15 * 0.7 + 15)
    assert line.reasons == ["hw4: replaces hw1, +6.00"]


def test_hw4_replaces_a_part_of_the_project_where_that_is_more():
    # the project stands at .50 (25 of 50); 15 % of the course at .50 become 15 % at .90: +6
    half = {
        name: Work(0, 5, submitted=sent("2026-10-01")) for name in ("milestone", "poster", "report")
    }
    line = graded(
        person(
            **half,
            hw1=Work(60, 10, submitted=sent("2026-10-01")),
            hw4=Work(60, 30, submitted=sent("2026-10-01")),
        )
    )
    assert line.replaced == "project"
    assert line.project == pytest.approx(35 * 0.5)
    assert line.total == pytest.approx(5 + 30 + 15 * 0.7 + 35 * 0.5 + 15 * 0.9)
    assert line.reasons == ["hw4: replaces 15 % of the project, +6.00"]


def test_hw4_never_harms_and_never_replaces_hw0():
    line = graded(
        person(
            hw0=Work(0, 0, submitted=sent("2026-10-01")),
            hw4=Work(60, 30, submitted=sent("2026-10-01")),
        )
    )
    assert line.replaced == ""
    assert line.total == pytest.approx(95)
    assert line.reasons == ["hw4: not used, it would not help"]


def test_a_second_optional_homework_takes_what_the_first_one_left():
    # hw1 .40, hw2 .70: hw4 at .80 takes hw1 (+6), hw5 at .90 takes hw2 (+3)
    course = replace(
        RULES,
        assignments=(*RULES.assignments, homework("hw5", 0, "2026-12-11T23:59", "optional", 15)),
    )
    works = {
        "hw1": Work(40, 0, submitted=sent("2026-10-01")),
        "hw2": Work(60, 10, submitted=sent("2026-10-01")),
        "hw4": Work(60, 20, submitted=sent("2026-10-01")),
    }
    both = ALL | {"hw5": {"code", "written"}}
    hw5 = Work(60, 30, submitted=sent("2026-10-01"))
    line = rules.grade(person(**works, hw5=hw5), course, both)
    assert line.reasons == ["hw4: replaces hw1, +6.00", "hw5: replaces hw2, +3.00"]
    assert line.replaced == "hw1, hw2"
    assert line.homework == pytest.approx(5 + 15 * (0.8 + 0.9 + 1.0))
    weak = replace(hw5, code=30, written=0)
    line = rules.grade(person(**works, hw5=weak), course, both)
    assert line.reasons == ["hw4: replaces hw1, +6.00", "hw5: not used, it would not help"]
    assert line.homework == pytest.approx(5 + 15 * (0.8 + 0.7 + 1.0))


def test_a_late_hw4_that_earns_nothing_is_not_used():
    line = graded(person(hw1=Work(0, 0, submitted=sent("2026-10-01")), **late("hw4", "2026-11-20")))
    assert line.total == pytest.approx(85)


def test_participation_adds_at_most_two():
    assert graded(replace(person(), participation=1.5)).total == pytest.approx(101.5)
    line = graded(replace(person(), participation=5))
    assert line.total == pytest.approx(102)
    assert line.reasons == ["participation: 5 counts as 2"]


def test_extra_credit_comes_on_top():
    # hw1: 60 + 40 + 5 of 100 is 1.05 of 15
    line = graded(person(hw1=Work(60, 40, extra=2, extra_people=3, submitted=sent("2026-10-01"))))
    assert line.shares["hw1"] == pytest.approx(1.05)
    assert line.total == pytest.approx(100.75)


def test_an_excused_homework_gives_its_weight_to_the_others():
    # hw1 excused; hw0 at .5: weights 5, 15, 15 become 50/7, 150/7, 150/7
    line = graded(person(hw1=Work(excused=True), hw0=Work(50, 0, submitted=sent("2026-10-01"))))
    assert line.homework == pytest.approx(50 - 25 / 7)
    assert line.reasons == ["hw1: excused, its 15 % go to the other homeworks"]


def test_an_excused_project_part_gives_its_weight_to_the_project():
    # poster excused; milestone .5: 20 of 40 becomes 25 of 50
    line = graded(
        person(poster=Work(excused=True), milestone=Work(0, 5, submitted=sent("2026-10-01")))
    )
    assert line.project == pytest.approx(37.5)


def test_everything_excused_leaves_no_grade():
    excused = {one.name: Work(excused=True) for one in RULES.assignments}
    with pytest.raises(KitError, match="everything is excused for ada"):
        graded(Person("ada", works=excused))


def test_the_whole_project_excused_gives_its_weight_to_the_homeworks():
    parts = {one.name: Work(excused=True) for one in RULES.assignments if one.kind == "project"}
    line = graded(person(**parts))
    assert (line.homework, line.project) == (pytest.approx(100), 0)
    assert line.reasons == ["all project parts are excused, their 50 % go to the homeworks"]


def test_extra_credit_of_a_half_that_came_too_late_is_lost_with_it():
    work = Work(
        60,
        40,
        extra=2,
        extra_people=3,
        submitted=sent("2026-10-14T20:00", "code") | sent("2026-10-12T20:00", "written"),
    )
    assert rules.grade(person(hw1=work), own_dates(), ALL).shares["hw1"] == pytest.approx(0.43)


def test_open_work_is_not_replaced_and_does_not_replace():
    hw4 = Work(60, 30, submitted=sent("2026-10-01"))
    line = graded(person(hw1=Work(0, 10, open={"code": "x"}), hw4=hw4))
    assert line.replaced == "" and line.reasons[0] == "open: hw1 code: x"
    line = graded(person(hw1=Work(0, 0, handed={"code"}), hw4=replace(hw4, open={"written": "x"})))
    assert "hw4: replaces nothing before it is graded" in line.reasons


def test_who_has_no_mark_is_not_counted_as_open():
    lines = [graded(person()), rules.grade(person(), RULES, {})]
    last = statistics.as_csv(lines, RULES).splitlines()[-1]
    assert last.startswith("so_far,1,0,100.00,")


def test_what_is_not_graded_yet_is_left_out():
    line = rules.grade(person(), RULES, {"hw0": {"code", "written"}, "hw1": {"code", "written"}})
    assert (line.total, line.so_far) == (20, 100)
    assert set(line.shares) == {"hw0", "hw1"}
