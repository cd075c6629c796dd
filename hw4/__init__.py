"""Homework 4: Bayesian meta-learning and meta-overfitting."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
