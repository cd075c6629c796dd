"""One of each class, on homework 0; the long list is that of homework 1."""

import torch

from staff.authoring.hostile import attack


@attack("3a", told="Liar")
def equal_to_everything(positive, negative):
    """An object that says it equals whatever it is compared with."""

    class Liar:
        shape, requires_grad = (), True

        def __eq__(self, other):
            return True

        __hash__ = None

    return Liar()


@attack("3a", told="nan|finite")
def not_a_number(positive, negative):
    """NaN is not greater than any tolerance."""
    return (positive - negative).mean() * float("nan")


@attack("3a", told="differ|expected|gradient|shape")
def forged_answer(positive, negative):
    """An answer of the right form is sent before the probe has finished."""
    import os
    import sys

    frame = sys.modules["wire"].pack({"value": torch.zeros(()), "changed": []})
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return positive.mean() * 0.0


@attack("3a", told="differ|expected|gradient")
def comparisons_replaced(positive, negative):
    """Every function that compares says yes."""
    import builtins

    import numpy

    def yes(*args, **kwargs):
        return True

    torch.allclose = torch.equal = torch.testing.assert_close = yes
    numpy.allclose = numpy.array_equal = numpy.testing.assert_allclose = yes
    builtins.abs = lambda value: 0
    return positive.mean() * 0.0


@attack("3a", told="differ|expected|gradient")
def answers_file_read(positive, negative):
    """Looks for the recorded answers above every path that the process knows."""
    import pathlib
    import sys

    folders = {folder for start in sys.path for folder in pathlib.Path(start).absolute().parents}
    for folder in folders:
        try:
            found = (folder / "autograder/checks/hw0/answers.npz").read_bytes()
        except OSError:
            continue
        raise RuntimeError(f"STOLEN {len(found)} bytes")
    return positive.mean() * 0.0


@attack("3a", told="ended in the middle")
def exit_without_a_word(positive, negative):
    """The process ends with success before it has answered."""
    import os

    os._exit(0)


@attack("3a", told="SystemExit", at_import=True)
def exit_at_import():
    """The file ends the process as soon as it is imported."""
    import sys

    sys.exit(0)


@attack("3a", told="still running", limit=1)
def endless_loop(positive, negative):
    """A loop that never ends."""
    while True:
        pass


@attack("3a", told="MemoryError|still running")
def memory_balloon(positive, negative):
    """Memory without end, asked for and never written to."""
    held = []
    for _ in range(100):
        held.append(bytes(2**26))
    return positive.mean() * 0.0


@attack("3a", told="differ|expected|gradient")
def daemon_left(positive, negative):
    """A process that has cut every tie waits for the grader to finish."""
    import os

    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            pass
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "4711.4711"])
        os._exit(0)
    return positive.mean() * 0.0


@attack("3a", told="PermissionError")
def internet_called(positive, negative):
    """Asks someone else for the answer."""
    import socket

    socket.create_connection(("192.0.2.1", 80), timeout=1)
    return positive.mean() * 0.0
