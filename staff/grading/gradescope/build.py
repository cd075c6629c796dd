"""`python -m staff gradescope hw1`: the autograder's zip, from files of this repository alone.

It holds the kit's grader, the checks and answers of one homework (those of the secret sets too),
and the few staff modules that grade. No solution, mistake or variant is in it.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_archive
from common.homework import Homework
from common.kit import constraints, seeds
from staff import command
from staff.course import policy
from staff.course.facts import facts
from staff.grading.jobs import inputs_told

HERE = Path(__file__).parent
MODULES = (  # of staff/grading
    "__init__.py",
    "archives.py",
    "clean_kit.py",
    "diagnosis.py",
    "gradescope",
    "jobs.py",
    "memory.py",
    "permissions.py",
    "receipts.py",
    "session.py",
    "trained",
    "unpack.py",
)
OMNIGLOT = "omniglot/omniglot_28x28.npz"
SKIP = ("__pycache__", "figures", "writeup.md", "README.md")
EPILOG = """
example:
  python -m staff gradescope hw1 --torch-index URL --data DIR
TORCH_INDEX (or --torch-index) names the package index with the CPU build of torch, which the
publisher's "Get started" page says: without it pip takes a build for CUDA, 5 GB larger. The CPU build
fits every container (grading peaks at 0.5 GB); more processor makes it quicker: choose 1 CPU and
1.5 GB, which a build for CUDA needs. Runs trained on Omniglot are measured when --data names the
folder that holds omniglot/omniglot_28x28.npz.
"""


def main(argv: list[str]) -> int:
    """Build the zip; return the exit code."""
    options = command.parser(
        "gradescope", "Build the zip to upload to Gradescope as the autograder.", EPILOG
    )
    add = options.add_argument
    command.add_shared(options, "homework", "--sets")
    add("-o", "--output", type=Path, metavar="FILE", help="dist/hwN-gradescope.zip")
    add(
        "--torch-index",
        default=os.environ.get("TORCH_INDEX", ""),
        metavar="URL",
        help="where the image gets torch from, such as its CPU builds (TORCH_INDEX)",
    )
    add(
        "--data",
        type=Path,
        default=os.environ.get("KIT_DATA"),
        metavar="DIR",
        help="data sets to pack, to measure trained runs with (KIT_DATA)",
    )
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.homework)
    output = chosen.output or Path("dist") / f"{homework.name}-gradescope.zip"
    for told in inputs_told(homework, None, chosen.sets):
        print(f"note: {told}")
    if not chosen.torch_index:
        print(
            "note: no --torch-index: the image gets whatever build of torch pip takes, on Linux "
            "one for CUDA"
        )
    if chosen.data is None and needs_omniglot(homework):
        print(
            "note: no --data: runs trained on Omniglot are not measured on Gradescope; its log "
            "for the staff says so for each, and staff grade measures them"
        )
    files = contents(homework, chosen.torch_index, chosen.data and Path(chosen.data), chosen.sets)
    write_archive(output, dict(sorted(files.items())), ("setup.sh", "run_autograder"))
    print(
        f"{output}: {len(files)} files, {output.stat().st_size / 1024:.0f} kB; secret sets: "
        f"{len(seeds.recorded_sets(homework))}"
    )
    return 0


def contents(
    homework: Homework, torch_index: str, data: Path | None, sets: int = 1
) -> dict[str, bytes]:
    """Name in the zip → bytes.

    Args:
        sets: how many secret sets each upload is judged with.
    """
    root = homework.root
    if any(sign in torch_index for sign in "\n\r\0"):
        raise KitError("--torch-index must be one line")
    settings = (
        f"HOMEWORK={homework.name}\nTORCH_INDEX={shlex.quote(torch_index)}\n"
        f"GRACE_MINUTES={policy.load().grace_minutes:g}\nSETS={sets}\n"
    )
    files = {
        "setup.sh": _unix((HERE / "setup.sh").read_bytes()),
        "run_autograder": _unix((HERE / "run_autograder").read_bytes()),
        "requirements.txt": (root / "requirements.txt").read_bytes(),
        constraints.NAME: (root / constraints.NAME).read_bytes(),
        "settings.sh": settings.encode(),
        "kit/course.toml": facts(root, [homework.name]),
    }
    parts = [
        root / "common",
        homework.folder,
        root / "pyproject.toml",
        root / "requirements.txt",
        root / "autograder",
        root / "staff" / "__init__.py",
        *(root / "staff" / "grading" / name for name in MODULES),
        *(root / "staff" / "course" / name for name in ("__init__.py", "lateness.py")),
    ]
    for part in parts:
        for path in [part] if part.is_file() else sorted(part.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and _wanted(inside, homework.name):
                files[f"kit/{inside.as_posix()}"] = path.read_bytes()
    if data is not None and (packed := data_set(homework, data)) is not None:
        files[f"kit/data/{OMNIGLOT}"] = packed.read_bytes()
    return files


def needs_omniglot(homework: Homework) -> bool:
    """Whether points hang on runs that may have been trained on Omniglot."""
    return any("omniglot" in one.least for one in homework.experiments)


def data_set(homework: Homework, data: Path) -> Path | None:
    """The file of Omniglot in a folder of data; None for a homework without such runs.

    Raises:
        KitError: when it is needed and not there: its runs could not be measured, and only the
            first student's upload would show that.
    """
    if not needs_omniglot(homework):
        return None
    packed = data / OMNIGLOT
    if not packed.is_file():
        raise KitError(
            f"--data {data} holds no {OMNIGLOT}, which the trained runs of {homework.name} are "
            "measured on; fetch it with: python -m common.data fetch omniglot"
        )
    return packed


def _wanted(path: Path, name: str) -> bool:
    if any(part in SKIP or part.startswith(".") for part in path.parts):
        return False
    if path.suffix in (".pyc", ".tmp"):
        return False
    checks = path.parts[:2] == ("autograder", "checks")
    return not (checks and len(path.parts) > 3 and path.parts[2] != name)


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")
