"""Import a file that was handed in, inside the worker: whole, or piece by piece where it must.

What is handed in is a set of functions. A file is executed as Python would; then the given code in
it that differs is put back on the live module. A file that cannot be compiled, or whose import
raises, is cut into pieces (`pieces`): what the holes need of them is laid onto the kit's own file.
A file that leaves, hangs or crashes is not tried again.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import importlib.abc
import importlib.util
import inspect
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pieces
from pieces import CANNOT_COMPILE, FLAGS, Piece

from common.files import given

PUT_BACK, SPLIT = "put back", "split"  # kinds of notes; `notes` lies on the other side of the line
MOST_TEXT = 300  # characters of what an exception says
ITSELF = "this name belongs to this file, not to the kit's own"
NOT_THERE = "it is not in the file, or has another name"
NOT_REACHED = "the file has it, but Python does not reach its `def`"


class Unjudged(Exception):
    """A hole that cannot be judged, since its lines cannot be compiled or run.

    Args:
        hole: "MANN.forward".
        line: where it lies in the student's file.
    """

    def __init__(self, hole: str, text: str, file: str, line: int) -> None:
        super().__init__(f"{hole} cannot be judged: {text}")
        self.file, self.line = file, line


@dataclass
class Loader(importlib.abc.Loader):
    """Imports one handed-in file.

    Attributes:
        label: the student's own name of the file, "hw1/mann (1).py".
        shown: what tracebacks call it: the label, or its path where a debugger looks for it.
        text: the file, or a helper module.
        kit: the file as the kit gives it; None for a helper module, which is only executed.
        holes: what students fill in.
        yours: given names that students may change.
        conflicts: lines of merge conflicts.
        refused: modules that no file may import, since the course grader lacks them.
        comparison: of the file with the kit's; None where nobody could parse it before.
        keep: whether given code that differs is left as the student has it.
        notes: (kind, text) of what was done.
    """

    label: str
    shown: str
    text: str
    kit: str | None = None
    holes: list[str] = field(default_factory=list)
    yours: list[str] = field(default_factory=list)
    conflicts: list[tuple[int, int]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    comparison: given.Comparison | None = None
    keep: bool = False
    notes: list[tuple[str, str]] = field(default_factory=list)

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own kind of module."""

    def get_source(self, name: str) -> str:
        """Return the source, for tracebacks and debuggers."""
        return self.text

    def exec_module(self, module: types.ModuleType) -> None:
        names = vars(module)
        if self.refused:
            names["__builtins__"] = vars(builtins) | {"__import__": self._import}
        before = dict(names)
        try:
            exec(compile(self.text, self.shown, "exec", dont_inherit=True), names)
        except Exception as error:
            if self.kit is None:
                raise
            if isinstance(error, ImportError) and error.name == module.__name__:
                error.msg = f"the file imports itself: {ITSELF}"
            names.clear()
            names.update(before)
            self._split(names, error)
            return
        if self.kit is None:
            return
        compared = self.comparison or given.compare(
            ast.parse(self.kit), ast.parse(self.text), self.holes, self.yours
        )
        unfit = list(self._unfit(names, compared.lines))
        if not self.keep:
            self._put_back(names, compared)
        for hole, text, line in unfit:
            self._stand_in(names, hole, text, line)

    def is_given(self, line: int) -> bool:
        """Whether a line of the file is one of the kit's."""
        with contextlib.suppress(*CANNOT_COMPILE):
            parts = given.parts(ast.parse(self.kit or ""), self.holes, self.yours)
            return any(
                node.lineno <= line <= (node.end_lineno or 0)
                for name, node in given.bindings(ast.parse(self.text).body)
                if name in parts and not isinstance(node, ast.ClassDef)
            )
        return False

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        if not level and name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"{name} is not part of the kit", name=name)
        return builtins.__import__(name, globals, locals, fromlist, level)

    # --- the whole file -------------------------------------------------------------------------

    def _put_back(self, names: dict[str, Any], compared: given.Comparison) -> None:
        """Put the kit's own code in the place of what was changed."""
        assert self.kit is not None
        changed = set(compared.differing)
        changed |= {name for name in compared.given if not self._is_own(name, names)}
        changed = {name for name in changed if not self._lies_in_lost_class(name, names)}
        if not changed and names.keys() >= set(compared.imports):
            return
        kit = ast.parse(self.kit)
        parts = given.parts(kit, self.holes, self.yours)
        told = restored_imports(kit, compared.imports, names, self.label)
        for name, node in parts.items():
            if name in changed and name.partition(".")[0] not in changed - {name}:
                self._lay(names, name, node)
        told += [name for name in parts if name in changed]
        if told:
            self.notes.append((PUT_BACK, self._told(told)))

    def _unfit(
        self, names: dict[str, Any], lines: dict[str, int]
    ) -> Iterator[tuple[str, str, int]]:
        """(hole, what is wrong, line) of the holes that are there as nothing that can be called."""
        for hole in self.holes:
            owner, _, method = hole.rpartition(".")
            if owner and not isinstance(names.get(owner), type):
                continue  # the whole class is lost, and says so
            if method not in (vars(names[owner]) if owner else names):
                text = NOT_REACHED if hole in lines else NOT_THERE
            elif not (text := unfit(find_object(names, hole), owner)):
                continue
            yield hole, text, lines.get(hole, 0)

    def _is_own(self, name: str, names: dict[str, Any]) -> bool:
        """Whether a live function is what a `def` of the file made."""
        value = find_object(names, name)
        value = getattr(value, "fget", None) or getattr(value, "__func__", value)
        code = getattr(value, "__code__", None)
        if isinstance(value, type) or name.partition(".")[0] not in names:
            return name in names
        return code is None or code.co_filename == self.shown

    def _lies_in_lost_class(self, name: str, names: dict[str, Any]) -> bool:
        """Whether a class with holes is not there at all: its holes then say so."""
        owner = name.partition(".")[0]
        return owner not in names and any(hole.startswith(f"{owner}.") for hole in self.holes)

    def _lay(self, names: dict[str, Any], name: str, node: ast.stmt) -> None:
        """Define one given part anew; a class keeps the student's holes and additions."""
        owner, _, method = name.partition(".")
        if method:
            lay(names[owner], method, make_method(node, owner, names, self.label))
            return
        before = names.get(name)
        run_given(node, names, self.label)
        if isinstance(node, ast.ClassDef) and isinstance(before, type):
            kept = {one.name for one in given.methods(node)} | {"__dict__", "__weakref__"}
            kept -= {hole.partition(".")[2] for hole in self.holes if hole.startswith(f"{name}.")}
            for key, value in vars(before).items():
                if key not in kept and (
                    key not in vars(names[name]) or f"{name}.{key}" in self.holes
                ):
                    lay(names[name], key, value)

    def _told(self, changed: list[str]) -> str:
        verbs = (
            "differs from the kit's; it was"
            if len(changed) == 1
            else ("differ from the kit's; they were")
        )
        return f"{self.label}: {', '.join(changed)} {verbs} put back"

    # --- piece by piece -------------------------------------------------------------------------

    def _split(self, names: dict[str, Any], error: Exception) -> None:
        """Lay what the holes need of the file onto the kit's own."""
        assert self.kit is not None
        exec(compile(self.kit, f"the kit's {self.label}", "exec", dont_inherit=True), names)
        every = pieces.pieces(self.text, self.shown, self.conflicts)
        classes = {hole.partition(".")[0] for hole in self.holes if "." in hole}
        inside = [
            part
            for one in every
            if one.binds & classes and one.text.lstrip().startswith(("class", "@"))
            for part in pieces.members(one, self.shown, self.conflicts)
        ]
        tops = [one for one in every if not one.binds & classes]
        every = sorted(tops + inside, key=lambda one: one.first)
        needed = self._needed(every)
        for piece in needed:
            self._run(piece, names)
        lost = [hole for hole in self.holes if not self._judged(hole, every, names, error)]
        kept = [hole for hole in self.holes if hole not in lost]
        line = line_of(error, self.shown)
        where = f"{self.label}, line {line}" if line else self.label
        told = f"judged by itself: {', '.join(kept) or 'nothing'}"
        if lost:
            told += f"; not judged: {', '.join(lost)}"
        self.notes.append((SPLIT, f"{where}: {describe(error)}; {told}"))

    def _needed(self, every: list[Piece]) -> list[Piece]:
        """The pieces that give the holes, and what these name, in the order of the file."""
        fixed = set(given.parts(ast.parse(self.kit or ""), self.holes, self.yours))
        chosen: set[int] = set()
        waiting, reads = list(self.holes), set[str]()
        while waiting:
            name = waiting.pop()
            for number, piece in enumerate(every):
                members = {one.partition(".")[2] for one in piece.binds if piece.owner}
                offers = name in piece.binds or bool(members & reads)
                if number in chosen or not offers or piece.binds & fixed:
                    continue
                chosen.add(number)
                waiting += [*piece.uses, name]
                reads |= piece.reads
        return [every[number] for number in sorted(chosen)]

    def _run(self, piece: Piece, names: dict[str, Any]) -> None:
        """Execute one piece; what it raises is kept with it."""
        if piece.code is None:
            return
        try:
            if not piece.owner:
                exec(piece.code, names)
                return
            room: dict[str, Any] = {}
            exec(piece.code, names, room)
            made_class = room[piece.owner]
            for bound in piece.binds:
                key = bound.partition(".")[2]
                if key in vars(made_class):
                    lay(names[piece.owner], key, vars(made_class)[key])
        except Exception as error:
            piece.error = error

    def _judged(
        self, hole: str, every: list[Piece], names: dict[str, Any], error: Exception
    ) -> bool:
        """Whether a hole was laid; one that was not raises what is wrong with it."""
        own = [piece for piece in every if hole in piece.binds]
        wrong = own[-1].error if own else error
        if own and wrong is None:
            text = unfit(find_object(names, hole), hole.rpartition(".")[0])
            if text:
                self._stand_in(names, hole, text, own[-1].first)
            return not text
        assert wrong is not None
        line = line_of(wrong, self.shown) or (own[-1].first if own else line_of(error, self.shown))
        text = describe(wrong) if own else f"it is not in the file ({describe(error)})"
        self._stand_in(names, hole, text, line or 0)
        return False

    def _stand_in(self, names: dict[str, Any], hole: str, text: str, line: int) -> None:
        """Put a function in a hole's place that raises what is wrong with it."""

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            raise Unjudged(hole, text, self.label, line)

        owner, _, method = hole.rpartition(".")
        if owner:
            setattr(names[owner], method, stand_in)
        else:
            names[hole] = stand_in


# --- live objects -------------------------------------------------------------------------------


def find_object(names: dict[str, Any], name: str) -> Any:
    """The object of a name such as `MANN.forward`, as it stands in its class; None if there is none."""
    owner, _, method = name.partition(".")
    value = names.get(owner)
    return vars(value).get(method) if method and isinstance(value, type) else value


def unfit(value: Any, owner: str) -> str:
    """Say what is wrong with a thing in the place of a function; "" where it may be called.

    Args:
        owner: the class that it stands in, or empty.
    """
    plain = getattr(value, "__func__", value)
    if isinstance(value, type) and value.__new__ is object.__new__:
        return "it is a class; expected a function"
    if inspect.iscoroutinefunction(plain):
        return "it is an `async def`; expected a plain `def`"
    if owner and isinstance(value, functools.partial) and not hasattr(value, "__get__"):
        return "it is a functools.partial, which gets no `self` in a class; expected a `def`"
    if not (callable(plain) or hasattr(value, "__get__")):
        return f"it is of type {type(value).__name__}; expected a function"
    return ""


def lay(owner: type, name: str, value: Any) -> None:
    """Put a method or attribute on a class; `super()` in it then means this class."""
    if isinstance(value, types.FunctionType) and "__class__" in value.__code__.co_freevars:
        cells = tuple(
            types.CellType(owner) if free == "__class__" else cell
            for free, cell in zip(value.__code__.co_freevars, value.__closure__ or ())
        )
        plain, value = (
            value,
            types.FunctionType(
                value.__code__, value.__globals__, value.__name__, value.__defaults__, cells
            ),
        )
        value.__kwdefaults__, value.__doc__ = plain.__kwdefaults__, plain.__doc__
        value.__qualname__ = f"{owner.__name__}.{name}"
    with contextlib.suppress(AttributeError):
        setattr(owner, name, value)


def run_given(node: ast.stmt, names: dict[str, Any], label: str) -> None:
    """Execute a statement of the kit's own file."""
    code = compile(ast.Module([node], []), f"the kit's {label}", "exec", FLAGS, dont_inherit=True)
    exec(code, names)


def make_method(node: ast.stmt, owner: str, names: dict[str, Any], label: str) -> Any:
    """The method that a `def` of the kit's makes inside its class."""
    room: dict[str, Any] = {}
    holder = ast.ClassDef(owner, [], [], [node], [])
    tree = ast.fix_missing_locations(ast.Module([holder], []))
    code = compile(tree, f"the kit's {label}", "exec", FLAGS, dont_inherit=True)
    exec(code, names, room)
    return vars(room[owner])[node.name]  # type: ignore[attr-defined]


def restored_imports(
    kit: ast.Module, needed: list[str], names: dict[str, Any], label: str
) -> list[str]:
    """Import what given code needs and the student's file leaves out; what it was."""
    told = []
    for node in kit.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            missing = [
                name for name in given.assigned_names(node) if name in needed and name not in names
            ]
            if missing:
                run_given(node, names, label)
                told += [f"the import of {name}" for name in missing]
    return told


def describe(error: Exception) -> str:
    """An exception in one line; of a SyntaxError what is wrong, without file and line."""
    text = error.msg if isinstance(error, SyntaxError | ImportError) else str(error)
    if isinstance(error, ImportError) and error.path:
        text = text.removesuffix(f" ({error.path})")  # of the grader's machine
    kind = "" if "merge conflict" in str(text) else f"{type(error).__name__}: "
    return f"{kind}{text}"[:MOST_TEXT]


def line_of(error: BaseException, shown: str) -> int | None:
    """The line of a file that an exception is about."""
    if isinstance(error, SyntaxError) and error.filename in (shown, None, "<unknown>"):
        return error.lineno
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == shown:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


# --- finding ------------------------------------------------------------------------------------


def plan_of(tree: str, homework: str) -> dict[str, Any]:
    """Return what `overlay` wrote of a tree's files; without a plan, none were handed in."""
    path = Path(tree, "handed_in.json")
    if not path.is_file():
        return {"homework": homework, "yours": [], "files": []}
    return json.loads(path.read_text(encoding="utf-8"))


class Finder(importlib.abc.MetaPathFinder):
    """Knows the handed-in files of one tree.

    Args:
        plan: what `overlay` wrote about them.
        tree: where they lie.
        in_place: whether tracebacks name the student's own files by their paths.
    """

    def __init__(self, plan: dict[str, Any], tree: Path, in_place: bool = False) -> None:
        self.homework = plan["homework"]
        self.loaders: dict[str, tuple[Loader, str]] = {}
        for one in plan["files"]:
            path = tree / self.homework / one["name"]
            stub = tree / "stubs" / f"{one['name']}.txt"
            module = f"{self.homework}.{one['name'].removesuffix('.py')}"
            loader = Loader(
                one["label"],
                one["path"] if in_place else one["label"],
                path.read_text(encoding="utf-8"),
                None if one["helper"] else stub.read_text(encoding="utf-8"),
                one["holes"],
                plan["yours"],
                [tuple(pair) for pair in one["conflicts"]],
                one["refused"],
                one["comparison"] and given.Comparison(**one["comparison"]),
            )
            self.loaders[module] = loader, str(path)
            if one["helper"]:  # `import helpers`, as a script beside it would
                self.loaders[module.partition(".")[2]] = loader, str(path)

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name not in self.loaders:
            return None
        loader, place = self.loaders[name]
        return importlib.util.spec_from_file_location(name, place, loader=loader)

    def label(self, filename: str) -> str | None:
        """The student's name of a file that tracebacks show, or None."""
        shown = {loader.shown: loader.label for loader, _ in self.loaders.values()}
        return shown.get(filename)

    def notes(self, module: str) -> list[tuple[str, str]]:
        """Return what was done to import a module, and the helper modules beside it."""
        return self.loaders[module][0].notes if module in self.loaders else []

    def is_students(self, filename: str, line: int) -> bool:
        """Whether a line of a file is the student's own, and not given by the kit."""
        for loader, _ in self.loaders.values():
            if loader.shown == filename:
                return not loader.is_given(line)
        return False

    def keep_changes(self) -> None:
        """Leave given code as the student has it: training does so, too."""
        for loader, _ in self.loaders.values():
            loader.keep = True


def install(finder: Finder) -> None:
    """Install this finder before all others, and remove that of an earlier tree."""
    sys.meta_path[:] = [finder] + [one for one in sys.meta_path if not isinstance(one, Finder)]
