"""What is handed in: everything students really upload is taken, everything unsafe refused."""

import io
import json
import os
import shutil
import stat
import struct
import tarfile
import zipfile

import pytest

from autograder import submit
from common import homework as homeworks
from staff.grading import archives
from staff.grading.archives import Refused
from staff.grading.unpack import accept

HOMEWORK = homeworks.load("hw1")
GOOD = {name: f"# {name}\n".encode() for name in HOMEWORK.files}


def zipped(path, files, **how):
    """A zip of name → bytes; a ZipInfo as a name carries its own attributes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data, **how)
    return path


def nested(files):
    """The bytes of a zip."""
    with io.BytesIO() as stream:
        zipped(stream, files)
        return stream.getvalue()


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
    "a zip in a zip": {"hw1.zip": nested(under("hw1/"))},
    "a zip in a zip in a zip": {"a/b.zip": nested({"hw1.zip": nested(GOOD)}), "a/readme.txt": b""},
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


def tarred(path, files, mode="w:gz"):
    """A tar archive of name → bytes; a TarInfo as a name carries its own attributes."""
    with tarfile.open(path, mode) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = info.size or len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("files", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize(
    "name, mode",
    [
        ("a.tgz", "w:gz"),
        ("a.tar.gz", "w:gz"),
        ("a.tar", "w"),
        ("a.tar.bz2", "w:bz2"),
        ("a.tar.xz", "w:xz"),
    ],
)
def test_a_tar_archive_is_taken(files, name, mode, tmp_path):
    files = {name: data for name, data in files.items() if not name.endswith("/")}
    taken = take(tarred(tmp_path / name, files, mode), tmp_path)
    assert {p.name for p in taken.folder.iterdir()} == set(HOMEWORK.files)


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("prefix", ["./", "hw1//", "./hw1/./", ".//"])
def test_names_are_read_in_one_form(pack, prefix, tmp_path):
    taken = take(pack(tmp_path / "a.zip", under(prefix)), tmp_path)
    assert {p.name for p in taken.folder.iterdir()} == set(HOMEWORK.files)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_name_that_no_disk_can_hold_is_left_out(pack, tmp_path):
    long = {"h" * 300 + ".py": b"x", "é" * 200 + ".py": b"x"}
    taken = take(pack(tmp_path / "a.zip", GOOD | long), tmp_path)
    assert {p.name for p in taken.folder.iterdir()} == set(HOMEWORK.files)
    assert "a name of endless length" in taken.notes[0].text


@pytest.mark.parametrize("first", ["runs/a.json", "runs/a.json/config.json"])
def test_a_name_that_is_a_file_and_a_folder_costs_itself_alone(first, tmp_path):
    names = {first: b"{}", "runs/a.json": b"{}", "runs/a.json/config.json": b"{}"}
    taken = take(zipped(tmp_path / "a.zip", GOOD | names), tmp_path)
    assert {*HOMEWORK.files, "runs"} == {p.name for p in taken.folder.iterdir()}
    assert any("is a file as well as a folder" in note.text for note in taken.notes)


@pytest.mark.parametrize("time", ["nan", "1e999", "-1e300", "1e18", "0x10"])
def test_a_time_that_no_clock_shows_costs_nothing(time, tmp_path):
    odd = tarfile.TarInfo("a.py")
    odd.pax_headers = {"mtime": time}
    taken = take(tarred(tmp_path / "a.tgz", [*GOOD.items(), (odd, b"x")]), tmp_path)
    assert {*HOMEWORK.files, "a.py"} == {p.name for p in taken.folder.iterdir()}


def test_a_reason_names_no_place_of_the_grader(tmp_path, monkeypatch):
    def full(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(archives.zipfile, "ZipFile", full)
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(Refused) as refusal:
        take(tmp_path / "a.zip", tmp_path)
    assert "Permission denied" in str(refusal.value) and str(tmp_path) not in str(refusal.value)


def test_a_zip_made_by_powershell_is_taken(tmp_path):
    files = {f"hw1\\{name}": data for name, data in GOOD.items()} | {"hw1\\runs\\": b""}
    taken = take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert {p.name for p in taken.folder.iterdir()} == set(HOMEWORK.files)


def test_an_environment_that_was_zipped_along_is_left_out(tmp_path):
    """Its links, its number of files, its sizes: none of them matters."""
    many = {f".venv/lib/site-packages/p/{n}.py": b"" for n in range(archives.MOST_ENTRIES + 1)}
    inside = [
        *link(".venv/bin/python", b"/usr/bin/python3"),
        *link("venv/bin/python", b"x")[:1],
        *many.items(),
    ]
    assert take(zipped(tmp_path / "a.zip", inside), tmp_path).notes[-1].kind == "no manifest"


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_folders_without_end_are_left_out_with_a_note(form, tmp_path):
    deep = {f"{'d/' * depth}x": b"" for depth in range(10, 60)}
    source = zipped(tmp_path / "a.zip", GOOD | deep)
    if form == "folder":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(tmp_path / "a")
        source = tmp_path / "a"
    note = take(source, tmp_path).notes[0]
    assert note.kind == "left out" and "nested deeper than 20 folders" in note.text


def test_a_file_of_a_run_that_is_too_large_is_left_out_alone(tmp_path):
    files = GOOD | {"writeup.md": os.urandom(2**20 + 1), "diagnosis.toml": b"x"}
    taken = take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert taken.notes[0].text == "writeup.md is larger than 1 MB, and was left out"
    assert not (taken.folder / "writeup.md").exists()
    assert (taken.folder / "diagnosis.toml").exists()


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


def test_files_under_other_names_and_modules_beside_them_are_unpacked(tmp_path):
    """Which of them count is decided where they are judged."""
    files = dict.fromkeys(("sampling.py", "mann (1).py", "helpers.py", "notes.txt"), b"")
    taken = take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert {path.name for path in taken.folder.iterdir()} == files.keys() - {"notes.txt"}


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
    "huge sources": ({"mann.py": os.urandom(2**20 + 1)}, "larger than 1 MB"),
    "many entries": (GOOD | {f"d/{n}": b"" for n in range(archives.MOST_ENTRIES)}, "entries"),
    "nothing of it": ({"essay.txt": b""}, "holds none of the files of hw1: sampling.py"),
    "nothing at all": ({}, "holds none of the files"),
    "two of them": (under("one/hw1/") | under("two/hw1/"), "both hold files"),
    "a zip in a zip in a zip in a zip": (
        {"a.zip": nested({"b.zip": nested({"c.zip": nested(GOOD)})})},
        "one in another",
    ),
    "two zips": ({"a.zip": nested(GOOD), "b.zip": nested(GOOD)}, "holds none of the files"),
}


@pytest.mark.parametrize("files, told", REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_unsafe_is_refused_with_a_reason(files, told, tmp_path):
    with pytest.raises(Refused, match=told):
        take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert not list(tmp_path.parent.glob("evil*")) and not list(tmp_path.glob("evil*"))


@pytest.mark.parametrize("zip64", [False, True])
def test_a_list_of_entries_without_end_is_not_read(zip64, tmp_path):
    """A few hundred entries a kilobyte, all of one byte: each would be an object in memory."""
    size, count = archives.MOST_DIRECTORY + 1, 0xFFFF
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, 0xFFFFFFFF if zip64 else size, 0, 0
    )
    if zip64:
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0)
        end = record + struct.pack("<4sLQL", b"PK\6\7", 0, size, 1) + end
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\3\4" + bytes(size - 4) + end)
    with pytest.raises(Refused, match="its list of files is longer than 16 MB"):
        accept(path, tmp_path, HOMEWORK)


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


OTHER_KINDS = {
    "an empty file": ("a.zip", b"", "it is an empty file"),
    "a zip cut off": ("a.zip", b"PK\3\4 cut", "no zip that can be read"),
    "a rar called zip": ("a.zip", b"Rar!\x1a\7\0", "it is a RAR archive"),
    "a rar": ("a.rar", b"Rar!\x1a\7\0", "it is a RAR archive"),
    "a 7z": ("a.7z", b"7z\xbc\xaf\x27\x1c\0", "it is a 7-Zip archive"),
    "a bare file": ("mann.py", b"import torch\n", "it is a single Python file"),
    "a notebook": ("a.ipynb", b"{}", "it is a notebook"),
    "a pdf": ("a.zip", b"%PDF-1.7\n", "it is a PDF"),
    "a letter": ("a.doc", b"Dear all", "a file of the kind .doc"),
    "noise": ("a.zip", os.urandom(500), "no zip that can be read"),
    "a tar cut off": ("a.tgz", b"\x1f\x8b\x08 cut", "no zip that can be read"),
    "an xz of noise": ("a.tar.xz", b"\xfd7zXZ\x00" + bytes(90), "no zip that can be read"),
    "a zip that is empty": ("a.zip", b"PK\5\6" + bytes(18), "holds none of the files"),
    "a tar that is empty": ("a.tar", b"x" * 257 + b"ustar" + bytes(762), "no zip that can be read"),
}


@pytest.mark.parametrize("name, data, told", OTHER_KINDS.values(), ids=OTHER_KINDS)
def test_what_is_no_zip_is_refused_by_what_it_is(name, data, told, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refused, match=told):
        take(tmp_path / name, tmp_path)


def member(name, kind=tarfile.REGTYPE, size=0, to=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, to
    return info


BAD_TARS = {
    "slip": ([("../evil.py", b"")], "outside"),
    "absolute": ([("/etc/evil", b"")], "outside"),
    "a link": ([(member("mann.py", tarfile.SYMTYPE, to="/etc/passwd"), b"")], "a link or a device"),
    "a hard link": ([(member("mann.py", tarfile.LNKTYPE, to="x"), b"")], "a link or a device"),
    "a device": ([(member("mann.py", tarfile.CHRTYPE), b"")], "a link or a device"),
    "a bomb": ([("zeros.bin", bytes(300 * 2**20))], "unpacks to more than"),
}


@pytest.mark.parametrize("files, told", BAD_TARS.values(), ids=BAD_TARS)
def test_an_unsafe_tar_is_refused(files, told, tmp_path):
    with pytest.raises(Refused, match=told):
        take(tarred(tmp_path / "a.tgz", [*GOOD.items(), *files]), tmp_path)


def test_a_tar_that_goes_backward_ends(tmp_path):
    """A size below 0 sends a reader back to where it was."""
    path = tarred(tmp_path / "a.tar", GOOD | {"last": b""}, "w")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"last\0")
    size = b"\xff" * 8 + (-2560).to_bytes(4, "big", signed=True)
    data[at + 124 : at + 136] = size
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    path.write_bytes(data)
    try:
        take(path, tmp_path)
    except Refused as refusal:
        assert "in order" in str(refusal) or "can be read" in str(refusal)


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


BAD_MANIFESTS = [
    b"{",
    b"[]",
    b"{}",
    b'{"files": 3}',
    b"\xff",
    b"[" * 100_000,
    b"3",
    b"null",
    b'{"files": {"a": ["deep"]}}',
    b'{"files": {"' + b"n" * 1000 + b'": "x"}}',
    b'{"files":' + b"1" * 5000 + b"}",
]


@pytest.mark.parametrize("data", BAD_MANIFESTS, ids=range(len(BAD_MANIFESTS)))
def test_a_bad_manifest_is_a_note(data, tmp_path):
    taken = take(zipped(tmp_path / "a.zip", GOOD | {"manifest.json": data}), tmp_path)
    assert [note.text for note in taken.notes] == ["its manifest cannot be read"]


BAD_FIELDS = {
    "score": ["1", [], {}, 1e308, -1, True],
    "signed": [1, "true", [], {"a": 1}],
    "name": [3, [], {}, "n" * 10**5],
    "collaborators": ["Bob", {"a": 1}, [3], ["x"] * 1000, [["Bob"]], ["b" * 1000]],
    "kit": [2, ["1.0"], "k" * 10**4],
}


@pytest.mark.parametrize(
    "key, value", [(key, value) for key, values in BAD_FIELDS.items() for value in values]
)
def test_a_field_of_another_shape_is_left_out_with_a_note(key, value, tmp_path):
    manifest = {"files": {}, "signed": True, "name": "Ada", key: value}
    files = GOOD | {"manifest.json": json.dumps(manifest).encode()}
    taken = take(zipped(tmp_path / "a.zip", files), tmp_path)
    assert taken.manifest[key] is None
    assert f"its manifest holds no sound {key}" in [note.text for note in taken.notes]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 300])
def test_a_number_that_is_none_is_no_score(number, tmp_path):
    text = f'{{"files": {{}}, "signed": true, "score": {number}}}'
    taken = take(zipped(tmp_path / "a.zip", GOOD | {"manifest.json": text.encode()}), tmp_path)
    assert taken.manifest["score"] is None
    assert taken.manifest["signed"] is True
    json.dumps(taken.manifest, allow_nan=False)


def test_half_a_letter_is_no_name(tmp_path):
    text = b'{"files": {}, "signed": true, "name": "\\ud800", "collaborators": ["a\\udfff"]}'
    taken = take(zipped(tmp_path / "a.zip", GOOD | {"manifest.json": text}), tmp_path)
    assert (taken.manifest["name"], taken.manifest["collaborators"]) == ("?", ["a?"])


GUESSED = [
    "/etc/passwd",
    "/proc/self/mem",
    "/proc/kmsg",
    "../mann.py",
    "./mann.py",
    "a/../mann.py",
    "//etc/passwd",
    "runs/../mann.py",
    "mann.py/",
    "\u202emann.py",
]


def test_names_in_a_manifest_open_nothing_and_tell_nothing(tmp_path, monkeypatch):
    manifest = {"files": dict.fromkeys(GUESSED, "0" * 64), "signed": True}
    files = GOOD | {"manifest.json": json.dumps(manifest).encode()}
    source = zipped(tmp_path / "a.zip", files)
    seen, real = [], os.open
    monkeypatch.setattr(
        os, "open", lambda path, *rest, **more: (seen.append(path), real(path, *rest, **more))[1]
    )
    assert take(source, tmp_path).notes == []
    assert not [p for p in seen if "etc" in str(p) or "proc" in str(p) or ".." in str(p)]
