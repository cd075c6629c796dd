"""One module an experiment: what is trained, what is measured, what is drawn."""
