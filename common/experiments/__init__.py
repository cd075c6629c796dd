"""What a homework asks to be trained: groups of runs, in parallel, reference bands, predictions."""
