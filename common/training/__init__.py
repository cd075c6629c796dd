"""The training loop, its step timer, and the folder that a run leaves."""
