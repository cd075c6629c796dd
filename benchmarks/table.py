"""What every benchmark writes: a table with the machine's kind and versions, no names of machines."""

from __future__ import annotations

import os
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """Processor, cores, and versions, in one line."""
    import numpy
    import torch

    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}; Python "
        f"{platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}"
    )


def write(name: str, title: str, rows: list[tuple[str, ...]], notes: str = "") -> Path:
    """Write and print a Markdown table; the first row is the head."""
    head, *body = rows
    lines = [f"# {title}", "", machine(), "", "| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * len(head))
    lines += ["| " + " | ".join(row) + " |" for row in body]
    lines += ["", notes] if notes else []
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return path
