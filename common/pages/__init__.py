"""The parts of all pages that people open."""
