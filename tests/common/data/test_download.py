"""Downloads from a server on this machine: cut off, resumed, spoiled, mirrored, on a full disk."""

import errno
import hashlib
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from common.data import __main__ as command
from common.data import cards, download, source
from common.errors import KitError

CONTENT = os.urandom(300_000)
RIGHT = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Site(BaseHTTPRequestHandler):
    """Serves CONTENT; `/once` is cut off the first time, `/always` every time, `/dead` is gone."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        if self.path == "/dead":
            return self.send_error(404)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if self.path == "/rigid":  # a server that knows no ranges
            start = 0
        if start >= len(CONTENT):
            return self.send_error(416)
        rest = b"other" * 60_000 if self.path == "/edited" else CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        cut = self.path == "/always" or (self.path in ("/once", "/rigid") and self.server.first())
        self.wfile.write(rest[: len(rest) // 2] if cut else rest)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def site(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked, times = [], []
    server.first = lambda: times.append(1) or len(times) == 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.delenv("KIT_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    yield server
    server.shutdown()
    server.server_close()


def fetch(site, folder, *names):
    return download.fetch([f"{site.url}/{name}" for name in names], folder / "file.zip", RIGHT)


def test_a_file_is_fetched_once(site, tmp_path):
    assert fetch(site, tmp_path, "whole").read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["file.zip"]
    fetch(site, tmp_path, "whole")
    assert len(site.asked) == 1


def test_what_was_cut_off_goes_on_where_it_ended(site, tmp_path):
    assert fetch(site, tmp_path, "once").read_bytes() == CONTENT
    assert site.asked == [("/once", None), ("/once", f"bytes={len(CONTENT) // 2}-")]


def test_a_server_without_ranges_begins_again(site, tmp_path):
    assert fetch(site, tmp_path, "rigid").read_bytes() == CONTENT


def test_a_later_call_goes_on_too(site, tmp_path):
    (tmp_path / ".file.zip.part").write_bytes(CONTENT[:1000])
    assert fetch(site, tmp_path, "whole").read_bytes() == CONTENT
    assert site.asked == [("/whole", "bytes=1000-")]


def test_too_long_a_beginning_is_thrown_away(site, tmp_path):
    (tmp_path / ".file.zip.part").write_bytes(CONTENT + b"more")
    assert fetch(site, tmp_path, "whole").read_bytes() == CONTENT


@pytest.mark.parametrize("first", ["dead", "edited", "always"])
def test_the_next_mirror_is_asked(site, tmp_path, first):
    assert fetch(site, tmp_path, first, "whole").read_bytes() == CONTENT


def test_a_mirror_that_is_not_there(site, tmp_path):
    urls = ["http://127.0.0.1:9/file.zip", f"{site.url}/whole"]
    assert download.reachable(urls) and not download.reachable(urls[:1])
    assert download.fetch(urls, tmp_path / "file.zip", RIGHT).read_bytes() == CONTENT


def test_another_checksum_keeps_nothing(site, tmp_path):
    with pytest.raises(KitError, match=r"gave a file with sha256 .* nothing was kept"):
        fetch(site, tmp_path, "edited")
    assert not list(tmp_path.iterdir())


def test_a_truncated_download_leaves_no_file_and_keeps_its_beginning(site, tmp_path):
    with pytest.raises(KitError, match=r"cannot download file\.zip"):
        fetch(site, tmp_path, "always")
    assert [p.name for p in tmp_path.iterdir()] == [".file.zip.part"]


def test_a_full_disk_is_named(site, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(KitError, match="disk is full; make room and type the same again"):
        fetch(site, tmp_path, "whole")


def test_a_disk_that_fills_up_on_the_way_is_named(site, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KitError, match="No space left on device; make room"):
        fetch(site, tmp_path, "whole")
    assert not (tmp_path / "file.zip").exists()


def test_offline_is_obeyed(site, tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_OFFLINE", "1")
    with pytest.raises(KitError, match="KIT_OFFLINE"):
        fetch(site, tmp_path, "whole")
    assert not site.asked and not download.reachable([site.url])


def test_every_card_is_whole():
    for card in cards.load_all().values():
        assert card.title and card.source and card.licence and card.homeworks, card.name
        assert card.made_here == bool(card.hard), card.name
        for file in card.files:
            assert file.bytes > 0 and file.checksums
            for checksum in file.checksums:
                algorithm, digest = checksum.split(":")
                assert len(digest) == 2 * hashlib.new(algorithm).digest_size
            assert all(url.startswith("https://") for url in file.urls)


@pytest.fixture
def one_set(site, tmp_path, monkeypatch):
    """A single data set, published on the server here."""
    path = tmp_path / "cards.toml"
    path.write_text(
        "[toys]\ntitle = 't'\nhomeworks = ['hw0']\nsource = 's'\nlicence = 'l'\n"
        f"[[toys.files]]\nname = 'file.zip'\nbytes = {len(CONTENT)}\n"
        f"checksums = ['{RIGHT}']\nurls = ['{site.url}/whole']\n"
    )
    monkeypatch.setattr(cards, "FILE", path)
    monkeypatch.setattr(source, "CACHE", tmp_path / "data")
    monkeypatch.delenv("KIT_DATA", raising=False)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["data", *arguments])
        return command.main()

    return run


def test_list_fetch_and_verify(one_set, tmp_path, capsys):
    assert (
        one_set() == 0 and "not here; python -m common.data fetch toys" in capsys.readouterr().out
    )
    assert one_set("verify", "toys") == 1
    assert one_set("fetch") == 0
    assert one_set("verify", "toys") == 0 and "as published" in capsys.readouterr().out
    file = tmp_path / "data" / "toys" / "file.zip"
    file.write_bytes(CONTENT[:-1])
    assert one_set("verify") == 1 and "is damaged: 299,999 bytes" in capsys.readouterr().out
    with pytest.raises(KitError, match="no data set 'nonsense'; choose one of toys"):
        one_set("fetch", "nonsense")


def test_one_form_of_a_file_is_enough(tmp_path, monkeypatch):
    files = [("a.pt", "x", ()), ("a.bin", "x", ("u",)), ("b.bin", "y", ("u",)), ("c", "", ("u",))]
    card = cards.Card(
        "toys",
        "",
        (),
        "",
        "",
        tuple(cards.DataFile(n, 1, ("sha256:" + "0" * 64,), u, form) for n, form, u in files),
    )
    monkeypatch.setenv("KIT_DATA", str(tmp_path))
    (tmp_path / "toys").mkdir()
    for name in ("a.pt", "b.bin"):
        (tmp_path / "toys" / name).write_text("?")
    assert [file.name for file in command.missing(card)] == ["c"]
    faults = list(command.differences(card))
    assert len(faults) == 3 and faults[-1] == "c is missing"
    (tmp_path / "toys" / "a.pt").unlink()
    assert [file.name for file in command.missing(card)] == ["a.bin", "c"]
