"""A problem as a student's code answered it: what the judge looks at from all sides."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.judge.survey import Inputs, Survey
from autograder.judge.units import Units, numbers_said, summaries, units


@dataclass
class Seen:
    """A problem as a student's code answered it.

    Args:
        surveys: check → what it saw.
        random: the checks whose outcomes depend on how numbers are drawn.
    """

    surveys: dict[str, Survey]
    random: set[str]

    def units(self) -> Units:
        """The units of all checks."""
        found: Units = {}
        for check, survey in self.surveys.items():
            found |= units(check, survey, check in self.random)
        return found

    def summaries(self) -> Units:
        """Where the numbers of the checks lie that draw at random, and the numbers that are said."""
        found: Units = {}
        for check, survey in self.surveys.items():
            found |= summaries(check, survey) if check in self.random else {}
            found |= numbers_said(check, survey, check in self.random)
        return found

    def quantities(self, call: str) -> dict[str, float]:
        """Return what the numbers of a call (`check/number`) are called."""
        check, _, number = call.rpartition("/")
        return self.surveys[check].quantities[int(number)]

    def inputs(self, call: str) -> Inputs:
        """Return what a call was given."""
        check, _, number = call.rpartition("/")
        return self.surveys[check].given(int(number))
