"""Pages in Chromium, without a network: measured at several widths, and looked over by axe."""

from __future__ import annotations

import functools
import html
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
AXE = importlib.util.find_spec("axe_core_python")
WIDTHS = (320, 390, 1100)  # 400 % zoom of a desk, a telephone, a desk
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium to open the page in")
LOOK = """<script>addEventListener("load", async () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const where = `${frame.title}, ${frame.width} px`;
    const page = frame.contentDocument, root = page.documentElement;
    const stops = [...page.querySelectorAll("summary, a[href], button, input, [tabindex='0']")]
      .filter((one) => one.checkVisibility());
    found[where] = {
      wider: root.scrollWidth - root.clientWidth,
      lost: stops.filter((one) => { one.focus(); return page.activeElement !== one })
        .map((one) => one.outerHTML.slice(0, 200)),
      violations: [],
    };
    const axe = document.getElementById("axe").textContent.replaceAll("<@/", "</");
    if (axe) {
      frame.contentWindow.eval(axe);
      for (const fault of (await frame.contentWindow.axe.run({resultTypes: ["violations"]})).violations)
        for (const node of fault.nodes)
          found[where].violations.push(`${fault.id}: ${node.html.slice(0, 300)} ${node.failureSummary}`);
    }
  }
  document.body.innerHTML = "<pre>FOUND" + JSON.stringify(found).replace(/&/g, "&amp;").replace(/</g, "&lt;") + "FOUND</pre>";
});</script>"""


@functools.cache
def axe() -> str:
    """The source of axe-core, as the package ships it; empty where it is not installed."""
    if AXE is None or AXE.origin is None:
        return ""
    return (Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def dom(path: Path) -> str:
    """Return a page's tree after loading it, with the scripts that its policy allows."""
    done = subprocess.run(
        [
            CHROMIUM or "",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=60000",
            f"--user-data-dir={path.parent}/own",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout


def look(page: str, folder: Path) -> dict[str, dict]:
    """Open a page at all widths, in light and in dark.

    Returns:
        Where → `wider`, the pixels that it is too wide; `lost`, what the keyboard does not reach;
        `violations`, what axe found.
    """
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)  # axe is a script
    schemes = {
        "light": page,
        "dark": page.replace("@media (prefers-color-scheme: dark)", "@media all"),
    }
    frames = "".join(
        f'<iframe width="{wide}" height="900" title="{name}" srcdoc="{html.escape(text)}"></iframe>'
        for name, text in schemes.items()
        for wide in WIDTHS
    )
    source = f'<script type="text/plain" id="axe">{axe().replace("</", "<@/")}</script>'
    path = folder / "frames.html"
    path.write_text(f'<meta charset="utf-8">{source}{LOOK}{frames}', encoding="utf-8")
    shown = dom(path)
    return json.loads(html.unescape(shown.split("FOUND")[-2]))


def faults(page: str, folder: Path) -> list[str]:
    """List the faults of a page: too wide, out of the keyboard's reach, or against a rule of axe."""
    found = []
    for where, seen in look(page, folder).items():
        found += [f"{where}: {seen['wider']} px too wide"] if seen["wider"] > 0 else []
        found += [f"{where}: {one}" for one in (*seen["lost"], *seen["violations"])]
    return found
