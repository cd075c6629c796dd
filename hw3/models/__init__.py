"""The models of homework 3, and how their weights are loaded."""
