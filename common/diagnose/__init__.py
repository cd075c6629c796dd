"""Find the bug in this curve: recorded runs, the claims that students make of them, their answers."""
