"""Makes the environment: `make`, or `python -m common.kit.set_up`. It runs before anything is installed.

A half-made environment is mended, uv is used where it is there, and a failure is told by its cause.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

CPU_BUILDS = "https://download.pytorch.org/whl/cpu"  # torch's publisher
SIGN_OF_LIFE = 30.0  # seconds
OLDEST_PIP = 22  # older ones do not know today's names of builds
TRUST = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")  # uv trusts what the system trusts, as pip does
NOT_TO_BE_HAD = (
    r"No matching distribution|No solution found|not a supported wheel|ResolutionImpossible"
)
CAUSES = (
    (r"No space left|Errno 28",
     "the disk is full: make room, or put it elsewhere: make VENV=/other/disk/venv"),
    (r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate",
     "a certificate is refused: behind a proxy of your institution, set PIP_CERT to its certificate "
     "(for uv SSL_CERT_FILE)"),
    (r"name resolution|getaddrinfo|NewConnectionError|Max retries|ProxyError|[Tt]imed out|"
     r"dns error|[Cc]onnection refused|error sending request",
     "the package index cannot be reached: is there a network? does it need HTTPS_PROXY?"),
    (r"Read-only file system|[Pp]ermission denied|Errno 13|Errno 30",
     "files cannot be written or run there: make VENV=/a/folder/of/yours"),
    (NOT_TO_BE_HAD,
     "a package has no build for this Python and machine: another Python may have one "
     "(make PYTHON=python3.12), and torch needs a 64-bit system"),
    (r"MemoryError|Cannot allocate memory|Killed", "there is too little memory: close other programs"),
    (r"ensurepip|python3?-venv",
     "Python has no venv: on Debian and Ubuntu, apt install python3-venv"),
)  # fmt: skip


class Failed(Exception):
    """A command that did not do its work; its text is what it said."""


def main() -> int:
    """Set up; 0, or 2 with the cause in a line."""
    parser = argparse.ArgumentParser(
        prog="python -m common.kit.set_up",
        description="Makes the environment that the kit runs in.",
        epilog="example:\n  python -m common.kit.set_up --torch cpu\nexit code: 0 it is ready, 2 it "
        "is not",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("venv", nargs="?", type=Path, default=Path(".venv"), help="where (.venv)")
    parser.add_argument(
        "--torch",
        choices=("default", "cpu"),
        default="default",
        help="cpu: the smaller build without CUDA, on Linux",
    )
    parser.add_argument(
        "--requirements",
        type=Path,
        default=Path("requirements.txt"),
        metavar="FILE",
        help="the packages to install (requirements.txt)",
    )
    parser.add_argument(
        "--constraints",
        default="constraints.txt",
        metavar="FILE",
        help="versions to take; empty: the newest that are allowed",
    )
    chosen = parser.parse_args()
    known = Path(chosen.constraints)
    limits = ["-c", str(known)] if chosen.constraints and known.is_file() else []
    try:
        python = make(chosen.venv)
        install(
            python, chosen.venv, ["-r", str(chosen.requirements)], limits, chosen.torch == "cpu"
        )
    except Failed as failure:
        print(f"error: {chosen.venv} could not be set up: {cause(str(failure))}", file=sys.stderr)
        return 2
    return 0


# --- the environment ----------------------------------------------------------------------------


def make(venv: Path) -> Path:
    """Make an environment, or mend one; return its Python.

    Raises:
        Failed: when it cannot be made.
    """
    python = _python_of(venv)
    if not _works([python, "-c", ""]):
        if (venv / "pyvenv.cfg").is_file():  # its Python is gone: links to it lead nowhere
            for old in python.parent.glob("python*"):
                old.unlink()
        _create(venv)
        if not _works([python, "-c", ""]):
            raise Failed(f"{python}: Permission denied to run it")
    return python


def _python_of(venv: Path) -> Path:
    windows = os.name == "nt"
    return venv / ("Scripts" if windows else "bin") / ("python.exe" if windows else "python")


def _create(venv: Path) -> None:
    """Make the environment by Python itself, which brings pip along, else by uv."""
    try:
        run_quietly([sys.executable, "-m", "venv", str(venv)])
    except Failed:
        if shutil.which("uv") is None:
            raise
        run_quietly(["uv", "venv", "--allow-existing", "--python", sys.executable, str(venv)])


# --- packages -----------------------------------------------------------------------------------


def install(python: Path, venv: Path, wanted: list[str], limits: list[str], cpu: bool) -> None:
    """Install what is missing: by uv where it is there, else by pip.

    Args:
        wanted: what is asked for, as options of pip.
        limits: versions to take, as options of pip; without them where they cannot be had.
        cpu: take torch's CPU build.

    Raises:
        Failed: when neither could.
    """
    by_pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if _works([*by_pip, "--no-index", *wanted]):
        return
    print(f"Setting up {venv} (once; a few minutes on a slow connection) ...", flush=True)
    ways = [by_pip]
    if shutil.which("uv"):
        for name in TRUST:
            os.environ.setdefault(name, "1")
        ways.insert(0, ["uv", "pip", "install", "--quiet", "--python", str(python)])
    for way in ways:
        try:
            if way is by_pip:
                have_pip(python)
            if cpu:
                _install_cpu_build(way, limits)
            _install(way, wanted, limits)
            return
        except Failed as failure:
            if way is ways[-1]:
                raise
            print(f"uv failed ({cause(str(failure))}); trying pip ...", flush=True)


def _install(way: list[str], wanted: list[str], limits: list[str]) -> None:
    try:
        run_quietly([*way, *wanted, *limits])
    except Failed as failure:
        if not limits or _is_of_the_machine(str(failure)):
            raise
        print(
            f"The versions in {limits[-1]} are not available; trying what {wanted[-1]} allows ...",
            flush=True,
        )
        run_quietly([*way, *wanted])


def _is_of_the_machine(failure: str) -> bool:
    """Whether other versions would fail as well: the disk is full, say."""
    return any(re.search(sign, failure) for sign, _ in CAUSES if sign != NOT_TO_BE_HAD)


def _install_cpu_build(way: list[str], limits: list[str]) -> None:
    if platform.system() != "Linux":
        print("The CPU build is the usual one on this system.")
        return
    _install(way, ["--index-url", CPU_BUILDS, "torch", "torchvision"], limits)


def have_pip(python: Path) -> None:
    """Put pip where it is missing, and a newer one where it is too old for today's packages."""
    version = output_of([python, "-m", "pip", "--version"])
    found = re.match(r"pip (\d+)", version)
    if found is None:
        run_quietly([str(python), "-m", "ensurepip"])
    elif int(found[1]) < OLDEST_PIP:
        _works([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"])


# --- commands, and what they say ----------------------------------------------------------------


def run_quietly(command: list[str]) -> None:
    """Run a command that says nothing when all is well.

    Raises:
        Failed: with all that it said.
    """
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    with process:
        said = _said_at_the_end(process)
    if process.returncode:
        ended = "Killed" if process.returncode == -9 else ""
        raise Failed(f"{said}\n{ended}".strip() or f"{command[0]} ended with an error")


def _said_at_the_end(process: subprocess.Popen) -> str:
    """Wait for a command, with a sign of life now and then; what it said."""
    began = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=SIGN_OF_LIFE)[0]
        except subprocess.TimeoutExpired:
            print(f"  still at work, {time.monotonic() - began:.0f} s so far ...", flush=True)


def _works(command: list) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def output_of(command: list) -> str:
    """Return what a command prints; "" when it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def cause(said: str) -> str:
    """Why a command failed, in a line: the cause where it is known, else the last line it said."""
    for words, meaning in CAUSES:
        if re.search(words, said):
            return meaning
    return said.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
