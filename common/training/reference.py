"""What a training may be told of other runs of its configuration."""

from __future__ import annotations


class Reference:
    """What is known of other runs of a configuration: nothing here; a subclass knows more.

    Attributes:
        note: one line to say before the training begins, or None.
    """

    note: str | None = None

    def beside(self, row: dict[str, float]) -> dict[str, str]:
        """Metric → what to say beside its figure in this row."""
        return {}

    def warning(self, row: dict[str, float]) -> str | None:
        """One line when this row looks wrong."""
        return None
