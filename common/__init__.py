"""What every homework is given. Nothing here imports anything else of ours."""
