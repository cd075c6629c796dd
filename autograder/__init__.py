"""The local autograder: checks in this process, the student's code in another."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
