"""Names a file that hides a module of Python or of a package: `make` asks before anything else.

It imports nothing that such a file could hide: os and sys are there before the first line of ours.
"""

import os
import sys

PACKAGES = {
    "torch",
    "torchvision",
    "numpy",
    "matplotlib",
    "pytest",
    "rich",
    "jinja2",
    "markupsafe",
    "markdown_it",
    "latex2mathml",
    "PIL",
}


def complaint(folder: str) -> str:
    """Return the line to end with where a file or a package in this folder hides a module, or ""."""
    needed = PACKAGES | set(getattr(sys, "stdlib_module_names", ()))  # Python 3.9 has no list
    try:
        found = sorted(name for name in os.listdir(folder) if _module(folder, name) in needed)
    except OSError:
        return ""
    if not found:
        return ""
    return (
        f"error: {os.path.join(folder, found[0])} hides the module of that name, which is needed; "
        "rename or move it"
    )


def _module(folder: str, name: str) -> str:
    """Return the name by which Python would import a file or a folder, or ""."""
    if name.endswith(".py"):
        return name[:-3]
    return name if os.path.isfile(os.path.join(folder, name, "__init__.py")) else ""


def main() -> int:
    """Look at the folder that this is typed in; 0, or 2 with the file in a line."""
    said = complaint(os.getcwd())
    if said:
        print(said, file=sys.stderr)
    return 2 if said else 0


if __name__ == "__main__":
    sys.exit(main())
