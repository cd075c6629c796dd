"""Where the pictures and the texts of homework 3 come from."""
