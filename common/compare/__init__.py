"""One problem, five answers: the methods of the homeworks on the same tasks."""
