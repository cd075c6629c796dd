"""Gradescope: the zip to upload (`build`), what runs there (`run`), and what it shows (`results`)."""
