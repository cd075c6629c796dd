"""Secret inputs: drawn from 128 bits that nothing shows; the public ones are what they always were."""

import json
import pickle
from dataclasses import replace

import pytest

from autograder.judge.plugin import generator
from common import homework as homeworks
from common.errors import KitError
from common.homework import PUBLIC_SEED
from common.kit import seeds
from common.kit.seeds import Secret

VALUE = bytes(range(16))
SECRET = Secret(VALUE)


@pytest.fixture
def homework(tmp_path):
    """Homework 1 in a root of its own, without any record."""
    (tmp_path / "autograder" / "checks" / "hw1").mkdir(parents=True)
    return replace(homeworks.load("hw1"), root=tmp_path)


def record(homework, name):
    (homework.checks / f"answers-{name}.npz").write_bytes(b"x")


def test_the_public_inputs_are_what_they_always_were():
    """Recorded answers hang on these numbers."""
    assert generator(PUBLIC_SEED, "a").randint(10**6, size=3).tolist() == [589348, 600960, 823300]


def test_secret_inputs_are_the_same_each_time_and_tell_nothing_of_one_another():
    def draw(secret, check):
        return generator(secret, check).randint(10**6, size=4).tolist()

    assert draw(SECRET, "a") == draw(Secret(VALUE), "a") == [476479, 357682, 773820, 707232]
    drawn = [draw(SECRET, "a"), draw(SECRET, "b"), draw(SECRET.derive("x"), "a")]
    assert len({tuple(one) for one in drawn}) == 3
    words = SECRET.words("a")
    assert len(words) == 8 and all(0 <= word < 2**32 for word in words)  # 256 bits, not 32
    assert sum(words) > 2**32


def test_a_secret_shows_its_fingerprint_alone():
    shown = [str(SECRET), repr(SECRET), f"{SECRET}", json.dumps([str(SECRET)]), repr([SECRET])]
    values = (VALUE.hex(), repr(VALUE), str(int.from_bytes(VALUE, "big")))
    assert not [text for text in shown if any(value in text for value in values)]
    assert len(str(SECRET)) == 8 and not any(c in "0123456789aeiou" for c in str(SECRET))
    assert repr(SECRET) == f"Secret({SECRET})" and not hasattr(SECRET, "__dict__")
    with pytest.raises(TypeError, match="not sent to another process"):
        pickle.dumps(SECRET)
    with pytest.raises(TypeError):
        json.dumps(SECRET)
    with pytest.raises(ValueError, match="a secret has 16 bytes"):
        Secret(b"7421")


def test_the_terms_secret_is_made_once_and_its_owners(homework):
    assert seeds.term(homework.root) is None and seeds.recorded_sets(homework) == []
    made = seeds.make_term(homework.root)
    assert seeds.make_term(homework.root) == made == seeds.term(homework.root) != SECRET
    path = homework.root / seeds.KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(path.read_text().strip())) * 8 == 128


@pytest.mark.parametrize("text", ["7421", "", "g" * 32, "0" * 31])
def test_a_short_secret_is_refused_in_one_line_that_says_what_to_do(homework, text):
    (homework.root / seeds.KEY).write_text(text)
    with pytest.raises(
        KitError, match=r"no secret of 128 bits; delete it, .* answers --secret"
    ) as told:
        seeds.term(homework.root)
    assert "\n" not in str(told.value) and (text or "x") not in str(told.value).replace("128", "")


def test_sets_belong_to_a_homework_and_a_term(homework):
    secret = seeds.make_term(homework.root)
    one, two, _ = sets = seeds.sets_of(secret, "hw1", 3)
    assert len({*sets, *seeds.sets_of(secret, "hw2", 3), *seeds.sets_of(SECRET, "hw1", 3)}) == 9
    for name in (two, "7421", "bcdfghjk"):
        record(homework, name)
    assert seeds.recorded_sets(homework) == [two]
    assert seeds.find(homework, str(two)) == two and seeds.find(homework, "0") == PUBLIC_SEED
    short, other = seeds.left_over(homework)
    assert "answers-7421.npz" in short and "can be guessed: delete it" in short
    assert "answers-bcdfghjk.npz" in other and "another term's: delete it" in other
    for name in (str(one), "7421", ""):
        with pytest.raises(KitError, match=f"and seed {name}; there are: 0, {two}"):
            seeds.find(homework, name)
