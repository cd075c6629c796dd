"""For who changes a homework: stubs, leaks, answers, bands, figures, curves."""
