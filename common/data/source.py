"""Where a data set comes from: `--data`, `KIT_DATA`, the kit's cache, the network, or a stand-in."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path

from rich.progress import Progress

from common.errors import KitError
from common.files import replacing

CACHE = Path(__file__).resolve().parents[2] / "data"  # in the kit's own folder, ignored by git
CONNECT_SECONDS = 5
TRIES = 2


def folders(name: str, data: str | None) -> list[Path]:
    """Folders that may hold the data set, the one that was named first.

    Args:
        name: the data set's folder, such as "omniglot".
        data: what `--data` said: a folder (which holds `name`, or is it), or None.

    Raises:
        KitError: when `--data` or `KIT_DATA` names a folder that is not there.
    """
    if data is not None:
        root = Path(data).expanduser()
        if not root.is_dir():
            raise KitError(f"--data {data}: there is no such folder or source")
        return [root / name, root]
    found = []
    if kit_data := os.environ.get("KIT_DATA"):
        root = Path(kit_data).expanduser()
        if not root.is_dir():
            raise KitError(f"KIT_DATA={kit_data}: there is no such folder; correct it or unset it")
        found.append(root / name)
    return [*found, CACHE / name]


def offline() -> bool:
    """Whether the network may not be used (KIT_OFFLINE=1)."""
    return os.environ.get("KIT_OFFLINE", "") not in ("", "0")


def reachable(host: str, port: int = 443) -> bool:
    """Whether a host answers within a few seconds; never raises."""
    if offline():
        return False
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
        return True
    except OSError:
        return False


def download(url: str, path: Path, checksum: str, algorithm: str = "sha256") -> Path:
    """Fetch a file unless it is there; verify it; put it in place only when it is whole.

    Args:
        checksum: what the file's digest must be.

    Raises:
        KitError: no network, a server's refusal, or a file with another checksum.
    """
    if path.is_file():
        return path
    if offline():
        raise KitError(
            f"{path.name} is not on disk and KIT_OFFLINE is set; name it with --data DIR"
        )
    for attempt in range(TRIES):
        try:
            with replacing(path) as temporary:
                found = _fetch(url, temporary, path.name, algorithm)
                if found != checksum:
                    raise KitError(
                        f"{url} gave a file with {algorithm} {found[:12]}…, expected "
                        f"{checksum[:12]}…; nothing was kept. Try again, or fetch it by hand."
                    )
            return path
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
            if attempt == TRIES - 1:
                reason = getattr(error, "reason", error)
                raise KitError(f"cannot download {url}: {reason}; is there a network?") from None
    raise AssertionError("not reached")


def _fetch(url: str, target: Path, title: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm)
    with (
        urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer,
        target.open("wb") as file,
        Progress(transient=True) as bar,
    ):
        size = int(answer.headers.get("Content-Length", 0)) or None
        row = bar.add_task(f"downloading {title}", total=size)
        while piece := answer.read(2**16):
            file.write(piece)
            digest.update(piece)
            bar.advance(row, len(piece))
    return digest.hexdigest()
