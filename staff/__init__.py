"""The wing that only the staff has."""
