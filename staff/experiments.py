"""Run every required experiment with the solutions in place."""

from __future__ import annotations

from common import experiments


def main(argv: list[str]) -> int:
    """`python -m common.experiments`, each training through `python -m staff train`."""
    return experiments.main(argv, lambda homework: ["staff", "train", homework])
