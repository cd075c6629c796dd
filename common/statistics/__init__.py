"""Figures of merit, and how sure we are of a mean."""
