"""What a homework asks to be trained: groups of runs, side by side, reference bands, predictions."""
