"""The default ratings: MovieLens where it can be had, else a stand-in; says which in one line."""

from __future__ import annotations

from common.data import movielens, synthetic_ratings
from common.data.best import Choice, best
from common.data.ratings import Ratings, first_of

TINY = (80, 160, 3000)  # users, items, ratings


def load(data: str | None = None, tiny: bool = False) -> Ratings:
    """Load ratings for a recommender.

    Args:
        data: "movielens", "generated", a folder, or None for the best that can be had.
        tiny: few users and items, for trying the whole path in seconds; of a stand-in, unless `data`
            says which.

    Raises:
        KitError: when what was asked for is not there.
    """
    choice = Choice(
        "movielens",
        "MovieLens",
        f"{movielens.FILE} or {movielens.ZIP}",
        movielens.find,
        movielens.load,
        "generated",
        synthetic_ratings.load,
        lambda: synthetic_ratings.load(*TINY),
    )
    ratings, why = best(choice, data, tiny)
    if tiny:
        ratings = first_of(ratings, *TINY[:2])
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in ratings.rows.items())
    print(f"data: {ratings.source} ({why}); ratings: {counts}")
    return ratings
