"""The processes of one check: together they have the time of one, and each knows nothing of the others."""

from dataclasses import replace
from pathlib import Path

from autograder import context
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.run.base import Conversation
from common import homework as homeworks

HOMEWORK = replace(homeworks.load("hw1"), time_limit=10.0)


class Line(Conversation):
    """Answers every call with what it was asked."""

    def __init__(self, number):
        self.number, self.printed = number, ""

    def call(self, message):
        return {"value": [self.number, message.get("start")], "changed": []}

    def finish(self):
        self.printed = f"said by {self.number}\n"
        return "it ended"


class Watching:
    """A worker that keeps how long each conversation may last."""

    def __init__(self):
        self.limits = []

    def open(self, tree, homework, limit):
        self.limits.append(limit)
        return Line(len(self.limits))


def test_processes_of_one_check_share_its_time_and_start_elsewhere(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(context.time, "monotonic", lambda: now[0])
    worker = Watching()
    student = CheckContext(HOMEWORK, worker, Path(), Answers({}), 0).fixtures("a").student
    assert student.probe() == [1, 0] and student.probe() == [1, 0]
    now[0] += 7
    student.begin_anew()
    assert student.probe() == [2, 1]
    now[0] += 7
    student.begin_anew()
    assert student.probe() == [3, 2]
    student.close()
    student.close()
    assert worker.limits == [10.0, 3.0, 0.0]
    assert student.printed == "said by 1\nsaid by 2\nsaid by 3\n"
    assert len(student.calls) == 4
