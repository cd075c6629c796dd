"""What the tests of homeworks share: trainings with the solutions."""

import functools

import pytest

from common import homework as homeworks
from staff.authoring.with_solutions import training_tree

ROOT = homeworks.ROOT


@pytest.fixture(scope="session")
def train(forks, tmp_path_factory):
    """Train as `python -m staff train` does: train(homework, *options) → what it printed."""

    @functools.cache
    def tree_of(name):
        solutions = ROOT / "staff" / "solutions" / name
        return training_tree(
            homeworks.load(name), tmp_path_factory.mktemp(name) / "tree", solutions
        )

    def run(name, *options, **more):
        return forks.run(f"{name}.train", *options, folder=ROOT, tree=tree_of(name), **more)

    return run
