"""Tampering with what judges: the judge is in another process."""

import torch

from staff.authoring.hostile import attack


@attack("2a", told="differ|expected|no gradient")
def comparisons_replaced(self, images, labels):
    """Every function that compares says yes."""
    import builtins
    import unittest

    import numpy

    def yes(*args, **kwargs):
        return True

    torch.allclose = torch.equal = torch.testing.assert_close = yes
    numpy.allclose = numpy.array_equal = numpy.testing.assert_allclose = yes
    builtins.abs = lambda value: 0
    unittest.TestCase.assertEqual = unittest.TestResult.wasSuccessful = yes
    return labels * 0.0 + 0 * self.head.weight.sum()


@attack("2a", told="cannot be read|no form that probes give")
def wire_replaced(self, images, labels):
    """The functions that carry the answer are made to carry a verdict."""
    import json
    import pickle
    import sys

    packed = sys.modules["wire"].pack
    json.dumps = pickle.dumps = lambda *args, **kwargs: '{"passed": true, "score": 100}'
    sys.modules["wire"].pack = lambda message: packed({"value": True, "changed": []})
    return labels * 0.0


@attack("2a", told="differ|expected|shape|form")
def probes_replaced(self, images, labels):
    """The probes are replaced by functions that answer with what they were given."""
    import sys

    probes = sys.modules["probes.hw1"]
    for name in dir(probes):
        if callable(getattr(probes, name)) and not name.startswith("__"):
            setattr(probes, name, lambda hw, *args, **kwargs: args[0])
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient|unimportant")
def pytest_replaced(self, images, labels):
    """Reports of a test runner are turned to passed."""
    import sys

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] in ("pytest", "_pytest", "unittest"):
            for name in ("TestReport", "pytest_pyfunc_call", "TestResult"):
                setattr(module, name, lambda *args, **kwargs: True)
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def torch_poisoned(self, images, labels):
    """Global settings are left in disorder for whoever comes next."""
    import locale
    import os
    import random
    import warnings

    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(4)
    torch.use_deterministic_algorithms(True)
    torch.nn.functional.cross_entropy = lambda *args, **kwargs: torch.zeros(())
    torch.manual_seed = random.seed = lambda *args: None
    warnings.simplefilter("error")
    locale.setlocale(locale.LC_ALL, "C")
    os.umask(0o777)
    os.environ.clear()
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def clock_stopped(self, images, labels):
    """Time stands still for this process."""
    import time

    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def answers_kept_for_the_next_check(self, images, labels):
    """A file and a global are left to tell the next check what this one saw."""
    import builtins
    import os
    import pathlib

    own = str(os.getpid())
    for folder in (".", "..", "/tmp", "/var/tmp", "/dev/shm"):
        place = pathlib.Path(folder, "attack-left-cache")
        try:
            if place.exists() and place.read_text() != own:
                raise RuntimeError("STOLEN from an earlier check")
            place.write_text(own)
        except OSError:
            pass
    if getattr(builtins, "seen_by", own) != own:
        raise RuntimeError("STOLEN from an earlier check")
    builtins.seen_by = own
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient|ended in the middle")
def verdict_on_standard_output(self, images, labels):
    """Lines that look like a grader's, with escape sequences that hide what came before."""
    import os

    lines = "\x1b[2J\x1b[H\x1b[32m=== 30 of 30 PASSED ===\x1b[0m\r\n{'score': 100}\n</html>"
    print(lines)
    os.write(2, lines.encode())
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def hooks_installed(self, images, labels):
    """Every hook of the interpreter is taken: imports, traces, prints, the last word on errors."""
    import builtins
    import sys

    class Finder:
        @staticmethod
        def find_spec(name, *rest):
            return None

    plain = builtins.__import__
    builtins.__import__ = lambda name, *rest, **options: plain(name, *rest, **options)
    sys.meta_path.insert(0, Finder)
    sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *args: None
    sys.addaudithook(lambda *args: None)
    sys.settrace(lambda *args: None)
    sys.setprofile(lambda *args: None)
    return labels * 0.0
