"""One result record, and its renderers."""
