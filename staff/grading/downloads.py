"""A platform's download of a whole class → one upload a student, in a folder of its own.

Canvas puts every file of every student side by side, with the names of both platforms' numbers;
Moodle makes a folder a student, or does as Canvas. Other folders and zips are taken as they are.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import defaultdict
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from staff.course.platforms import canvas, moodle

MOST_BYTES = 20 * 2**30  # of a class
NAMES = "uploads.json"  # student's entry → the names in the download, to send feedback back


def gather(source: Path, work: Path) -> Path:
    """The folder in which each entry is one student's upload.

    Args:
        source: a folder of uploads, or a platform's download as a folder or zip.
        work: where a download is unpacked and sorted; it is made anew.
    """
    if source.is_file() and zipfile.is_zipfile(source):
        source = _unzip(source, work / "download")
    if not source.is_dir():
        return source
    files = _files_by_student(source)
    if not files:
        return source
    target = work / "uploads"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for owner, those in files.items():
        _collect(target / owner, those)
    names = {
        owner: [path.relative_to(source).as_posix() for path, _ in those]
        for owner, those in files.items()
    }
    write_text(work / NAMES, json.dumps(names, indent=1, ensure_ascii=False, sort_keys=True))
    for other in sorted(source.glob("*.csv")):
        shutil.copyfile(other, target / other.name)
    return target


def original_names(work: Path) -> dict[str, list[str]]:
    """Entry → the names that its files had in the download; empty when it was none."""
    path = work / NAMES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _unzip(path: Path, target: Path) -> Path:
    """Unpack a class's zip; a single folder around everything is left out."""
    shutil.rmtree(target, ignore_errors=True)
    with zipfile.ZipFile(path) as archive:
        if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
            raise KitError(f"{path.name} unpacks to more than {MOST_BYTES / 2**30:.0f} GB")
        for info in archive.infolist():
            if info.external_attr >> 28 == 0xA:
                raise KitError(
                    f"{path.name} holds a link, {info.filename!r}: no platform's zip does"
                )
        archive.extractall(target)
    inside = [one for one in target.iterdir() if one.name != "__MACOSX"]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target


def _files_by_student(source: Path) -> dict[str, list[tuple[Path, str]]]:
    """Entry → (file or folder, the name that its student gave); empty for no download."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path in sorted(source.iterdir()):
        if upload := moodle.read_name(path.name):
            if "_onlinetext" in path.name:
                continue
            entry = f"{upload.owner}_{upload.number}_assignsubmission_file"
            inside = sorted(path.iterdir()) if path.is_dir() else []
            files = [(one, one.name) for one in inside] or [(path, upload.file or path.name)]
            found[entry] += files
        elif (upload := canvas.read_name(path.name)) and path.is_file():
            found[f"{upload.owner}_{upload.number}_0_upload"].append((path, upload.file))
    return dict(found)


def _collect(entry: Path, files: list[tuple[Path, str]]) -> None:
    """One archive as it is, beside its suffix; several files in a folder."""
    path, name = files[0]
    if len(files) == 1 and path.is_file() and not name.endswith((".py", ".ipynb", ".md")):
        suffix = name[name.index(".") :] if "." in name else ""
        shutil.copyfile(path, entry.with_name(entry.name + suffix))
        return
    entry.mkdir()
    for path, name in files:
        if path.is_dir():
            shutil.copytree(path, entry / name, symlinks=True)
        else:
            shutil.copyfile(path, entry / name, follow_symlinks=False)
