"""Everything that is given to homework 2's training: tasks, methods, settings, evaluation."""
