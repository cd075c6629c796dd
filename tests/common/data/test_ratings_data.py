"""Ratings: MovieLens is read from any form or refused; the split and the stand-in stay the same."""

import hashlib
import zipfile

import numpy as np
import pytest

from common.data import cards, download, movielens, recommender, source, synthetic_ratings
from common.data.cards import Card, DataFile
from common.data.ratings import arrange, first_of
from common.errors import KitError


def lines(count=60, users=5, items=17):
    """A made-up u.data: (user, item, stars, timestamp), ids from 1, every pair once."""
    rng = np.random.RandomState(0)
    pairs = rng.permutation(users * items)[:count]
    stars = rng.randint(1, 6, size=count)
    return [
        f"{p // items + 1}\t{p % items + 1}\t{s}\t88{n:07d}"
        for n, (p, s) in enumerate(zip(pairs, stars))
    ]


def publish(monkeypatch, content, url="", md5=""):
    """A card of which this is the published u.data."""
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    files = (
        DataFile(movielens.ZIP, 0, (f"md5:{md5}",), (url or "https://publisher.invalid/x.zip",)),
        DataFile(movielens.FILE, len(content), (checksum,)),
    )
    card = Card("movielens", "", (), "", "", files)
    monkeypatch.setattr(cards, "load", lambda name: card)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small file in place of the published one; nothing of this machine is read."""
    content = ("\n".join(lines()) + "\n").encode()
    publish(monkeypatch, content)
    monkeypatch.setattr(movielens, "USERS", 5)
    monkeypatch.setattr(movielens, "ITEMS", 17)
    monkeypatch.setattr(source, "CACHE", tmp_path / "cache")
    monkeypatch.delenv("KIT_DATA", raising=False)
    monkeypatch.setenv("KIT_OFFLINE", "1")
    return tmp_path, content


def as_file(folder, content):
    (folder / "movielens").mkdir(parents=True)
    (folder / "movielens" / "u.data").write_bytes(content)


def as_named_folder(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "u.data").write_bytes(content)


def as_zip(folder, content):
    (folder / "movielens").mkdir(parents=True)
    with zipfile.ZipFile(
        folder / "movielens" / "ml-100k.zip", "w", zipfile.ZIP_DEFLATED
    ) as archive:
        archive.writestr("ml-100k/README", "of the data set")
        archive.writestr("ml-100k/u.data", content)


def as_unpacked_zip(folder, content):
    (folder / "movielens" / "ml-100k").mkdir(parents=True)
    (folder / "movielens" / "ml-100k" / "u.data").write_bytes(content)


LAYOUTS = [as_file, as_named_folder, as_zip, as_unpacked_zip]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same(small, layout):
    root, content = small
    layout(root / "data", content)
    ratings = recommender.load(str(root / "data"))
    assert ratings.source == "movielens"
    assert (ratings.num_users, ratings.num_items) == (5, 17)
    expected = sorted(tuple(map(int, line.split()[:3])) for line in lines())
    seen = zip(ratings.users + 1, ratings.items + 1, ratings.stars)
    assert [tuple(map(int, row)) for row in seen] == expected
    assert ratings.stars.dtype == np.float32 and ratings.users.dtype == np.int64


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda content: content[:-100], "cut off"),
        (lambda content: content + b"1\t1\t5\t880000000\n", "edited copy"),
        (lambda content: content.replace(b"\t5\t", b"\t1\t", 1), "its sha256 is not"),
        (lambda content: b"", "cut off: 0 of"),
    ],
)
@pytest.mark.parametrize("layout", [as_file, as_zip])
def test_a_file_that_is_not_the_published_one_is_refused(small, layout, spoil, told):
    root, content = small
    layout(root / "data", spoil(content))
    with pytest.raises(KitError, match=told) as caught:
        movielens.load(str(root / "data"))
    assert "\n" not in str(caught.value) and "https://publisher.invalid" in str(caught.value)


def test_a_truncated_zip_is_named(small):
    root, content = small
    as_zip(root / "data", content)
    path = root / "data" / "movielens" / "ml-100k.zip"
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(KitError, match=r"ml-100k\.zip cannot be read"):
        movielens.load(str(root / "data"))


def test_a_zip_without_ratings_is_named(small):
    root, _ = small
    (root / "data" / "movielens").mkdir(parents=True)
    with zipfile.ZipFile(root / "data" / "movielens" / "ml-100k.zip", "w") as archive:
        archive.writestr("ml-100k/u.item", "films")
    with pytest.raises(KitError, match="cannot be read"):
        movielens.load(str(root / "data"))


def test_without_network_and_data_the_stand_in_is_used(small, capsys):
    assert recommender.load().source == "generated"
    said = capsys.readouterr().out
    assert "stand-in" in said and said.count("\n") == 1
    with pytest.raises(KitError, match="--data generated"):
        recommender.load("movielens")
    assert recommender.load("generated").source == "generated"
    assert "as asked" in capsys.readouterr().out


def test_real_data_on_disk_come_first(small, monkeypatch, capsys):
    root, content = small
    as_file(root / "kit", content)
    monkeypatch.setenv("KIT_DATA", str(root / "kit"))
    assert recommender.load().source == "movielens"
    assert "on disk" in capsys.readouterr().out
    assert recommender.load(tiny=True).source == "generated"


def test_a_folder_without_movielens(small):
    root, _ = small
    with pytest.raises(KitError, match="no MovieLens there"):
        recommender.load(str(root))
    with pytest.raises(KitError, match="no such folder"):
        recommender.load("nowhere")


def test_the_download_is_verified(small, monkeypatch):
    root, content = small
    as_zip(root / "site", content)
    page = root / "site" / "movielens" / "ml-100k.zip"
    monkeypatch.delenv("KIT_OFFLINE")
    monkeypatch.setattr(download, "reachable", lambda urls: True)
    publish(monkeypatch, content, page.as_uri(), "0" * 32)
    with pytest.raises(KitError, match="nothing was kept"):
        movielens.load()
    publish(monkeypatch, content, page.as_uri(), hashlib.md5(page.read_bytes()).hexdigest())
    assert len(movielens.load().users) == 60
    page.unlink()
    assert len(movielens.load().users) == 60  # from the cache


def columns(count=2000, users=50, items=90):
    rng = np.random.RandomState(1)
    pairs = rng.permutation(users * items)[:count]
    return pairs // items, pairs % items, rng.randint(1, 6, size=count)


def test_the_split_does_not_depend_on_the_order_of_rows():
    given = columns()
    one = arrange("made up", *given, 50, 90)
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(len(given[0]))
        other = arrange("made up", *(column[order] for column in given), 50, 90)
        for name in ("train", "val", "test"):
            for a, b in zip(one.split(name), other.split(name)):
                assert (a == b).all()


def test_the_split_is_a_partition_of_90_5_5():
    ratings = arrange("made up", *columns(), 50, 90)
    assert [len(ratings.rows[name]) for name in ("train", "val", "test")] == [1800, 100, 100]
    assert sorted(np.concatenate(list(ratings.rows.values()))) == list(range(2000))
    tables = [ratings.watched(name) for name in ("train", "val", "test")]
    assert (sum(table.astype(int) for table in tables) <= 1).all()
    assert ratings.watched("train", "val").sum() == 1900
    with pytest.raises(KitError, match="no split 'dev'"):
        ratings.split("dev")


def test_a_pair_that_is_rated_twice_is_refused():
    users, items, stars = columns()
    twice = [np.append(column, column[:1]) for column in (users, items, stars)]
    with pytest.raises(KitError, match="more than once"):
        arrange("made up", *twice, 50, 90)


def test_the_stand_in_is_the_same_on_every_machine():
    ratings = synthetic_ratings.load()
    # A rating may fall on the other side where two machines round differently: sums of many.
    sums = {"users": 18116973, "items": 29317166, "stars": 217771}
    for name, known in sums.items():
        assert abs(int(getattr(ratings, name).astype(np.int64).sum()) - known) <= 2000
    early = ratings.users < 100
    assert abs(int((ratings.items * ratings.stars)[early].sum()) - 17712304) <= 20_000
    again = synthetic_ratings.load()
    assert all((a == b).all() for a, b in zip(ratings.split("val"), again.split("val")))
    other = synthetic_ratings.load(seed=1)
    assert (other.users != ratings.users).any()


def test_the_stand_in_looks_like_ratings():
    ratings = synthetic_ratings.load()
    assert (ratings.num_users, ratings.num_items, len(ratings.users)) == (600, 1000, 60_000)
    assert set(np.unique(ratings.stars)) == {1, 2, 3, 4, 5}
    of_users = np.bincount(ratings.users, minlength=600)
    assert of_users.min() >= 20 and of_users.max() <= 500
    of_items = np.sort(np.bincount(ratings.items, minlength=1000))
    assert of_items[-100:].sum() > 0.25 * 60_000  # a tenth of the items has a quarter and more
    assert 0.8 < ratings.stars.var() < 1.6


def test_a_small_stand_in_is_whole():
    ratings = recommender.load(tiny=True)
    assert (ratings.num_users, ratings.num_items) == (80, 160)
    assert all(len(ratings.rows[name]) for name in ("train", "val", "test"))


@pytest.mark.parametrize("data", [None, "generated", "movielens"])
def test_tiny_is_tiny_on_every_source(small, data):
    root, content = small
    as_file(root / "cache", content)
    ratings = recommender.load(data, tiny=True)
    assert ratings.num_users <= recommender.TINY[0] and ratings.num_items <= recommender.TINY[1]
    assert 50 < len(ratings.stars) <= recommender.TINY[2]
    assert sum(map(len, ratings.rows.values())) == len(ratings.stars)
    assert ratings.source == (data or "generated")


def test_the_first_of_some_ratings_are_theirs():
    everything = synthetic_ratings.load(80, 160, 3000)
    few = first_of(everything, 10, 20)
    given = dict(zip(zip(everything.users, everything.items), everything.stars))
    assert len(few.stars) == sum(user < 10 and item < 20 for user, item in given)
    assert all(
        given[user, item] == stars for user, item, stars in zip(few.users, few.items, few.stars)
    )
    assert first_of(few, 10, 20) is few
