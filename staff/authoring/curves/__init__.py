"""The curves to diagnose: which runs are recorded (`hwN.toml`), and how (`record.py`).

A recipe holds what a recorded run really is, and so the right answers: nothing of it ships. What
students get is `hwN/curves.json`, the same runs under names that say nothing.
"""
