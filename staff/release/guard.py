"""Before a push: refuse to bring the solutions into a repository that anybody can read.

`.venv/bin/pre-commit install --hook-type pre-push` sets it up; git then asks it before every push.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from common.homework import ROOT

SECRET = "staff/solutions"
SECONDS = 30
_SSH = re.compile(r"(?:ssh://)?(?:[^@/]+@)(?P<host>[^:/]+)(?::\d+/|[:/])(?P<path>.+)")


def main() -> int:
    """Whether the push that is about to happen may: 0, or 1 with the reason."""
    url = os.environ.get("PRE_COMMIT_REMOTE_URL", "")
    if url and holds_solutions(ROOT) and anybody_reads(url):
        print(
            f"refused: anybody can read {url}, and this tree holds {SECRET}.\n"
            "Make that repository private, or push what `python -m staff release --git DIR` makes.",
            file=sys.stderr,
        )
        return 1
    return 0


def holds_solutions(root: Path) -> bool:
    """Whether git knows a file of the solutions in this tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--", SECRET], cwd=root, capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip())


def anybody_reads(url: str) -> bool:
    """Whether a remote answers without a name, a key or a password.

    One that does not answer is taken to be private: nobody can read it from here.
    """
    if found := _SSH.fullmatch(url):
        url = f"https://{found['host']}/{found['path']}"
    if not url.startswith(("http://", "https://")):
        return False  # a folder of this machine
    nobody = {
        "PATH": os.environ.get("PATH", ""),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": os.devnull,
    }
    try:
        asked = subprocess.run(
            ["git", "ls-remote", url], env=nobody, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
