"""Everything that is given to homework 1's training."""
