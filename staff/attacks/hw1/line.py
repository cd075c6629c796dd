"""Attacks on the line to the grader, whose handle lies in the student's own process."""

import torch

from staff.authoring.hostile import attack


@attack("2a", told="differ|expected|shape")
def forged_answer(self, images, labels):
    """An answer of the right form is sent before the probe has finished."""
    import os
    import sys

    frame = sys.modules["wire"].pack({"value": torch.zeros_like(labels), "changed": []})
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="no form that probes give")
def forged_verdict(self, images, labels):
    """A verdict is sent in place of an answer."""
    import os
    import sys

    frame = sys.modules["wire"].pack({"status": "passed", "points": 12, "passed": True})
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="cannot be read")
def noise_on_the_line(self, images, labels):
    """Bytes that are no frame."""
    import os

    for handle in range(3, 256):
        try:
            os.write(handle, b"\xff" * 4096)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="cannot be read|no form")
def frame_of_wrong_types(self, images, labels):
    """A frame whose marks hold values of other types than they should."""
    import json
    import os
    import struct

    header = json.dumps({"value": {"$": "dict", "is": 5}, "changed": []}).encode()
    frame = struct.pack(">QI", 12 + len(header), len(header)) + header
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="cannot be read|no form")
def frame_of_a_huge_array(self, images, labels):
    """A frame that names an array larger than any memory."""
    import json
    import os
    import struct

    array = {"$": "torch", "dtype": "float64", "shape": [2**62, 2**62], "at": 0, "grad": True}
    header = json.dumps({"value": array, "changed": []}).encode()
    frame = struct.pack(">QI", 12 + len(header), len(header)) + header
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="cannot be read")
def frame_of_deep_brackets(self, images, labels):
    """A frame that makes a parser recurse until the process falls."""
    import os
    import struct

    header = b"[" * 100_000
    frame = struct.pack(">QI", 12 + len(header), len(header)) + header
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="too large")
def frame_of_many_brackets(self, images, labels):
    """A small frame that becomes a hundred times as large when it is parsed."""
    import os
    import struct

    header = b"[" + b"[]," * 4_000_000 + b"[]]"
    frame = struct.pack(">QI", 12 + len(header), len(header)) + header
    for handle in range(3, 256):
        try:
            sent = 0
            while sent < len(frame):
                sent += os.write(handle, frame[sent:])
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="cannot be read|no form|differ|expected")
def frame_of_a_long_number(self, images, labels):
    """A number of a hundred thousand digits, and words that JSON does not have."""
    import os
    import struct

    header = b'{"value": [NaN, Infinity, ' + b"9" * 100_000 + b'], "changed": []}'
    frame = struct.pack(">QI", 12 + len(header), len(header)) + header
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="still running", limit=1)
def one_byte_at_a_time(self, images, labels):
    """An answer that never ends, so that the grader waits for ever."""
    import os
    import struct
    import time

    frame = struct.pack(">QI", 2**20, 2**19)
    while True:
        for handle in range(3, 100):
            try:
                os.write(handle, frame[:1])
            except OSError:
                pass
        frame = frame[1:] or b"["
        time.sleep(0.05)


@attack("2a", told="differ|expected|form|cannot be read|still running", limit=1)
def flood_of_answers(self, images, labels):
    """Thousands of answers to questions that nobody asked."""
    import os
    import sys

    frame = sys.modules["wire"].pack({"value": labels * 0.0, "changed": []})
    while True:
        for handle in range(3, 100):
            try:
                os.write(handle, frame)
            except OSError:
                pass


@attack("2a", told="ended in the middle")
def line_closed(self, images, labels):
    """Every handle of the process is closed."""
    import os

    os.closerange(0, 256)
    return labels * 0.0


@attack("2a", told="ended in the middle")
def exit_without_a_word(self, images, labels):
    """The process ends with success before it has answered."""
    import os

    os._exit(0)


@attack("2a", told="ended in the middle|differ|expected|no gradient")
def exit_from_a_thread(self, images, labels):
    """A thread that outlives the call ends the process, or answers for it."""
    import os
    import threading

    threading.Timer(0.02, os._exit, (0,)).start()
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def last_words(self, images, labels):
    """Functions that run at the end, and objects that act when they are removed."""
    import atexit
    import os

    class Late:
        def __del__(self):
            open("/tmp/attack-left-late", "w").write("x")
            os.write(3, b"x")

    labels.late = Late()
    atexit.register(lambda: open("/tmp/attack-left-exit", "w").write("x"))
    return labels * 0.0


@attack("2a", told="SystemExit", at_import=True)
def exit_at_import():
    """The file ends the process as soon as it is imported."""
    import atexit
    import sys

    atexit.register(lambda: open("/tmp/attack-left-import", "w").write("x"))
    sys.exit(0)


@attack("2a", told="ended in the middle", at_import=True)
def silent_exit_at_import():
    """The same, without leaving a chance to notice."""
    import os

    os._exit(0)


@attack("2a", told="differ|expected|shape|ended in the middle")
def forged_then_gone(self, images, labels):
    """An answer is forged, and the process ends with success before the probe can send another."""
    import os
    import sys

    frame = sys.modules["wire"].pack({"value": torch.zeros_like(labels), "changed": []})
    for handle in range(3, 256):
        try:
            os.write(handle, frame)
        except OSError:
            pass
    os._exit(0)


@attack("2a", told="cannot be read|too large")
def pickle_on_the_line(self, images, labels):
    """Bytes that run a command in whoever unpickles them."""
    import os
    import pickle

    class Bomb:
        def __reduce__(self):
            return open, ("/tmp/attack-left-pickle", "w")

    for handle in range(3, 256):
        try:
            os.write(handle, pickle.dumps(Bomb()))
        except OSError:
            pass
    return labels * 0.0
