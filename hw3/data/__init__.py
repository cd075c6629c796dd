"""Where the pictures of homework 3 come from."""
