"""A slip in one hole costs that hole alone, or there is a reason on record."""

from autograder.planning import plan
from common import homework as homeworks
from staff.authoring.catalogue import entries
from staff.gate import elsewhere
from staff.gate.elsewhere import Loss, faults

KNOWN = (Loss("hw1", "slip", ("t::b",), "t::b calls it"),)


def test_a_loss_without_a_reason_is_found():
    (text,) = faults("hw1", "slip", {"t::b", "t::c"}, KNOWN)
    assert "t::c" in text and "t::b" not in text
    assert faults("hw2", "slip", {"t::b"}, KNOWN)  # the reason is another homework's


def test_a_reason_that_nothing_needs_is_found():
    (text,) = faults("hw1", "slip", set(), KNOWN)
    assert "no longer" in text and "t::b" in text


def test_a_loss_with_its_reason_is_none():
    assert faults("hw1", "slip", {"t::b"}, KNOWN) == []
    assert faults("hw1", "other", set(), KNOWN) == []


def test_what_is_on_record_exists_and_says_why():
    for loss in elsewhere.load():
        homework = homeworks.load(loss.homework)
        assert loss.mistake in {one.slug for one in entries(loss.homework, "mistake")}
        assert set(loss.checks) <= {check.id for check in plan(homework)} and loss.checks
        assert len(loss.why) > 20
