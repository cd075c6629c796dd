"""What may be public: no solutions go to a remote that anybody can read."""

import functools
import http.server
import subprocess
import threading

import pytest

from common.homework import ROOT
from staff.release import guard


@pytest.fixture
def public(tmp_path):
    """The URL of a repository that is served to everybody."""
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "kit.git"], check=True)
    subprocess.run(["git", "update-server-info"], cwd=tmp_path / "kit.git", check=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/kit.git"
        server.shutdown()


def test_a_push_of_the_solutions_to_everybody_is_refused(public, monkeypatch, capsys):
    assert guard.holds_solutions(ROOT)
    monkeypatch.setenv("PRE_COMMIT_REMOTE_URL", public)
    assert guard.main() == 1
    assert "refused" in capsys.readouterr().err


def test_a_tree_without_solutions_may_be_pushed(public, monkeypatch):
    monkeypatch.setenv("PRE_COMMIT_REMOTE_URL", public)
    monkeypatch.setattr(guard, "holds_solutions", lambda root: False)
    assert guard.main() == 0


def test_what_nobody_can_read_is_private(public, tmp_path):
    assert not guard.anybody_reads(public.replace("kit.git", "other.git"))
    assert not guard.anybody_reads(str(tmp_path)) and not guard.anybody_reads(f"file://{tmp_path}")


@pytest.mark.parametrize(
    "url",
    [
        "git@host.example:course/kit.git",
        "ssh://git@host.example:22/course/kit.git",
        "ssh://git@host.example/course/kit.git",
    ],
)
def test_an_address_for_keys_is_asked_without_one(url, monkeypatch):
    asked = []

    def run(command, **options):
        asked.append(command[-1])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(guard.subprocess, "run", run)
    assert guard.anybody_reads(url) and asked == ["https://host.example/course/kit.git"]
