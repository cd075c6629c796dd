"""Pictures of runs: no hole in the grid, one legend."""

import pytest

from common import plots


def rows(count=3):
    return [{"step": s, "a": s, "b": 2 * s, "c": 3 * s} for s in range(count)]


@pytest.mark.parametrize("panels, across, wide", [(3, 2, 2), (5, 3, 2), (4, 2, 1), (2, None, 1)])
def test_the_last_panel_fills_its_row(panels, across, wide):
    figure, axes = plots.new(panels=panels, across=across)
    assert len(figure.axes) == panels
    last = axes[-1].get_subplotspec()
    assert last.colspan.stop == last.get_gridspec().ncols
    assert len(last.colspan) == wide


def test_a_picture_has_one_legend_with_every_run_once(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(plots, "save", lambda figure, path: kept.append(figure) or path)
    plots.curves({"one": rows(), "two": rows()}, ["a", "b", "c"], tmp_path / "x.png")
    plots.curves({"alone": rows()}, ["a", "b"], tmp_path / "y.png")
    both, alone = kept
    assert all(axis.get_legend() is None for axis in [*both.axes, *alone.axes])
    (legend,) = both.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    assert not alone.legends


def test_numbers_of_lines_and_of_named_places_are_kept(tmp_path):
    figure, axis = plots.new()
    axis.axvline(2.5, label="best step")
    axis.plot(["low", "high"], [0.25, 1], label="accuracy")
    axis.plot(range(60), range(60))
    best, named, many = plots.numbers(figure)
    assert best["curve"] == "best step" and best["points"] == [["2.5", "0"], ["2.5", "1"]]
    assert named["points"] == [["low", "0.25"], ["high", "1"]]
    assert many["curve"] == "" and many["points"][0] == ["0", "0"]
    assert len(many["points"]) == 20 <= plots.MOST_POINTS
    assert plots.save(figure, tmp_path / "x.png").is_file()
