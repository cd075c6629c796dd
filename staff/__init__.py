"""What only the staff has."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
