"""Errors that end a script with one clear line."""


class KitError(Exception):
    """Says what was found, what was expected, and what to type next."""


class Stopped(Exception):
    """Ctrl-C in training: everything is saved, and the run can be resumed.

    No KitError, as nothing went wrong: commands end with another exit code, and print no error.
    """
