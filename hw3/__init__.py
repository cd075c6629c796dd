"""Homework 3: fine-tuning pre-trained models, vision and language."""

import common.errors  # noqa: F401  (first: it looks for files that hide Python's own)
