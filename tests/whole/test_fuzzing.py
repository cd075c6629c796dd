"""A fixed sample of what `python -m tests.fuzzing` draws, and proof that it finds faults."""

import json

import pytest

from tests import fuzzing
from tests.fuzzing import Target


@pytest.mark.parametrize("target", fuzzing.TARGETS, ids=lambda target: target.name)
def test_a_stranger_gets_a_value_or_a_refusal(target):
    assert fuzzing.faults(target, 100, seed=0) == []


def test_a_reader_that_breaks_is_found():
    careless = Target(
        "careless",
        (b'{"score": 42}',),
        lambda data, _: json.loads(data)["score"] + 1,
        (ValueError,),
    )
    assert fuzzing.faults(careless, 200, seed=0)


def test_a_reader_that_hangs_is_found(monkeypatch):
    monkeypatch.setattr(fuzzing, "PATIENCE", 1)

    def wait(data, folder):
        while data:
            pass

    assert "not finished" in fuzzing.faults(Target("slow", (b"x" * 50,), wait), 1, seed=0)[0]
