"""What only the staff has."""
