"""Ratings: who gave which item how many stars; a split that depends on the ratings alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import KitError

SHARES = {"val": 0.05, "test": 0.05}  # the rest is for training


@dataclass(frozen=True)
class Ratings:
    """Ratings, sorted by user, then item.

    Attributes:
        source: where they came from, such as "movielens" or "generated".
        users: int64 [n], ids from 0.
        items: int64 [n], ids from 0.
        stars: float32 [n], 1 to 5.
        num_users: how many users there are.
        num_items: how many items there are.
        rows: split → indices into the above; no rating is in two splits.
    """

    source: str
    users: np.ndarray
    items: np.ndarray
    stars: np.ndarray
    num_users: int
    num_items: int
    rows: dict[str, np.ndarray]

    def split(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Users, items and stars of one split.

        Raises:
            KitError: for a split that is not there.
        """
        if name not in self.rows:
            raise KitError(
                f"no split {name!r} in {self.source}; choose one of {', '.join(self.rows)}"
            )
        rows = self.rows[name]
        return self.users[rows], self.items[rows], self.stars[rows]

    def watched(self, *names: str) -> np.ndarray:
        """Return the pairs that are rated in these splits, bool [num_users, num_items]."""
        table = np.zeros((self.num_users, self.num_items), bool)
        for name in names:
            users, items, _ = self.split(name)
            table[users, items] = True
        return table


def first_of(ratings: Ratings, num_users: int, num_items: int) -> Ratings:
    """Return what the first users gave the first items, split anew; the same when that is all."""
    if ratings.num_users <= num_users and ratings.num_items <= num_items:
        return ratings
    kept = (ratings.users < num_users) & (ratings.items < num_items)
    users, items, stars = (part[kept] for part in (ratings.users, ratings.items, ratings.stars))
    return arrange(ratings.source, users, items, stars, num_users, num_items)


def arrange(
    source: str,
    users: np.ndarray,
    items: np.ndarray,
    stars: np.ndarray,
    num_users: int,
    num_items: int,
) -> Ratings:
    """Sort ratings and split them 90/5/5 at random: the same split for any order of the rows.

    Args:
        users: [n], ids from 0; items and stars likewise.

    Raises:
        KitError: when a user rated an item twice.
    """
    order = np.lexsort((items, users))
    users, items, stars = users[order], items[order], stars[order]
    twice = (np.diff(users) == 0) & (np.diff(items) == 0)
    if twice.any():
        first = int(np.argmax(twice))
        raise KitError(
            f"{source}: user {users[first]} rated item {items[first]} more than once "
            f"({int(twice.sum())} such rows); expected each pair once"
        )
    shuffled = np.random.RandomState(0).permutation(len(users))  # the same in every version
    rows, start = {}, 0
    for name, share in SHARES.items():
        size = int(len(users) * share)
        rows[name] = np.sort(shuffled[start : start + size])
        start += size
    rows = {"train": np.sort(shuffled[start:]), **rows}
    return Ratings(
        source,
        users.astype(np.int64),
        items.astype(np.int64),
        stars.astype(np.float32),
        num_users,
        num_items,
        rows,
    )
