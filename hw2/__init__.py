"""Homework 2: prototypical networks and MAML."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
