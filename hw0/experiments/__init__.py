"""Everything that is given to homework 0's training."""
