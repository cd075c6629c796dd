"""Homework 4: Bayesian meta-learning and meta-overfitting."""
