"""Networks that homeworks are given, and the layers that run many tasks at once."""
