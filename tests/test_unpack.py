"""What is handed in: everything students really upload is taken, everything unsafe refused."""

import os
import shutil
import stat
import zipfile

import pytest

from autograder import submit
from common import homework as homeworks
from staff.grading import unpack
from staff.grading.unpack import Refused, accept

HOMEWORK = homeworks.load("hw1")
GOOD = {name: f"# {name}\n".encode() for name in HOMEWORK.files}


def zipped(path, files, **how):
    """A zip of name → bytes; a ZipInfo as a name carries its own attributes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data, **how)
    return path


def take(source, tmp_path):
    target = tmp_path / "taken"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    return accept(source, target, HOMEWORK)


def under(prefix):
    return {prefix + name: data for name, data in GOOD.items()}


MAC = {"__MACOSX/hw1/._mann.py": b"\0\5\x16\7", "hw1/.DS_Store": b"x", "hw1/": b""}
TAKEN = {
    "flat": GOOD,
    "in hw1/": under("hw1/"),
    "in a folder of any name": under("my homework (final)/"),
    "deep": under("a/b/c/hw1/"),
    "made by Finder": MAC | under("hw1/"),
    "with other files": GOOD | {"notes.txt": b"x", "figures/a.png": b"y", "mann.pyc": b"z"},
    "with a carriage return at line ends": {n: d.replace(b"\n", b"\r\n") for n, d in GOOD.items()},
    "with a byte-order mark": {n: b"\xef\xbb\xbf" + d for n, d in GOOD.items()},
    "the whole kit": under("kit/hw1/") | {"kit/hw2/mann.py": b"other", "kit/README.md": b""},
    "with an environment": GOOD | {".venv/lib/mann.py": b"other", "venv/sampling.py": b"other"},
    "with an older copy, deeper": under("hw1/") | {"hw1/old/mann.py": b"other"},
}


@pytest.mark.parametrize("files", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_what_students_upload_is_taken(files, form, tmp_path):
    source = zipped(tmp_path / "ada.zip", files)
    if form == "folder":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(tmp_path / "ada")
        source = tmp_path / "ada"
    taken = take(source, tmp_path)
    for name in HOMEWORK.files:
        data = (taken.folder / name).read_bytes()
        assert data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n") == GOOD[name]
    assert {p.name for p in taken.folder.iterdir()} == set(HOMEWORK.files)


def test_made_by_explorer_is_taken(tmp_path):
    """No attributes of Unix, another system's mark, stored without compression."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in under("hw1/").items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 0, 0x20
            archive.writestr(info, data)
    assert take(tmp_path / "a.zip", tmp_path).folder


def test_a_zip_in_a_folder_is_taken(tmp_path):
    (tmp_path / "up").mkdir()
    zipped(tmp_path / "up" / "hw1.zip", under("hw1/"))
    assert (take(tmp_path / "up", tmp_path).folder / "mann.py").is_file()


def test_what_submit_packs_is_taken_with_its_runs(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name in submit.RUN_FILES:
        (run / name).write_text(name)
    manifest, contents = submit.collect(HOMEWORK, {"1-shot-2-way": run})
    manifest |= {"signed": True, "name": "Ada", "collaborators": ["Bob"], "score": 3}
    submit.write_zip(tmp_path / "a.zip", contents, manifest)
    taken = take(tmp_path / "a.zip", tmp_path)
    assert taken.notes == []
    assert taken.manifest["collaborators"] == ["Bob"]
    assert (taken.folder / "runs/1-shot-2-way/checkpoint.pt").read_text() == "checkpoint.pt"

    submit.write_zip(tmp_path / "b.zip", contents | {"mann.py": b"# later\n"}, manifest)
    changed = take(tmp_path / "b.zip", tmp_path)
    assert [note.text for note in changed.notes] == ["mann.py was changed after packing"]
    assert changed.digest != taken.digest


def test_runs_as_train_leaves_them_are_taken(tmp_path):
    files = under("kit/hw1/") | {"kit/runs/hw1/1-shot-2-way-seed0/config.json": b"{}"}
    taken = take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert (taken.folder / "runs/1-shot-2-way/config.json").read_bytes() == b"{}"


def test_a_missing_file_is_a_note_with_what_was_probably_meant(tmp_path):
    files = {"sampling.py": b"", "transformer.py": b"", "mann (1).py": b""}
    notes = take(zipped(tmp_path / "a.zip", files), tmp_path).notes
    assert notes[0].text == "mann.py is missing (there is mann (1).py)"


def link(name, to):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return [(info, to), *GOOD.items()]


def fifo(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFIFO | 0o666) << 16
    return [(info, b""), *GOOD.items()]


REFUSED = {
    "slip": (GOOD | {"../evil.py": b""}, "outside"),
    "slip inside": (GOOD | {"a/../../evil.py": b""}, "outside"),
    "absolute": (GOOD | {"/etc/evil": b""}, "outside"),
    "a drive": (GOOD | {"C:/evil": b""}, "outside"),
    "backslashes": (GOOD | {"..\\evil.py": b""}, "outside"),
    "a link": (link("secret", b"/etc/passwd"), "a link or a device"),
    "a link in place of a file": (link("hw1/mann.py", b"../../x"), "a link or a device"),
    "a pipe": (fifo("mann.fifo"), "a link or a device"),
    "case collision": (GOOD | {"Mann.py": b""}, "the same name"),
    "compatible characters": (GOOD | {"\uff4dann.py": b""}, "the same name"),
    "twice": ([*GOOD.items(), ("mann.py", b"other")], "the same name"),
    "a bomb": (GOOD | {"zeros.bin": bytes(50 * 2**20)}, "almost nothing"),
    "a huge source": (GOOD | {"mann.py": os.urandom(2**20 + 1)}, "larger than 1 MB"),
    "many entries": (GOOD | {f"d/{n}": b"" for n in range(unpack.MOST_ENTRIES)}, "entries"),
    "nothing of it": ({"essay.txt": b""}, "holds none of the files of hw1: sampling.py"),
    "nothing at all": ({}, "holds none of the files"),
    "two of them": (under("one/hw1/") | under("two/hw1/"), "both hold files"),
    "a deep name": (GOOD | {"d/" * 30 + "x": b""}, "cannot be used"),
}


@pytest.mark.parametrize("files, told", REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_unsafe_is_refused_with_a_reason(files, told, tmp_path):
    with pytest.raises(Refused, match=told):
        take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert not list(tmp_path.parent.glob("evil*")) and not list(tmp_path.glob("evil*"))


def test_a_size_that_lies_is_refused(tmp_path):
    """The header says 10 bytes, the stream holds two megabytes."""
    path = zipped(tmp_path / "a.zip", GOOD | {"mann.py": os.urandom(2 * 2**20)})
    data = path.read_bytes().replace((2 * 2**20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(Refused):
        take(path, tmp_path)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", GOOD)
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\1\2", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    path.write_bytes(data)
    with pytest.raises(Refused, match="encrypted"):
        take(path, tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK\3\4 cut", b"Rar!\x1a\7", os.urandom(500)])
def test_what_is_no_zip_is_refused(data, tmp_path):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(Refused, match="no zip that can be read"):
        take(tmp_path / "a.zip", tmp_path)


def test_a_damaged_member_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {n: os.urandom(3000) for n in GOOD})
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(Refused):
        take(path, tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
def test_links_and_pipes_in_a_folder_are_refused(tmp_path):
    folder = tmp_path / "ada"
    folder.mkdir()
    for name, data in GOOD.items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refused, match="a link or a device"):
        take(folder, tmp_path)
    (folder / "pipe").unlink()
    (folder / "up").symlink_to("..")
    with pytest.raises(Refused, match="a link or a device"):
        take(folder, tmp_path)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Refused, match="it is a link"):
        take(tmp_path / "link", tmp_path)


BAD_MANIFESTS = [b"{", b"[]", b"{}", b'{"files": 3}', b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("data", BAD_MANIFESTS, ids=range(len(BAD_MANIFESTS)))
def test_a_bad_manifest_is_a_note(data, tmp_path):
    taken = take(zipped(tmp_path / "a.zip", GOOD | {"manifest.json": data}), tmp_path)
    assert [note.text for note in taken.notes] == ["its manifest cannot be read"]
