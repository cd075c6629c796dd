"""Questions about a student's own code and runs, whose answers the kit computes."""
