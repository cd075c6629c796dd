"""The trainings that a homework asks for: groups of runs, in parallel, reference bands, predictions."""
