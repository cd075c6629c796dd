"""Homework 1: data for meta-learning, and black-box meta-learning."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
