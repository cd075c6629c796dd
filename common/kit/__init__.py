"""What this copy of the kit is: its version, its course, the packages it was tried with, its inputs."""
