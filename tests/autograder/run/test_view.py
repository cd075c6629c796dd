"""What a check sees and can change of the machine: of the kit nothing, wherever it lies."""

import re
import sys

import pytest

from tests.helpers.ordinary import NOBODY, missing, run

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

# Grades a tree whose probe looks for the kit and tries every call that changes a file's metadata.
PROGRAM = r'''
import json, os, sys, tempfile
from pathlib import Path
given = json.loads(sys.argv[1])
kit = Path(given["kit"])
from autograder.run.fork import ForkWorker
from autograder.run.overlay import overlay
from common import homework as homeworks
from staff.grading.permissions import close_to_others

PROBE = """
import ctypes, os, shutil, tempfile, fcntl

def look(hw, kit):
    seen, changed = [], []
    for path in [kit, kit + "/autograder/checks/hw1/answers.npz", kit + "/common/errors.py",
                 kit + "/staff/solutions/hw1/mann.py"]:
        for name, way in {"list": os.listdir, "read": lambda p: open(p, "rb").read(1)}.items():
            try:
                way(path)
                seen.append(name + " " + path)
            except OSError:
                pass
    for name in ("/home", "/srv", "/etc/shadow", kit + "/common", "/proc/self/fd/100/../../../srv"):
        try:
            os.stat(name)
            seen.append("stat " + name)
        except OSError:
            pass
    libc = ctypes.CDLL(None, use_errno=True)
    places = [kit, kit + "/common", kit + "/common/errors.py", "/proc/self/fd/100",
              "/proc/self/fd/100/hw1/mann.py", "/proc/self/exe", "/proc/self/fd/100/../tree"]
    ways = {
        "chmod": lambda p: os.chmod(p, 0),
        "utime": lambda p: os.utime(p, (1, 1)),
        "utimes": lambda p: libc.utimes(p.encode(), None) and 1 / 0,
        "chown": lambda p: os.chown(p, os.getuid(), os.getgid()),
        "setxattr": lambda p: os.setxattr(p, "user.x", b"1"),
        "removexattr": lambda p: os.removexattr(p, "user.kept"),
        "fchmodat2": lambda p: libc.syscall(452, -100, p.encode(), 0, 0) and 1 / 0,
        "setxattrat": lambda p: libc.syscall(463, -100, p.encode(), 0, b"user.x", None, 0) and 1 / 0,
        "fchmod": lambda p: os.fchmod(os.open(p, os.O_RDONLY), 0),
        "futimens": lambda p: os.utime(os.open(p, os.O_RDONLY), (1, 1)),
        "fsetxattr": lambda p: os.setxattr(os.open(p, os.O_RDONLY), "user.x", b"1"),
        "flags": lambda p: fcntl.ioctl(os.open(p, os.O_RDONLY), 0x40086602, (0).to_bytes(8, "little")),
    }
    for place in places:
        for name, way in ways.items():
            try:
                way(place)
                changed.append(name + " " + place)
            except (OSError, ZeroDivisionError):
                pass
    secret = libc.syscall(447, 0)
    return [seen, changed, secret]

def work(hw):
    import torch
    with open("a", "w") as stream:
        stream.write("x")
    os.makedirs("d/e")
    for copy in (shutil.copy, shutil.copy2, shutil.move):
        shutil.copyfile("a", "b")
        copy("b", "d/e/" + copy.__name__)
    shutil.copytree("d", "f")
    torch.save({"x": torch.ones(3)}, "t.pt")
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
        shutil.make_archive(folder + "/z", "zip", "d")
        shutil.unpack_archive(folder + "/z.zip", "g")
    shutil.rmtree("d")
    return [sorted(os.listdir("f/e")), torch.load("t.pt")["x"].sum().item()]
"""

def state():
    found = {}
    for path in [kit, *kit.rglob("*")]:
        if "__pycache__" not in path.parts:
            s = os.lstat(path)
            found[str(path)] = [s.st_mode, s.st_uid, s.st_size, s.st_mtime_ns * path.is_file(),
                                s.st_ctime_ns * path.is_file(), os.listxattr(path)]
    return found

homework = homeworks.load("hw1")
if given["closed"]:
    close_to_others(kit)
before = state()
with ForkWorker(("torch",), without=tuple(given["without"])) as worker, tempfile.TemporaryDirectory() as folder:
    tree = overlay(homework, Path(folder, "tree"))
    (tree / "probes" / "hw1.py").write_text(PROBE)
    talk = worker.open(tree, "hw1", 60)
    looked = talk.call({"call": "look", "args": [], "kwargs": {"kit": str(kit)}})
    worked = talk.call({"call": "work", "args": [], "kwargs": {}})
    talk.finish()
    level = worker.isolation.split("+")
seen, changed, secret = looked["value"]
print(json.dumps({"level": level, "seen": seen, "changed": changed, "secret": secret,
                  "worked": worked.get("value", worked), "harmed": before != state()}))
'''

PLACES = {
    "in a folder of its own": "/srv/kit",
    "below /opt": "/opt/kit",
    "below /usr": "/usr/games/kit",
    "in the interpreter's prefix": f"{sys.prefix}/include/kit",
    "in the folder for temporary files": "/tmp/kit",
}
USERS = {"root": 0, "an ordinary user": NOBODY}
WITHOUT = {
    "every layer": [],
    "no namespaces": ["namespaces"],
    "no Landlock": ["landlock"],
    "users alone": ["landlock", "namespaces"],
}


@pytest.mark.parametrize("kit", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("without", WITHOUT.values(), ids=WITHOUT)
def test_nothing_of_the_kit_is_seen_or_changed(kit, user, without):
    if without and kit not in ("/opt/kit", f"{sys.prefix}/include/kit"):
        pytest.skip("where it lies makes no difference to these layers")
    if "landlock" in without and "namespaces" in without and user:
        pytest.skip("nothing is left that could hide a file from its owner")
    found = run(PROGRAM, kit, user, without=without, closed=True)
    layers = {"namespaces", "landlock", "seccomp", "limits"} | ({"user"} if not user else set())
    assert set(found["level"]) == {"fork"} | layers - set(without)
    assert found["worked"] == [["copy", "copy2", "move"], 3.0]
    assert found["changed"] == [] and not found["harmed"]
    assert found["secret"] == -1
    if "namespaces" in found["level"]:
        inside = {"list " + kit} if kit != "/srv/kit" else set()
        assert set(found["seen"]) <= inside, "an empty folder may be there, and nothing else"
    elif "landlock" in found["level"]:
        assert all(what.startswith("stat ") for what in found["seen"])
    else:
        closed = ("checks/hw1/answers.npz", "solutions/hw1/mann.py")
        assert not any(what.endswith(closed) for what in found["seen"])
        assert f"read {kit}/common/errors.py" in found["seen"], "the attempt itself works"


# Grades a tree whose probe looks for Omniglot's drawings, with what the course grader hides.
LOOKS_FOR_DRAWINGS = r'''
import json, os, sys, tempfile
from pathlib import Path
given = json.loads(sys.argv[1])
os.environ.pop("KIT_DATA", None)
place = Path(given["data"])
real = Path(given["real"])
for folder in (place, real):
    folder.mkdir(parents=True, exist_ok=True)
(real / "drawings.npz").write_text("ink")
(place / "omniglot_28x28.npz").symlink_to(real / "drawings.npz")
(place / "images_background.zip").write_text("ink")
if given["named"]:
    os.environ["KIT_DATA"] = str(place.parent)
from autograder.run.fork import ForkWorker
from autograder.run.overlay import overlay
from common import homework as homeworks
from staff.grading.permissions import close_to_others
from staff.grading.trained.hidden import folders_of_images

PROBE = """
import os
def look(hw, places):
    seen = []
    for place in places:
        for name, way in {"list": os.listdir, "read": lambda p: open(p).read()}.items():
            try:
                seen.append([name, place, str(way(place))])
            except OSError:
                pass
    return [seen, [name for name in os.environ if "DATA" in name]]
"""
homework = homeworks.load("hw1")
close_to_others(Path(given["kit"]))
with ForkWorker((), tuple(given["without"]), folders_of_images()) as worker:  # no torch: it only looks
    with tempfile.TemporaryDirectory() as folder:
        tree = overlay(homework, Path(folder, "tree"))
        (tree / "probes" / "hw1.py").write_text(PROBE)
        talk = worker.open(tree, "hw1", 60)
        files = [place / "omniglot_28x28.npz", place / "images_background.zip", real / "drawings.npz"]
        places = [str(one) for one in (place.parent, place, real, *files)]
        answer = talk.call({"call": "look", "args": [places], "kwargs": {}})["value"]
        talk.finish()
        level = worker.isolation.split("+")
print(json.dumps({"level": level, "seen": answer[0], "environment": answer[1]}))
'''
EMPTY = ("/usr/games", f"{sys.prefix}/include", "/srv", "/tmp")
DRAWINGS = {  # where Omniglot lies, where a link in it leads, and whether KIT_DATA says so
    "in the kit": ("/opt/kit/data/omniglot", "/opt/kit/data/real", False),
    "among the system's files": ("/usr/games/sets/omniglot", f"{EMPTY[1]}/real", True),
    "beside Python": (f"{EMPTY[1]}/sets/omniglot", "/srv/real", True),
    "among temporary files": ("/tmp/sets/omniglot", "/tmp/real", True),
}


@pytest.mark.parametrize("drawings", DRAWINGS.values(), ids=DRAWINGS)
@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("without", WITHOUT.values(), ids=WITHOUT)
def test_no_drawing_of_an_exam_is_seen(drawings, user, without):
    data, real, named = drawings
    if "landlock" in without and "namespaces" in without and (user or named):
        pytest.skip("what everybody may read can be read there: staff are told with the grade")
    places = {"data": data, "real": real, "named": named, "without": without}
    parts = ("staff/grading/trained",)
    found = run(LOOKS_FOR_DRAWINGS, "/opt/kit", user, parts, EMPTY, **places)
    assert found["environment"] == []
    shown = [
        one for one in found["seen"] if {"ink", "drawings.npz"} & set(re.findall(r"[\w.]+", one[2]))
    ]
    assert not shown
