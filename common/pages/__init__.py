"""What all pages that people open are made of."""
