"""Homework 0: multi-task learning basics."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
