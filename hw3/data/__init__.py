"""Makes the pictures and the texts of homework 3."""
