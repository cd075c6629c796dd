"""Experiments of homework 3; each module has SETTINGS and run(chosen, folder)."""
