"""Looking for expected values, solutions and keys: none is in reach of the student's process."""

import torch  # noqa: F401

from staff.authoring.hostile import attack


@attack("2a", told="differ|expected|no gradient")
def answers_file_read(self, images, labels):
    """Looks for the recorded answers above every path that the process knows."""
    import pathlib
    import sys

    known = [*sys.path, sys.executable, sys.argv[0], ".", __file__]
    for part in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            known += part.read_bytes().decode().split("\0")
        except OSError:
            pass
    folders = {folder for start in known for folder in pathlib.Path(start).absolute().parents}
    names = (
        "autograder/checks/hw1/answers.npz",
        "autograder/checks/hw1/causes.npz",
        "checks/hw1/answers.npz",
        "staff/solutions/hw1/mann.py",
    )
    found = []
    for path in sorted(folder / name for folder in folders for name in names):
        try:
            found.append(f"{path}: {len(path.read_bytes())} bytes")
        except OSError:
            continue
    if found:
        raise RuntimeError(f"STOLEN {found}")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def solution_imported(self, images, labels):
    """Imports what may lie beside the grader."""
    import importlib

    for name in (
        "staff",
        "solutions",
        "solution",
        "staff.solutions.hw1.mann",
        "autograder",
        "autograder.judge.answers",
        "autograder.checks.hw1.test_mann",
    ):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        raise RuntimeError(f"STOLEN {name}")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def memory_of_others_read(self, images, labels):
    """Reads memory and environment of the grader and of every other process."""
    import os
    import pathlib

    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if process.name in (str(os.getpid()), str(os.getppid())):
            continue  # the parent here is the worker, which holds no secret
        for name in ("environ", "mem", "maps", "syscall", "auxv"):
            try:
                found = (process / name).open("rb").read(1)
            except OSError:
                continue
            if found:
                raise RuntimeError(f"STOLEN {name} of process {process.name}")
    return labels * 0.0


@attack("2a", told="PermissionError|differ|expected|no gradient")
def process_traced(self, images, labels):
    """Attaches to the process that forked this one, as a debugger does."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    if libc.ptrace(16, parent, 0, 0) == 0:
        raise RuntimeError("STOLEN by ptrace")
    local, remote = (ctypes.c_uint64 * 2)(0, 8), (ctypes.c_uint64 * 2)(id(libc), 8)
    if libc.process_vm_readv(parent, local, 1, remote, 1, 0) > 0:
        raise RuntimeError("STOLEN by process_vm_readv")
    if libc.syscall(434, parent, 0) >= 0:
        raise RuntimeError("STOLEN a handle of the process")
    raise PermissionError(ctypes.get_errno(), "nothing could be traced")


@attack("2a", told="differ|expected|no gradient")
def frames_searched(self, images, labels):
    """Looks for expected values in frames, live objects and loaded modules."""
    import gc
    import sys

    for name in sys.modules:
        if name.startswith(("autograder", "staff", "_pytest")):
            raise RuntimeError(f"STOLEN {name}")
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Answers", "Reference", "Knowledge", "PlannedCheck"):
            raise RuntimeError(f"STOLEN {type(thing).__name__}")
    frame = sys._getframe()
    while frame:
        if {"expected", "reference", "answers"} & set(frame.f_locals):
            raise RuntimeError("STOLEN from a frame")
        frame = frame.f_back
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def token_stolen(self, images, labels):
    """Looks for keys of the grader in the environment and on command lines."""
    import os
    import pathlib

    texts = [repr(dict(os.environ))]
    for process in os.listdir("/proc"):
        for name in ("environ", "cmdline"):
            try:  # it may be somebody else's, or gone by now
                part = pathlib.Path("/proc", process, name)
                texts.append(part.read_bytes().decode("utf-8", "replace"))
            except OSError:
                pass
    if any("attack-left-token" in text for text in texts):
        raise RuntimeError("STOLEN the token")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def private_files_read(self, images, labels):
    """Reads what belongs to the machine's owner."""
    import os
    import pathlib
    import pwd

    homes = [
        entry.pw_dir for entry in pwd.getpwall() if entry.pw_dir.startswith(("/root", "/home"))
    ]
    for place in ["/etc/shadow", "/etc/sudoers", *homes]:
        try:
            found = os.listdir(place) if os.path.isdir(place) else pathlib.Path(place).read_bytes()
        except OSError:
            continue
        private = [name for name in found if name not in (".pyenv", ".local")] if found else []
        if private:
            raise RuntimeError(f"STOLEN {place}")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def handles_inherited(self, images, labels):
    """Reads whatever open file the process was born with."""
    import os

    for handle in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{handle}")
        except OSError:
            continue
        if "answers" in target or "mistakes" in target:
            raise RuntimeError(f"STOLEN {target}")
        try:
            names = os.listdir(int(handle))  # a folder above the tree?
            above = os.listdir(os.open("..", os.O_RDONLY, dir_fd=int(handle)))
        except OSError:
            continue
        if "autograder" in [*names, *above]:
            raise RuntimeError("STOLEN the kit's folder")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def history_searched(self, images, labels):
    """Looks for compiled files and history beside the homework."""
    import pathlib

    tree = pathlib.Path(__file__).parent.parent
    given = ("__init__", "errors", "shadows")  # the kit's own, compiled and known to all
    for found in tree.rglob("*"):
        if "probes" in found.parts:  # so are these
            continue
        compiled = found.suffix == ".pyc" and found.name.partition(".")[0] not in given
        if compiled or found.name in (".git", "staff", "tests") or found.suffix == ".npz":
            raise RuntimeError(f"STOLEN {found.name}")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def grader_recognised(self, images, labels):
    """Looks for a sign that this is the course grader, to behave there alone."""
    import os
    import sys

    signs = [*sys.argv, __file__, os.getcwd(), *os.environ, *os.environ.values()]
    for sign in signs:
        for word in ("gradescope", "submission", "students", "secret", "answers"):
            if word in sign.lower():
                raise RuntimeError(f"STOLEN {sign}")
    return labels * 0.0
