"""Homework 1: data for meta-learning, and black-box meta-learning."""
