"""The page's picture is what the imports say, and no arrow goes up."""

from common import homework as homeworks
from staff.authoring import architecture

ROOT = homeworks.ROOT


def test_every_import_is_allowed():
    assert not architecture.wrong(ROOT)


def test_no_files_import_one_another():
    assert not architecture.circle(ROOT)


def test_the_picture_is_in_step():
    page = (ROOT / architecture.PAGE).read_text(encoding="utf-8")
    assert architecture.picture(ROOT) in page, "run: python -m staff architecture"


def test_an_arrow_that_goes_up_is_found(tmp_path):
    for name, text in (
        ("common/data/a.py", "from autograder import engine\n"),
        ("autograder/engine.py", "import common.data.a\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert architecture.wrong(tmp_path) == [
        "common/data/a.py imports autograder.engine",
        "autograder/engine.py imports common.data.a",
    ]
    assert "common_data --> autograder\n" in architecture.picture(tmp_path)
    circle = architecture.circle(tmp_path)
    assert sorted(set(circle)) == ["autograder/engine.py", "common/data/a.py"]
