"""What this copy of the kit is: its version, the course it serves, the packages it was tried with."""
