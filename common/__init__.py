"""Code and data that every homework is given. Nothing here imports anything else of ours."""

import sys as _sys

from common.kit import shadows as _shadows


def _refuse_shadows() -> None:
    """End with one line where a file such as random.py hides a module that Python or the kit needs."""
    import os

    folder = _sys.path[0] or os.getcwd()
    if os.path.isdir(os.path.join(folder, "common")) and (said := _shadows.complaint(folder)):
        print(said, file=_sys.stderr)
        raise SystemExit(2)


def _name_the_cause(kind, error, trace) -> None:  # type: ignore[no-untyped-def]
    """End with one line where the packages cannot be imported, by whatever command."""
    if told := _cause(error):
        print(f"error: {told}", file=_sys.stderr)
        raise SystemExit(2)
    _sys.__excepthook__(kind, error, trace)


def _cause(error: BaseException) -> str:
    """Why a package cannot be imported: another Python was typed, or the machine does not let it."""
    import os

    if not isinstance(error, ImportError):
        return ""
    name = error.name or ""  # of `import torch.nn.x`: "torch" where the package itself is missing
    if isinstance(error, ModuleNotFoundError) and name in _shadows.PACKAGES:
        own = os.path.join(
            ".venv", *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python"))
        )
        another = os.path.exists(own) and os.path.abspath(".venv") != os.path.abspath(_sys.prefix)
        way = f"type {own} in place of python" if another else "set the kit up first: make setup"
        return f"{name} is not installed for {_sys.executable}; {way}"
    from common.kit import remedies

    if remedies.is_of_this_machine(str(error)):
        return f"a package cannot be imported here ({error}); {remedies.remedy(str(error))}"
    return ""


_refuse_shadows()
_sys.excepthook = _name_the_cause
