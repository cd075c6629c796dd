"""The local autograder: checks in this process, the student's code in another."""
