"""Wearing the machine out: every process has a deadline and limits, and is the first to go."""

import torch

from staff.authoring.hostile import attack


@attack("2a", told="still running", limit=1)
def endless_loop(self, images, labels):
    """A loop that never ends."""
    while True:
        pass


@attack("2a", told="still running", limit=1)
def deaf_loop(self, images, labels):
    """A loop that ignores every signal and swallows every exception."""
    import signal

    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


@attack("2a", told="still running", limit=1)
def lock_of_the_interpreter_held(self, images, labels):
    """A call into C that never gives the interpreter back."""
    import re

    re.match("(a+)+$", "a" * 60 + "b")


@attack("2a", told="still running", limit=1)
def asleep(self, images, labels):
    """A wait that costs no processor time."""
    import time

    time.sleep(3600)


@attack("2a", told="BlockingIOError", needs=("limits",))
def counted_forks(self, images, labels):
    """As many processes as the limit allows, each of them waiting."""
    import os
    import resource
    import time

    if os.getuid() == 0 or resource.getrlimit(resource.RLIMIT_NPROC)[0] < 0:
        raise BlockingIOError("not tried: no limit is in force")
    for _ in range(1000):
        if os.fork() == 0:
            time.sleep(3600)
            os._exit(0)
    return labels * 0.0


@attack("2a", told="still running|ended in the middle|BlockingIOError", limit=2, needs=("limits",))
def fork_bomb(self, images, labels):
    """Processes that make processes."""
    import os
    import resource
    import signal

    if os.getuid() == 0 or resource.getrlimit(resource.RLIMIT_NPROC)[0] < 0:
        raise BlockingIOError("not tried: no limit is in force")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            os.fork()
            os.setsid()
        except OSError:
            pass


@attack("2a", told="start new thread")
def thread_flood(self, images, labels):
    """Threads without end."""
    import threading
    import time

    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return labels * 0.0


@attack("2a", told="MemoryError|still running")
def memory_balloon(self, images, labels):
    """Memory without end."""
    held = []
    for _ in range(100):
        held.append(bytearray(2**26))
    return labels * 0.0


@attack("2a", told="RuntimeError|MemoryError|allocate")
def tensor_balloon(self, images, labels):
    """A tensor larger than the machine."""
    return torch.zeros(2**40)


@attack("2a", told="PermissionError|OSError|AttributeError")
def memory_outside_the_count(self, images, labels):
    """Files in memory that belong to nobody."""
    import os

    os.memfd_create("attack-left")
    return labels * 0.0


@attack("2a", told="PermissionError|OSError|FileNotFoundError|differ|expected")
def shared_memory_left(self, images, labels):
    """Shared memory that outlives its process."""
    import ctypes
    from multiprocessing import shared_memory

    if ctypes.CDLL(None).shmget(0x4711, 4096, 0o1666) >= 0:
        raise RuntimeError("STOLEN a segment that stays")
    shared_memory.SharedMemory("attack-left", create=True, size=4096)
    return labels * 0.0


@attack("2a", told="File too large|No space left")
def one_huge_file(self, images, labels):
    """A file without end."""
    import os

    with open("huge", "wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, 2**30)
    return labels * 0.0


@attack("2a", told="No space left", needs=("namespaces",))
def disk_full(self, images, labels):
    """Many files, each below the limit of one."""
    import os

    for number in range(40):
        with open(str(number), "wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, 2**25)
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient|No space left")
def folders_nobody_can_remove(self, images, labels):
    """Folders deeper than any path, without rights, with links to elsewhere."""
    import os

    start = os.getcwd()
    os.symlink("/", "root")
    os.mkdir("closed", 0)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.symlink("/tmp", "attack-left-link")
    os.chdir(start)
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient|File too large")
def flood_of_prints(self, images, labels):
    """Prints without end."""
    line = "attack " * 10000
    for _ in range(3000):
        print(line)
    return labels * 0.0


@attack("2a", told="Too many open files")
def open_files(self, images, labels):
    """Files opened and never closed."""
    held = []
    while True:
        held.append(open("/dev/null"))


@attack("2a", told="SIGSEGV")
def segmentation_fault(self, images, labels):
    """A read from address zero."""
    import ctypes

    ctypes.string_at(0)


@attack("2a", told="SIGABRT|SIGSEGV|ended in the middle")
def aborted(self, images, labels):
    """The process calls for its own core dump."""
    import os

    os.abort()


@attack("2a", told="RecursionError|SIGSEGV|MemoryError|still running", limit=1)
def recursion(self, images, labels):
    """A call that calls itself."""
    import sys

    sys.setrecursionlimit(10**9)
    return self.forward(images, labels)
