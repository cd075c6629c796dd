"""Run every required experiment with the solutions in place."""

from __future__ import annotations

from common.experiments import runner


def main(argv: list[str]) -> int:
    """`python -m common.experiments`, each training through `python -m staff train`."""
    return runner.main(argv, lambda homework: ["staff", "train", homework])
