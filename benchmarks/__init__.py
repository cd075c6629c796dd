"""Benchmarks, run by hand: `python -m benchmarks.autograder`. No test asserts a time."""
