"""The line between the checks and the student's code."""
