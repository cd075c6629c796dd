"""Every command, walked by its parser: each option says what it is for, and examples keep their lines."""

import argparse
import importlib
import inspect
import os
import re
import subprocess
import sys

import pytest

from common import homework as homeworks
from staff.__main__ import OWN_OPTIONS

ROOT = homeworks.ROOT
WORDS = {  # commands that have others below them; staff compare has those of common.compare
    "autograder.__main__": ["submit", "explain", "ask", "doctor"],
    "staff.__main__": ["train", *(name for name in OWN_OPTIONS if name != "compare")],
}


class Found(BaseException):
    """The parser of a command; no command catches it."""


def commands():
    """Every module that is run and has options, and the words after it."""
    listed = subprocess.run(
        ["git", "grep", "-lE", '__name__ == "__main__"', "--", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for path in listed.stdout.split():
        text = (ROOT / path).read_text(encoding="utf-8")
        others = ("staff/attacks", "staff/variants", "tests/whole/")
        if "arser" in text and not path.startswith(others):
            module = path.removesuffix(".py").replace("/", ".")
            yield from ((module, *words) for words in ([], *([w] for w in WORDS.get(module, []))))


def parser_of(command, monkeypatch):
    """The parser that a command reads its options with."""

    def found(parser, *_, **__):
        raise Found(parser)

    module, *words = command
    monkeypatch.setattr(sys, "argv", [module, *words])
    loaded = importlib.import_module(module)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", found)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", found)
    with pytest.raises(Found) as caught:
        loaded.main(*([words] if inspect.signature(loaded.main).parameters else []))
    return caught.value.args[0]


def with_subparsers(parser):
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from with_subparsers(one)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_option_says_what_it_is_for(command, monkeypatch):
    for parser in with_subparsers(parser_of(command, monkeypatch)):
        for action in parser._actions:
            if not isinstance(action, argparse._SubParsersAction):
                assert action.help, f"{parser.prog}: {action.option_strings or action.dest}"


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_examples_keep_their_lines(command, monkeypatch):
    parser = parser_of(command, monkeypatch)
    told = [parser.description or "", parser.epilog or ""]
    for line in "\n".join(told).splitlines():
        assert len(re.findall(r"(?<!`)python -m", line)) <= 1, (
            f"{parser.prog}, run together: {line}"
        )
    if any("\n" in text.strip() for text in told):
        assert parser.formatter_class is argparse.RawDescriptionHelpFormatter, parser.prog


@pytest.mark.parametrize("command", ["staff viva", "staff next-version", "autograder submit"])
def test_help_is_spelt_where_a_sign_is_missing(command):
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--help"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and b"python -m" in done.stdout, done.stderr
