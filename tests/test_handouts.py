"""The figures of handouts are drawn the same every time."""

from staff.authoring.figures import hw4


def test_a_figure_is_the_same_every_time(tmp_path):
    first, second = hw4.draw(tmp_path / "a"), hw4.draw(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
