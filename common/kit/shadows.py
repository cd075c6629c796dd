"""Find files such as random.py that hide a module of Python or of a package; `make` runs it first.

It imports only os and sys, which no such file can hide: Python has loaded them before it reads ours.
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
    """Return the error message for the first file or package in a folder that hides a module, or ""."""
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
    """Return the name under which Python would import a file or a folder, or "" if it cannot."""
    if name.endswith(".py"):
        return name[:-3]
    return name if os.path.isfile(os.path.join(folder, name, "__init__.py")) else ""


def main() -> int:
    """Check the current folder: return 0, or print the file that hides a module and return 2."""
    said = complaint(os.getcwd())
    if said:
        print(said, file=sys.stderr)
    return 2 if said else 0


if __name__ == "__main__":
    sys.exit(main())
