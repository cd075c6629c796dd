"""Models that are read, tuned and asked; given to students."""
