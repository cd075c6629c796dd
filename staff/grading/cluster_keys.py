"""`python -m staff cluster-keys DIR`: what the machines of a cluster know one another by.

A Dask scheduler takes tasks from everybody who reaches it, on machines that hold secrets. With these files
each side of a connection shows the certificate, which is its own authority: who lacks the key is refused.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common.errors import KitError
from staff import command

CERTIFICATE, KEY = "cluster.pem", "cluster.key"
DAYS = 400  # longer than a term
EXAMPLE = """example:
  python -m staff cluster-keys private/cluster
Copy DIR to every machine, to be read by you alone, and give its files to scheduler and workers as the last
lines say; then: python -m staff grade FOLDER --hw hw1 --scheduler tls://HOST:8786 --tls DIR"""


def main(argv: list[str]) -> int:
    """Make the files; say how to start scheduler and workers."""
    options = command.parser("cluster-keys", __doc__.partition("\n\n")[2], EXAMPLE)
    options.add_argument("folder", type=Path, metavar="DIR", help="made for the keys")
    folder = options.parse_args(argv).folder
    make(folder)
    files = f"--tls-ca-file {folder / CERTIFICATE} --tls-cert {folder / CERTIFICATE} --tls-key {folder / KEY}"
    print(
        f"{folder / CERTIFICATE}, {folder / KEY}: good for {DAYS} days\nstart, in this folder:\n"
        f"  PYTHONPATH=. dask scheduler --protocol tls {files}\n"
        f"  PYTHONPATH=. dask worker tls://HOST:8786 --nthreads 1 {files}"
    )
    return 0


def make(folder: Path) -> None:
    """Write a certificate and its key.

    Raises:
        KitError: when they are there already, or cannot be made.
    """
    if any((folder / name).exists() for name in (CERTIFICATE, KEY)):
        raise KitError(f"{folder} holds keys already: delete them first, or name another folder")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.which("openssl") is None:
        raise KitError(
            "cluster-keys needs the program openssl; install it with your system's packages"
        )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
        done = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", str(DAYS), "-subj",
             "/CN=homework-grading", "-keyout", KEY, "-out", CERTIFICATE],
            cwd=place, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise KitError(f"openssl made no keys: {done.stderr.strip().splitlines()[-1]}")
        for name in (KEY, CERTIFICATE):
            (Path(place) / name).chmod(0o600)
            os.replace(Path(place) / name, folder / name)


def security(address: str, folder: Path | None) -> Any:
    """Return what a client of this scheduler connects with; None for plain tcp.

    Raises:
        KitError: when the address is another machine's and plain, or the files are missing.
    """
    if not address.startswith("tls://"):
        require_here(address)
        return None
    if folder is None or not all((folder / name).is_file() for name in (CERTIFICATE, KEY)):
        raise KitError(
            f"{address} needs --tls DIR with {CERTIFICATE} and {KEY}; make them with: "
            "python -m staff cluster-keys DIR"
        )
    from distributed.security import Security

    files = {"tls_client_cert": str(folder / CERTIFICATE), "tls_client_key": str(folder / KEY)}
    return Security(tls_ca_file=str(folder / CERTIFICATE), require_encryption=True, **files)


def require_here(address: str) -> None:
    """Refuse a plain address that others can reach.

    Raises:
        KitError: when it is not on the loopback.
    """
    host = urlsplit(address if "://" in address else f"tcp://{address}").hostname or ""
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise KitError(
            f"{address} is plain tcp, and whoever reaches it can run programs where your secrets are: "
            "start it with --host 127.0.0.1, or use TLS (python -m staff cluster-keys DIR)"
        )
