"""What every homework is given. Nothing here imports anything else of ours."""

import sys as _sys

_PACKAGES = {
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


def _refuse_shadows() -> None:
    """End with one line where a file such as random.py hides a module that Python or the kit needs."""
    import os

    folder = _sys.path[0] or os.getcwd()
    needed = _sys.stdlib_module_names | _PACKAGES
    try:
        found = sorted(
            name for name in os.listdir(folder) if name.endswith(".py") and name[:-3] in needed
        )
    except OSError:
        return
    if found and os.path.isdir(os.path.join(folder, "common")):
        print(
            f"error: {os.path.join(folder, found[0])} hides the module of that name, which is needed; "
            "rename or move your file",
            file=_sys.stderr,
        )
        raise SystemExit(2)


def _name_another_python(kind, error, trace) -> None:  # type: ignore[no-untyped-def]
    """End with one line where a package is missing: somebody typed a Python that is not the kit's."""
    import os

    name = (getattr(error, "name", None) or "").partition(".")[0]
    if not issubclass(kind, ModuleNotFoundError) or name not in _PACKAGES:
        _sys.__excepthook__(kind, error, trace)
        return
    own = os.path.join(".venv", *(("Scripts", "python") if os.name == "nt" else ("bin", "python")))
    there = os.path.exists(own) or os.path.exists(f"{own}.exe")
    there = there and os.path.abspath(".venv") != os.path.abspath(_sys.prefix)
    way = f"type {own} in place of python" if there else "set the kit up first: make setup"
    print(f"error: {name} is not installed for {_sys.executable}; {way}", file=_sys.stderr)
    raise SystemExit(2)


_refuse_shadows()
_sys.excepthook = _name_another_python
