"""Which submissions a folder holds: zips, folders, or a Gradescope export."""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from staff.grading.jobs import Order, grader_version

METADATA = "submission_metadata.yml"
LARGEST = 512 * 2**20  # bytes of one submission that are read
RECORDS = "students"  # where records lie; a folder of that name holds no submission


def find(folder: Path, homework: Homework, seed: int | None) -> list[Order]:
    """Every submission as an order, by name.

    Raises:
        KitError: when there is none.
    """
    if not folder.is_dir():
        raise KitError(f"{folder} is no folder of submissions")
    known = read_metadata(folder / METADATA)
    orders, taken = [], set()
    for path in sorted(folder.iterdir()):
        if not _is_submission(path):
            continue
        name = path.stem if path.is_file() and path.stem not in taken else path.name
        taken.add(name)
        about = known.get(path.name, {})
        orders.append(
            Order(
                _plain(name), homework.name, str(path), students=tuple(about.get("students", ())),
                submitted=about.get("created_at", ""), seed=seed,
            )
        )  # fmt: skip
    for name in known.keys() - {path.name for path in folder.iterdir()}:
        orders.append(
            Order(_plain(name), homework.name, str(folder / name),
                  students=tuple(known[name]["students"]), seed=seed)
        )  # fmt: skip
    if not orders:
        raise KitError(f"{folder} holds neither zips nor folders")
    return sorted(orders, key=lambda order: order.ident)


def _is_submission(path: Path) -> bool:
    if path.name.startswith((".", "__MACOSX")) or path.name == RECORDS:
        return False
    return path.suffix.lower() == ".zip" or path.is_dir()


def _plain(name: str) -> str:
    """A name that is safe as a file's, still one of its own."""
    safe = re.sub(r"[^\w.@+-]", "_", name)[:80].strip(".") or "_"
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def fingerprint(order: Order, homework: Homework) -> Order:
    """The order with the digest of its bytes and of the grader.

    Reads names as well as bytes, follows no link, and raises nothing: a submission that cannot be
    read is refused when its turn comes.
    """
    total = hashlib.sha256(grader_version(homework, order.seed).encode())
    total.update("\0".join((*order.students, order.submitted)).encode())
    source = Path(order.source)
    files = [source] if source.is_file() else sorted(_files(source))
    room = LARGEST
    for path in files:
        total.update(f"\0{path.relative_to(source)}\0".encode("utf-8", "replace"))
        if path.is_symlink():
            continue
        try:
            with path.open("rb") as stream:
                while (piece := stream.read(2**20)) and room > 0:
                    total.update(piece)
                    room -= len(piece)
        except OSError as error:
            total.update(str(error.errno).encode())
    return replace(order, fingerprint=total.hexdigest())


def _files(root: Path) -> list[Path]:
    return [
        Path(folder, name)
        for folder, _, files in os.walk(root)
        for name in files
        if (Path(folder, name)).is_symlink() or Path(folder, name).is_file()
    ]


def with_content(order: Order) -> Order:
    """The order with its bytes, for a machine that does not see this disk."""
    source = Path(order.source)
    if source.is_symlink():
        return replace(order, content=b"")
    if source.is_file():
        return replace(order, content=source.read_bytes())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(_files(source)):
            name = path.relative_to(source).as_posix()
            if path.is_symlink():
                info = zipfile.ZipInfo(name)
                info.create_system, info.external_attr = 3, 0o120777 << 16
                archive.writestr(info, b"")  # still a link, for the intake to refuse
            else:
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    return replace(order, content=packed.getvalue())


# --- Gradescope's export ------------------------------------------------------------------------

_SUBMISSION = re.compile(r"^['\"]?([^\s:'\"]+)['\"]?:\s*$")
_FIELD = re.compile(r"^(\s+)(- )?:?(\w+):\s*(.*?)\s*$")


def read_metadata(path: Path) -> dict[str, dict]:
    """submission → {"students": [sid or e-mail or name, …], "created_at": ISO time}.

    The export is YAML as Ruby writes it. Only its first two levels are read, line by line, so that
    nothing that a student wrote deeper inside can pass for them.
    """
    if not path.is_file():
        return {}
    found: dict[str, dict] = {}
    current: dict | None = None
    people: list[dict] = []
    inside = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if start := _SUBMISSION.match(line):
            current, people, inside = {"people": []}, [], ""
            current["people"] = people
            found[start[1]] = current
            continue
        field = _FIELD.match(line)
        if current is None or field is None:
            continue
        indent, dash, key, value = field.groups()
        value = value.strip("'\"")
        if len(indent) == 2 and not dash:
            inside = key
            if key == "created_at":
                current["created_at"] = _iso(value)
        elif inside == "submitters" and len(indent) <= 4:
            if dash:
                people.append({})
            if people:
                people[-1][key] = value
    return {
        name: {
            "students": [p.get("sid") or p.get("email") or p.get("name") or name
                         for p in entry["people"]],
            "created_at": entry.get("created_at", ""),
        }
        for name, entry in found.items()
    }  # fmt: skip


def _iso(value: str) -> str:
    """`2026-10-05 06:59:00.000000000 Z` as `2026-10-05T06:59:00+00:00`."""
    match = re.match(
        r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$", value
    )
    if match is None:
        return ""
    zone = match[3] or "Z"
    zone = "+00:00" if zone in ("Z", "UTC") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    return f"{match[1]}T{match[2]}{zone}"
