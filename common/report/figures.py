"""The pictures that a writeup shows: found beside it or among the runs, and put into the page."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from markupsafe import Markup
from PIL import Image

from common.pages.images import embed
from common.pages.source import IMAGE, outside_code, target_of
from common.pages.templates import fragment
from common.plots import NUMBERS
from common.report.results import Results
from common.training.state import FINISHED, state_of

FIGURE = "common/report/figure.html"
_SEED = re.compile(r"-seed-?\d+")


@dataclass
class Figures:
    """Finds pictures and makes figures of them.

    Attributes:
        folder: where writeup.md lies; its pictures are named from there.
        results: of the runs; what is missing is listed there.
        wanted: whether a missing picture is to be listed (not one of extra credit).
        shown: the pictures of the runs that were used.
    """

    folder: Path
    results: Results
    wanted: bool = True
    shown: set[Path] = field(default_factory=set)

    def find(self, target: str) -> Path | None:
        """The file of a picture; that of another seed when the one that is named is not there."""
        path = self._path(target)
        if not path.is_file():
            path = self._path(unquote(target))
        return path if path.is_file() else self._of_another_seed(path)

    def figure(self, alt: str, target: str) -> Markup:
        """A figure for the page: the picture itself, or one line that says what is missing."""
        if target.startswith(("http:", "https:", "data:")):
            return _absent(
                f"{alt}: a picture on the network is not shown; save {target[:80]} "
                "beside writeup.md and name the file"
            )
        path = self.find(target)
        caveat = self._caveat(path or self._path(target))
        if path is None:
            return _absent(f"{alt or 'Figure'}: {self._want(target)}")
        self.shown.add(path.resolve())
        text = alt or path.stem.replace("-", " ")
        try:
            source = embed(path)
        except ValueError as error:
            return _absent(f"{text}: {path} is not a picture that can be shown ({error})")
        return fragment(
            FIGURE,
            text=text,
            source=source,
            file=self._name(path),
            caveat=caveat,
            curves=_curves(path),
        )

    def linked(self, lines: list[str], folder: Path) -> list[str]:
        """The lines of a section with links that hold in `folder`."""
        changed = list(lines)
        for number, line in outside_code(lines):
            changed[number] = IMAGE.sub(lambda found: self._link(found, folder), line)
        return changed

    def others(self) -> list[Path]:
        """The pictures in the folders of the runs that were used and which no question shows."""
        runs = [run.folder for name in self.results.used for run in self.results.used[name]]
        found = [
            p for folder in dict.fromkeys(runs) if folder.is_dir() for p in folder.glob("*.png")
        ]
        return sorted(path for path in found if path.resolve() not in self.shown)

    def _caveat(self, path: Path) -> str:
        """Say why a picture is not one of the run that is asked for; "" where it may stand."""
        name = _SEED.sub("", path.parent.name)
        if path.parent.parent != self.results.root or name not in self.results.homework.asked_for:
            return ""
        if path.parent in (run.folder for run in self.results.of(name)) or not path.is_file():
            return ""
        if self.wanted:
            self.results.missing.setdefault(f"run {name}", self.results.command_for(name))
        state = state_of(path.parent)
        how = state.why or ("set up unlike the others" if state.kind == FINISHED else state.kind)
        return f"not of the run that is asked for: this one is {how}"

    def _path(self, target: str) -> Path:
        inside = re.match(rf"(?:\.\./|\./)*runs/{self.results.homework.name}/(.+)", target)
        return self.results.root / inside[1] if inside else self.folder / target

    def _of_another_seed(self, path: Path) -> Path | None:
        root = self.results.root
        try:
            name = path.relative_to(root).as_posix()
        except ValueError:
            return None
        if not _SEED.search(name):
            return None
        pattern = re.compile(r"-seed(-?\d+)".join(map(re.escape, _SEED.split(name))))
        names = (p.relative_to(root).as_posix() for p in root.glob(_SEED.sub("-seed*", name)))
        found = sorted(
            (int(match[1]), match[0]) for match in map(pattern.fullmatch, names) if match
        )
        return root / found[0][1] if found else None

    def _want(self, target: str) -> str:
        """Say that a picture is missing, and what makes it."""
        inside = re.match(rf"(?:\.\./|\./)*runs/{self.results.homework.name}/(.+)", target)
        what = target if inside is None else f"runs/{self.results.homework.name}/{inside[1]}"
        how = "put it there, or correct its path in writeup.md"
        if inside:
            folder, _, file = inside[1].rpartition("/")
            own = self.results.homework.made_by.get(_SEED.sub("", inside[1]))
            how = own or self.results.command_for(folder or file)
        if self.wanted:
            self.results.missing.setdefault(f"figure {what}", how)
        return f"{what} is missing: {how}"

    def _name(self, path: Path) -> str:
        """Return the path by which a reader finds the file again."""
        for base in (self.results.root.parent, self.folder):
            if path.is_relative_to(base):
                return path.relative_to(base).as_posix()
        return path.name

    def _link(self, found: re.Match, folder: Path) -> str:
        target = target_of(found)
        path = None if "://" in target else self.find(target)
        if path is None:
            return found[0]
        try:
            near = os.path.relpath(path, folder)
        except ValueError:  # another drive
            near = str(path.resolve())
        return f"![{found['alt']}]({quote(Path(near).as_posix(), safe='/:')})"


def _absent(text: str) -> Markup:
    return Markup('<p class="absent">{}</p>').format(text)


def _curves(path: Path) -> list[dict]:
    """The curves whose numbers a picture of the kit holds; of any other picture, none."""
    try:
        with Image.open(path) as picture:
            curves = json.loads(picture.info.get(NUMBERS, "[]"))
        return [
            {
                "name": ": ".join(filter(None, (str(one["y"]), str(one["curve"])))),
                "x": str(one["x"]),
                "points": [(str(x), str(y)) for x, y in one["points"]],
            }
            for one in curves
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, SyntaxError):
        return []
