"""Errors that end a command with one clear line and exit code 2."""


class UsageError(Exception):
    """What was asked cannot be done; the message says what was found and what to type next."""
