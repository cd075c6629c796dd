"""Facts about this copy of the kit: its version, its course, the packages it was tried with, its inputs."""
