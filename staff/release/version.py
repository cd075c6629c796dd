"""`python -m staff next-version`: a corrected release has a version of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from common.homework import ROOT
from common.kit.version import kit_version
from staff import command

EXAMPLE = """example:
  python -m staff next-version           1.2.0 → 1.2.1, for a correction
  python -m staff next-version minor     1.2.0 → 1.3.0, for another term
Then commit, and `make release`."""
PARTS = ("major", "minor", "patch")
UNRELEASED = "## Unreleased\n"
_VERSION = re.compile(r'^(version(?: = "|: ))\d+\.\d+\.\d+', re.M)


def main(argv: list[str]) -> int:
    """Write the next version wherever it stands; say it."""
    options = command.parser("next-version", __doc__, EXAMPLE)
    options.add_argument(
        "part", nargs="?", choices=PARTS, default="patch", help="the part that grows (patch)"
    )
    texts = with_next_version(ROOT, options.parse_args(argv).part)
    for path, text in texts.items():
        write_text(path, text)
        print(path.relative_to(ROOT))
    print(f"version {kit_version(ROOT)}; look at: git diff")
    return 0


def with_next_version(root: Path, part: str) -> dict[Path, str]:
    """Return every file that names the version, with its text for the next one.

    Args:
        part: which of `PARTS` grows by one; those after it become 0.

    Raises:
        KitError: when a file does not name the version, or CHANGELOG.md has no place for it.
    """
    version = _next(kit_version(root), part)
    files = (root / "pyproject.toml", root / "CITATION.cff")
    texts = {}
    for path in files:
        texts[path], replaced = _VERSION.subn(
            rf"\g<1>{version}", path.read_text(encoding="utf-8"), count=1
        )
        if not replaced:
            raise KitError(f"{path.name} has no line with a version such as {version}")
    changes = root / "CHANGELOG.md"
    before, heading, after = changes.read_text(encoding="utf-8").partition(UNRELEASED)
    if not heading:
        raise KitError(
            f"{changes.name} has no line {UNRELEASED.strip()!r}; write it above the changes"
        )
    title = f"\n## {version} ({datetime.now(UTC):%Y-%m})\n"
    return {**texts, changes: before + heading + title + after}


def _next(version: str, part: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise KitError(
            f"pyproject.toml has version {version!r}; write it with three numbers: 1.2.0"
        )
    numbers = [int(number) for number in version.split(".")]
    place = PARTS.index(part)
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1, *[0] * (2 - place)]))
