"""Record homeworks, two at a time: what the solution answers, and what is known to go wrong."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from autograder.run.launch import isolation_of_this_system, start
from common import homework as homeworks
from common.homework import PUBLIC_SEED
from common.kit import seeds
from staff.authoring.answers import record
from staff.gate.causes import record_causes
from staff.gate.shared_worker import SharedWorker

AT_ONCE = 2  # each keeps a worker and its own half busy by turns


def record_all(names: list[str], secret: int) -> Iterator[list[Path]]:
    """Record homeworks; return the files of each, in the order of their names.

    Args:
        secret: how many of the term's secret sets; 0: the public one.

    Raises:
        KitError: when a solution fails a check.
    """
    each = functools.partial(record_one, secret=secret)
    context = multiprocessing.get_context("spawn")  # a fork would share the parent's locks
    with ProcessPoolExecutor(AT_ONCE, context) as pool:
        yield from pool.map(each, names)


def record_one(
    name: str, secret: int, say: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Record one homework; return its files. What goes wrong is recorded for the public set alone.

    Args:
        secret: how many of the term's secret sets; 0: the public one.
        say: told what is going on.
    """
    homework = homeworks.load(name)
    with start(isolation_of_this_system(), homework.preload) as worker:
        if secret:
            sets = seeds.sets_of(seeds.make_term(homework.root), name, secret)
            return [record(homework, one, worker).save(homework, one) for one in sets]
        recorded = record(homework, PUBLIC_SEED, worker)
    paths = [recorded.save(homework, PUBLIC_SEED)]
    with SharedWorker(homework.preload) as worker:
        paths.append(record_causes(homework, worker, recorded, say).save(homework))
    return paths
