"""The local autograder: checks in this process, the student's code in another."""

from common import progress  # noqa: F401  (first: common looks for files that hide Python's own)
