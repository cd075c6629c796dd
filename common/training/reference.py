"""What is known of other runs of a configuration, as a training may use it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from common.plots import Band


class Reference:
    """What is known of other runs of a configuration: nothing here; a subclass knows more.

    Attributes:
        note: one line to say before the training begins, or None.
        bands: metric → where those runs were, to be drawn below the curves.
    """

    note: str | None = None
    bands: Mapping[str, Band] = MappingProxyType({})

    def beside(self, row: dict[str, float]) -> dict[str, str]:
        """Metric → what to say beside its figure in this row."""
        return {}

    def warning(self, row: dict[str, float]) -> str | None:
        """One line when this row looks wrong."""
        return None
