"""Homework 2: prototypical networks and MAML."""
