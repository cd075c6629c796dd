"""`submit` and the course grader agree check by check; all entries: python -m tests.agreement"""

from dataclasses import replace

import pytest

from staff.grading.session import Session
from tests import agreement
from tests.conftest import HOMEWORKS

EVERY = 100  # entries of the catalogue, one is tried


@pytest.mark.parametrize("name", HOMEWORKS)
def test_submit_and_the_course_grader_agree_on_every_check(name, shared_worker):
    session = Session(name, "shared", shared_worker)
    for entry in agreement.catalogue(name, EVERY):
        result, found = agreement.compare(entry, shared_worker, session)
        assert not found
        assert result.checks and (result.complete or entry.kind == "mistake")


def test_a_check_that_differs_is_seen(shared_worker):
    session = Session("hw0", "shared", shared_worker)
    (entry, *_) = agreement.catalogue("hw0", EVERY)
    result, _ = agreement.compare(entry, shared_worker, session)
    first, *rest = result.checks
    record = {"checks": [row.as_json() for row in rest]}
    assert agreement.differences(result, record) == [
        f"{first.id}: {first.status} by submit, absent by the course grader"
    ]
    other = replace(rest[0], status="crashed").as_json()
    record = {"checks": [first.as_json(), other, *record["checks"][1:]]}
    assert len(agreement.differences(result, record)) == 1
