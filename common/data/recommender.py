"""The default ratings: MovieLens where it can be had, else a stand-in; says which in one line."""

from __future__ import annotations

from common.data import cards, download, movielens, synthetic_ratings
from common.data.ratings import Ratings
from common.errors import KitError

TINY = (80, 160, 3000)  # users, items, ratings


def load(data: str | None = None, tiny: bool = False) -> Ratings:
    """Load ratings for a recommender.

    Args:
        data: "movielens", "generated", a folder, or None for the best that can be had.
        tiny: a small stand-in, for trying the whole path in seconds.

    Raises:
        KitError: when what was asked for is not there.
    """
    if tiny and data is None:
        ratings, why = synthetic_ratings.load(*TINY), "--tiny"
    elif data == "generated":
        ratings, why = synthetic_ratings.load(), "as asked"
    elif data == "movielens":
        ratings, why = movielens.load(), "as asked"
    elif data is not None:
        if movielens.find(data) is None:
            raise KitError(f"--data {data}: no MovieLens there; expected {movielens.FILE} or "
                           f"{movielens.ZIP}")  # fmt: skip
        ratings, why = movielens.load(data), data
    elif movielens.find(None) is not None:
        ratings, why = movielens.load(), "on disk"
    elif download.reachable(cards.load("movielens").urls):
        ratings, why = movielens.load(), "downloaded"
    else:
        ratings, why = (
            synthetic_ratings.load(),
            "stand-in: MovieLens is neither on disk nor to be downloaded",
        )
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in ratings.rows.items())
    print(f"data: {ratings.source} ({why}); ratings: {counts}")
    return ratings
