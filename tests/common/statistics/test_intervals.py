"""The 95 % interval of a mean: Student's t, by the number of values."""

import math

import numpy as np
import pytest

from common.statistics.intervals import confidence_interval, quantile


@pytest.mark.parametrize(
    "freedom, printed",  # in every table of Student's t
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622), (10, 2.2281),
     (29, 2.0452), (30, 2.0423), (60, 2.0003), (120, 1.9799)],
)  # fmt: skip
def test_quantiles_are_those_of_the_tables(freedom, printed):
    assert quantile(freedom) == pytest.approx(printed, abs=6e-5)


def test_an_interval_by_hand():
    # mean 3, standard deviation √2.5, standard error √.5; t of four degrees of freedom is 2.77645
    assert confidence_interval([1, 2, 3, 4, 5]) == pytest.approx(1.96324, abs=1e-5)
    assert math.isnan(confidence_interval([3.0]))


def test_few_values_are_covered_as_often_as_promised():
    """Of 4000 draws 3800 ± 14 intervals hold the mean; 1.96 standard errors would hold it in 3510."""
    draws = np.random.default_rng(0).normal(size=(4000, 5))
    held = sum(abs(draw.mean()) <= confidence_interval(draw) for draw in draws)
    assert 3730 < held < 3870
