"""The grader, graded: every mistake loses points, every other right way loses none.

As in the gate, what the staff wrote is judged in one process; nobody reads its causes here.
"""

import pytest

from autograder import engine
from autograder.planning import plan
from common import homework as homeworks
from common.homework import PUBLIC_SEED
from staff.authoring.answers import context_of
from staff.authoring.catalogue import entries
from tests.conftest import HOMEWORKS, known

MISTAKES = [entry for hw in HOMEWORKS for entry in entries(hw, "mistake")]
VARIANTS = [entry for hw in HOMEWORKS for entry in entries(hw, "variant")]


def name(entry):
    return f"{entry.homework}-{entry.problem}-{entry.slug}"


@pytest.fixture
def rows_of(shared_worker, tmp_path):
    def grade(entry):
        homework, (answers, _) = homeworks.load(entry.homework), known(entry.homework)
        context = context_of(entry, homework, PUBLIC_SEED, shared_worker, answers, tmp_path)
        checks = plan(homework, entry.problem)
        return engine.run_checks(context, checks, 3, isolation=shared_worker.isolation)

    return grade


@pytest.mark.parametrize("entry", MISTAKES, ids=name)
def test_a_mistake_loses_points(entry, rows_of):
    rows = rows_of(entry)
    assert not all(row.passed for row in rows), "every check passes this mistake"
    assert all(row.status != "error" for row in rows), rows[0].message


@pytest.mark.parametrize("entry", VARIANTS, ids=name)
def test_a_variant_loses_nothing(entry, rows_of):
    failed = {row.id: row.message for row in rows_of(entry) if not row.passed}
    assert not failed


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_catalogue_is_wide_enough(hw):
    holes = [problem.id for problem in homeworks.load(hw).problems if problem.hole]
    for kind, least in (("mistake", 8), ("variant", 5)):
        counts = dict.fromkeys(holes, 0)
        for entry in entries(hw, kind):
            counts[entry.problem] += 1
        short = {ident: count for ident, count in counts.items() if count < least}
        assert not short, f"{hw} wants at least {least} {kind}s for each hole"
