"""Homework 0: multi-task learning basics."""
