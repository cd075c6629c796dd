"""For who releases: the grader is graded before it is given to anyone."""
