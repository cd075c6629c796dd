"""Shared code is found whatever its names; the kit's own code does not count."""

import shutil

import pytest

from common import homework as homeworks
from staff.authoring.stubs import masters
from staff.grading import shared_code, similarity, similarity_page

pytest.importorskip("copydetect")
HOMEWORK = homeworks.load("hw1")


def hand_in(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_renamed_copies_are_found_and_the_kit_itself_is_not(tmp_path):
    solved = {
        path.name: path.read_text()
        for path in masters(homeworks.ROOT, "hw1")
        if path.name != "__init__.py"
    }
    renamed = {
        name: text.replace("memory", "m")
        .replace("hidden =", "h =")
        .replace("[hidden", "[h")
        .replace("images, hidden]", "images, h]")
        for name, text in solved.items()
    }
    stub = {name: (HOMEWORK.folder / name).read_text() for name in HOMEWORK.files}
    hand_in(tmp_path / "class/ada", solved)
    hand_in(tmp_path / "class/bob", renamed)
    hand_in(tmp_path / "class/eve", stub)
    hand_in(tmp_path / "class/zoe", stub)
    hand_in(tmp_path / "last-year/old", solved)
    found = shared_code.find(tmp_path / "class", HOMEWORK, [tmp_path / "last-year"], 0.5)
    alike = {(pair.one, pair.other) for pair in found.pairs}
    assert ("ada", "bob") in alike
    assert {("ada", "last-year/old"), ("bob", "last-year/old")} <= alike
    assert not any("eve" in pair or "zoe" in pair for pair in alike)
    assert similarity.main([str(tmp_path / "class"), "--hw", "hw1"]) == 0
    assert (tmp_path / "class-similarity-hw1.csv").read_text().count("ada,bob") >= 1
    page = (tmp_path / "class-similarity-hw1.html").read_text()
    assert (
        "ada and bob" in page and "<mark>" in page and "http:" not in page and "https:" not in page
    )
    assert found.unsigned == ["ada", "bob", "eve", "zoe"]
    shutil.rmtree(tmp_path / "class")


def pair(*shares, **more):
    values = {"file": "a.py", "one": "ada", "other": "bob", "tokens": 5}
    return shared_code.Pair(shares=shares or (0.5, 0.5), **(values | more))


def test_the_threshold_comes_from_the_honest_pairs():
    honest = [pair(0.1 + 0.002 * n, 0.1) for n in range(100)]  # shares from .10 to .30
    limit, told = shared_code.threshold([*honest, pair(0.95, 0.9)], None)
    assert 0.5 < limit < 0.6 and "median 0.20" in told
    assert shared_code.threshold(honest, 0.25)[0] == 0.25
    assert shared_code.threshold(honest[:5], None)[0] == shared_code.FALLBACK
    assert shared_code.threshold([pair(0.9, 0.9)] * 30, None)[0] <= 1
    assert shared_code.threshold([pair(0.0, 0.0)] * 30, None)[0] == shared_code.LOWEST


def test_code_that_many_of_a_class_have_says_nothing_of_two():
    assert shared_code.common_pieces([{1, 2}] * 3 + [{2}] * 9) == {1, 2}
    assert shared_code.common_pieces([{1}] * 2 + [{2}] * 10) == {2}
    assert shared_code.common_pieces([{1}] * 5) == set(), "a class too small to say what is common"


def test_declared_collaborators_are_marked():
    ada = shared_code.Author("ada", HOMEWORK.folder, {"name": "Ada L", "collaborators": ["Bob  M"]})
    bob = shared_code.Author("bob", HOMEWORK.folder, {"name": "Bob M", "collaborators": []})
    eve = shared_code.Author("eve", HOMEWORK.folder, {})
    assert shared_code.names_author(ada, bob) and not shared_code.names_author(bob, ada)
    assert not shared_code.names_author(ada, eve) and not shared_code.names_author(eve, ada)
    assert similarity.table([pair(declared=True)]).splitlines()[1] == "a.py,ada,bob,0.50,0.50,5,yes"


def test_what_right_answers_share_is_left_out(tmp_path):
    left_out = shared_code.right_answers_share(HOMEWORK, "mann.py", tmp_path)
    given = set(shared_code.fingerprint(HOMEWORK.folder / "mann.py").hashes)
    solution = shared_code.fingerprint(HOMEWORK.root / "staff/solutions/hw1/mann.py")
    assert given <= left_out
    assert set(solution.hashes) - left_out, "a copied solution is still found"


def test_what_students_wrote_is_escaped_on_the_page():
    assert similarity_page.mark("a<b>c", [[1], [4]]) == "a<mark>&lt;b&gt;</mark>c"
    evil = "<script>alert(1)</script>"
    found = shared_code.Found([pair(texts=(evil, evil), matches=([], []), one=evil)], {}, [evil])
    page = similarity_page.page(found, HOMEWORK)
    assert "<script" not in page and "&lt;script&gt;" in page


def test_an_upload_that_holds_the_canary_is_named(tmp_path):
    line = "# CANARY 12345678-AAAA-4BBB-8CCC-123456789ABC. copied"
    (tmp_path / "mann.py").write_text(f"x = 1\n{line}\n")
    author = shared_code.Author("ada", tmp_path, {})
    known = ["12345678-aaaa-4bbb-8ccc-123456789abc"]
    assert list(shared_code.copies([author], known)) == ["ada: mann.py"]
    assert not list(shared_code.copies([author], []))
