"""Synthetic ratings: the stand-in for MovieLens, which the kit makes up, the same on every machine.

Which items a user watches depends on the popularity of the item, the activity of the user, and a
low-rank preference. The stars depend on a second preference, which is correlated with the first.
"""

from __future__ import annotations

import numpy as np

from common.data.ratings import Ratings, arrange

USERS, ITEMS, RATINGS = 600, 1000, 60_000
LEAST = 20  # ratings of a user
RANK = 6  # of both preferences
OVERLAP = 0.5  # correlation of the vectors of the two preferences


def load(users: int = USERS, items: int = ITEMS, ratings: int = RATINGS, seed: int = 0) -> Ratings:
    """Make up ratings (well under a second).

    Args:
        users: how many; each rates at least 20 items and at most half of them.
        items: how many.
        ratings: how many in all.
        seed: another seed gives other people.
    """
    rng = np.random.RandomState(seed)
    watch_u, watch_i = rng.randn(users, RANK), rng.randn(items, RANK)
    like_u, like_i = _related(watch_u, rng), _related(watch_i, rng)
    popular = rng.randn(items)
    appeal = 1.2 * popular + 1.6 * (watch_u @ watch_i.T) / np.sqrt(RANK)
    appeal += rng.gumbel(size=appeal.shape)  # the k largest: k draws without replacement
    counts = _activity(users, ratings, items // 2, rng)
    order = np.argsort(-appeal, axis=1, kind="stable")
    user = np.repeat(np.arange(users), counts)
    item = np.concatenate([order[one, :count] for one, count in enumerate(counts)])

    kindness, quality = 0.4 * rng.randn(users), 0.4 * rng.randn(items) + 0.15 * popular
    liking = (like_u[user] * like_i[item]).sum(1) / np.sqrt(RANK)
    score = 3.4 + kindness[user] + quality[item] + 0.6 * liking + 0.7 * rng.randn(len(user))
    stars = np.clip(np.rint(score), 1, 5)
    return arrange("generated", user, item, stars, users, items)


def _related(vectors: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Normal vectors that correlate with the given ones."""
    return OVERLAP * vectors + np.sqrt(1 - OVERLAP**2) * rng.randn(*vectors.shape)


def _activity(users: int, total: int, most: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw how many items each user rates: few rate many, most rate few; they sum to `total`."""
    share = np.exp(0.8 * rng.randn(users))
    extra = (share / share.sum() * (total - LEAST * users)).astype(int)
    counts = np.minimum(LEAST + extra, most)
    while counts.sum() < total:  # what rounding and the limit left over
        free = np.flatnonzero(counts < most)
        counts[rng.choice(free, min(total - counts.sum(), len(free)), replace=False)] += 1
    return counts
