"""The course: its policy, and the gradebook."""
