"""Texts and questions, generated or read from disk."""
