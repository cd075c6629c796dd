"""What every homework is given. Nothing here imports anything else of ours."""

import sys as _sys


def _refuse_shadows() -> None:
    """End with one line where a file such as random.py hides a module that Python or the kit needs."""
    import os

    folder = _sys.path[0] or os.getcwd()
    needed = _sys.stdlib_module_names | {
        "torch",
        "torchvision",
        "numpy",
        "matplotlib",
        "pytest",
        "rich",
        "jinja2",
        "markdown_it",
        "latex2mathml",
        "PIL",
    }
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


_refuse_shadows()
