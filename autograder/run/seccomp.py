"""A filter of system calls: no network, no reaching into other processes, no new namespaces, and
no change of what a file is beside its contents (the filter cannot see which file is meant).

The kernel runs the filter before every system call of the process and of all its descendants; what
is denied fails with "Operation not permitted", so that a student reads an ordinary PermissionError.
"""

from __future__ import annotations

import ctypes
import os
import struct

import kernel

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# name: (number on x86_64, number on aarch64, or None where there is no such call)
DENIED = {
    "socket": (41, 198), "io_uring_setup": (425, 425),  # a pair of sockets is no network
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272), "process_madvise": (440, 440), "migrate_pages": (256, 238),
    "process_mrelease": (448, 448), "move_pages": (279, 239), "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "open_tree": (428, 428), "open_tree_attr": (467, 467), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    "syslog": (103, 116),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "shmat": (30, 196), "shmctl": (31, 195), "msgctl": (71, 187), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "semctl": (66, 191), "semop": (65, 193), "semtimedop": (220, 192),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),  # counted as no one's memory
    "setsid": (112, 157), "setpgid": (109, 154),  # nobody leaves the group that is killed as one
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
}  # fmt: skip

# What these may not be asked for: to change a file that is open to be read, to let the kernel send
# a signal to somebody else, or to keep others from opening a file.
IOCTL, _FCNTL = (16, 29), (72, 25)
_OF_IOCTL = {
    "FS_IOC_SETFLAGS": 0x40086602,
    "FS_IOC32_SETFLAGS": 0x40046602,
    "FS_IOC_SETVERSION": 0x40087602,
    "FS_IOC32_SETVERSION": 0x40047602,
    "FS_IOC_FSSETXATTR": 0x401C5820,
    "FIOSETOWN": 0x8901,
    "SIOCSPGRP": 0x8902,
}
_OF_FCNTL = {
    "F_SETOWN": 8,
    "F_SETOWN_EX": 15,
    "F_SETSIG": 10,
    "F_SETLEASE": 1024,
    "F_NOTIFY": 1026,
}

# Allowed when the first argument is the process itself (or 0: itself, its own group).
OWN = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}

CLONE, CLONE3 = (56, 220), (435, 435)
_NEW_NAMESPACE = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_X32 = 0x40000000  # x86_64's second table of system calls

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Places in the kernel's seccomp_data.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _DENY, _UNKNOWN, _KILL = 0x7FFF0000, 0x50000 | 1, 0x50000 | 38, 0x80000000
_MODE_FILTER = 2


def deny() -> None:
    """Install the filter in the calling process, for good.

    Raises:
        OSError: when the kernel has no filters or this processor is not known.
    """
    try:
        architecture, column = ARCHITECTURES[os.uname().machine]
    except KeyError:
        raise OSError(f"no table of system calls for {os.uname().machine}") from None
    program = _program(architecture, column, os.getpid())
    code = ctypes.create_string_buffer(b"".join(program))
    described = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    kernel.prctl(kernel.SECCOMP, _MODE_FILTER, ctypes.c_char_p(described))


def _program(architecture: int, column: int, own: int) -> list[bytes]:
    """The filter's instructions: (code, jump if true, jump if false, value)."""
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for number in filter(None, (numbers[column] for numbers in DENIED.values())):
        program += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _DENY)]
    # The C library falls back to `clone`, whose flags the filter can see.
    program += [_step(_EQUAL, CLONE3[column], 0, 1), _step(_RETURN, _UNKNOWN)]
    program += [
        _step(_EQUAL, CLONE[column], 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, _NEW_NAMESPACE, 0, 1),
        _step(_RETURN, _DENY),
        _step(_RETURN, _ALLOW),
    ]
    program += _without_requests(IOCTL[column], list(_OF_IOCTL.values()))
    program += _without_requests(_FCNTL[column], list(_OF_FCNTL.values()))
    for numbers in OWN.values():
        program += [
            _step(_EQUAL, numbers[column], 0, 5),
            _step(_LOAD, _FIRST_ARGUMENT),
            _step(_EQUAL, own, 1, 0),
            _step(_EQUAL, 0, 0, 1),
            _step(_RETURN, _ALLOW),
            _step(_RETURN, _DENY),
        ]
    return [*program, _step(_RETURN, _ALLOW)]


def _without_requests(number: int, requests: list[int]) -> list[bytes]:
    """Deny a system call where its second argument is one of these."""
    count = len(requests)
    program = [_step(_EQUAL, number, 0, count + 3), _step(_LOAD, _SECOND_ARGUMENT)]
    for place, request in enumerate(requests):
        program.append(_step(_EQUAL, request, count - place, 0))
    return [*program, _step(_RETURN, _ALLOW), _step(_RETURN, _DENY)]


def _step(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("HBBI", code, true, false, value)
