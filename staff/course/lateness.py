"""Lateness: the one place that decides how many days late a hand-in is.

The gradebook, the feedback pages and the course grader's message all ask here.
"""

from __future__ import annotations

import math
from datetime import datetime

DAY = 24 * 3600


def late_days(sent: datetime, due: datetime, grace_minutes: float) -> int:
    """Begun days after the due date and the minutes of grace; 0 when in time.

    Both moments carry their offset. Two moments of one zone are compared by the wall clock, so the
    hour that winter time gives back is no late day.
    """
    seconds = (sent - due).total_seconds() - 60 * grace_minutes
    return max(0, math.ceil(seconds / DAY))
