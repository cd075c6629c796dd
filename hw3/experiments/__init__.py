"""Experiments of homework 3, one module each: what is tuned or asked, measured, and drawn."""
