"""One module an experiment: what is tuned, what is measured, what is drawn."""
