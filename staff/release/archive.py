"""The students' kit: a tree without history, scanned for leaks, proved, the same bytes each time."""

from __future__ import annotations

import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

from autograder import engine
from autograder.run.launch import isolation_of_this_system, start
from common import homework as homeworks
from common.errors import KitError
from common.files import write_archive
from common.kit import course
from common.kit.version import kit_version
from staff.authoring import leaks, stubs
from staff.course import policy
from staff.course.facts import facts
from staff.gate.completeness import missing
from staff.release import assistants, handout, hints
from staff.release.left_out import without
from staff.release.publishing import FACTS, publish

TOP = (
    "README.md",
    "requirements.txt",
    "constraints.txt",
    "Makefile",
    "pyproject.toml",
    "LICENSE",
    ".gitignore",
)
STUDENTS = Path(
    "staff", "students"
)  # ships as if it lay at the root: workflows and editor settings
NAME = "meta-learning-homework"
STAFF_ONLY = re.compile(r"answers-.*\.npz|term.*\.key")  # secret inputs


def release(
    root: Path,
    output: Path,
    up_to: str | None = None,
    git: Path | None = None,
    hint: int | None = None,
) -> Path:
    """Build, scan and prove the archive.

    Args:
        output: the folder to put it in.
        up_to: the last homework to open; None opens all.
        git: a repository to bring it out in as well; made when it is not there.
        hint: the most that the kit tells; None takes what course.toml says of each homework.

    Returns:
        The zip.

    Raises:
        KitError: when something is out of step, leaks, or does not grade as it must.
    """
    names = open_homeworks(root, up_to)
    _require_in_step(root, names)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        kit = Path(folder) / NAME
        for path in shipped_files(root, names):
            target = kit / place_in_kit(path.relative_to(root))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(for_students(path, root))
        (kit / FACTS).write_bytes(facts(root, names))
        hints.close(
            kit, hints.levels(names, hint, policy.load(root / "staff" / "course.toml", root))
        )
        assistants.write(kit, course.assistants(root))
        for name in names:
            handout.write(kit / name)
        _require_no_leak(root, kit)
        _prove(root, kit, names)
        open_so_far = f"-to-{up_to}" if up_to else ""
        archive = output / f"{NAME}-{kit_version(root)}{open_so_far}.zip"
        output.mkdir(parents=True, exist_ok=True)
        write_zip(kit, archive)
        if git is not None:
            publish(kit, git, f"Kit {kit_version(root)}, {names[0]} to {names[-1]}")
    return archive


def open_homeworks(root: Path, up_to: str | None) -> list[str]:
    """Return the homeworks up to one of them; None means all.

    Raises:
        KitError: when there is no such homework.
    """
    names = homeworks.names(root)
    if up_to is None:
        return names
    if up_to not in names:
        raise KitError(f"--up-to {up_to} is not a homework; choose one of {', '.join(names)}")
    return names[: names.index(up_to) + 1]


def place_in_kit(path: Path) -> Path:
    """Return the place of a file in the students' kit."""
    return path.relative_to(STUDENTS) if path.is_relative_to(STUDENTS) else path


def shipped_files(root: Path, names: list[str]) -> list[Path]:
    """Return the files that ship: tracked ones only, so that nothing of this machine slips in."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        raise KitError("a release is made from a git checkout")
    files = []
    for name in sorted(filter(None, listed.stdout.split("\0"))):
        parts = Path(name).parts
        homework = (
            parts[2] if parts[:2] == ("autograder", "checks") and len(parts) > 3 else parts[0]
        )
        closed = re.fullmatch(r"hw\d+", homework) and homework not in names
        inside = name in TOP or parts[0] in ("common", "autograder") or parts[0] in names
        inside = inside or Path(name).is_relative_to(STUDENTS)
        if (
            inside
            and not closed
            and not STAFF_ONLY.fullmatch(parts[-1])
            and (root / name).is_file()
        ):
            files.append(root / name)
    return files


def for_students(path: Path, root: Path) -> bytes:
    """A file as it ships: Makefile and pyproject.toml lose what only the staff needs, handouts and
    write-ups the problems that the course leaves out."""
    data = path.read_bytes()
    if path == root / "README.md":
        page = re.sub(r"(?ms)^<!-- begin staff -->\n.*?^<!-- end staff -->\n", "\n", data.decode())
        return assistants.on_front_page(page, course.assistants(root)).encode()
    if path.name in ("README.md", "writeup.md") and path.parent.name in homeworks.names(root):
        page = without(data.decode(), homeworks.load(path.parent.name, root))
        if path.name == "README.md":
            page = assistants.in_handout(page, path.parent.name, course.assistants(root))
        return page.encode()
    if path.name not in ("Makefile", "pyproject.toml"):
        return data
    text = re.sub(r"(?m)^# begin staff\n(?:.*\n)*?# end staff\n", "", data.decode())
    if path.name == "pyproject.toml":  # editors then find the checks
        text = text.replace('testpaths = ["tests"]', 'testpaths = ["autograder/checks"]')
    return text.encode()


def _require_in_step(root: Path, names: list[str]) -> None:
    for name in names:
        for fault in missing(homeworks.load(name, root)):
            raise KitError(f"{name}: {fault}")


def _require_no_leak(root: Path, kit: Path) -> None:
    for name in homeworks.names(root):
        for leak in leaks.scan(leaks.secrets(root, name), leaks.text_files(kit), kit):
            raise KitError(f"{leak.file}:{leak.line} holds a piece of {leak.hole}: {leak.text}")
    for path in kit.rglob("*.py"):
        if stubs.MARK.search(path.read_text(encoding="utf-8")):
            raise KitError(f"{path.relative_to(kit)} holds a solution's mark")


def _prove(root: Path, kit: Path, names: list[str]) -> None:
    """The stubs earn nothing and the solutions everything, with the kit's own checks."""
    for name in names:
        homework = homeworks.load(name, kit)
        with start(isolation_of_this_system(), homework.preload) as worker:
            empty = engine.grade(homework, worker=worker)
            solved = engine.grade(
                homework, submission=root / "staff" / "solutions" / name, worker=worker
            )
        if empty.score != 0 or solved.score != solved.max_score:
            raise KitError(
                f"{name} in the archive gives stubs {empty.score:g} and solutions "
                f"{solved.score:g} of {solved.max_score:g}; expected 0 and all"
            )


def write_zip(kit: Path, archive: Path) -> None:
    """Write the archive; never overwrite one of the same version with other contents.

    Raises:
        KitError: when there is such a one.
    """
    paths = sorted(path for path in kit.rglob("*") if path.is_file())
    contents = {f"{NAME}/{path.relative_to(kit).as_posix()}": path.read_bytes() for path in paths}
    if archive.exists() and _contents(archive) != contents:
        raise KitError(
            f"{archive} has other contents. If it is out, a correction needs a version of "
            "its own: python -m staff next-version; if not, delete it"
        )
    write_archive(archive, contents)


def _contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}
