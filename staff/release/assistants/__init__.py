"""The rules for AI tools in the students' kit: files for tools, editor settings, a sentence in handouts.

All of it follows from `[assistants] policy` in course.toml, and so does the statement that is signed.
"""

from __future__ import annotations

import json
from pathlib import Path

from common.errors import KitError
from common.kit.course import EXPLAIN, NONE, OPEN

FOR_TOOLS = ("AGENTS.md", ".github/copilot-instructions.md")  # where tools look for instructions
SETTINGS = ".vscode/settings.json"
SENTENCES = {
    NONE: "AI tools may not be used for graded code and answers; you sign that they were not.",
    EXPLAIN: (
        "AI tools may explain ideas, error messages and your own code to you, and are named when you sign; "
        "every graded line and answer is written by you."
    ),
    OPEN: (
        "AI tools may be used, and are named when you sign; you may be asked to explain any line, as "
        "`python -m autograder explain {homework}` does for practice."
    ),
}
_NO_COMPLETION = {
    "editor.inlineSuggest.enabled": False,
    "editor.wordBasedSuggestions": "currentDocument",
    "github.copilot.enable": {"*": False},
    "github.copilot.editor.enableAutoCompletions": False,
    "cursor.cpp.disabledLanguages": ["python", "markdown"],
    "codeium.enableConfig": {"*": False},
    "tabnine.disableAutoComplete": True,
}
EDITOR = {
    NONE: {**_NO_COMPLETION, "chat.commandCenter.enabled": False},
    EXPLAIN: _NO_COMPLETION,
    OPEN: {},
}
_HAND_IN = "## Hand in\n\n"


def write(kit: Path, policy: str) -> None:
    """Write into a kit what tools and editors are to know."""
    text = (Path(__file__).parent / f"{policy}.md").read_text(encoding="utf-8")
    for name in FOR_TOOLS:
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        (kit / name).write_text(text, encoding="utf-8")
    settings = json.loads((kit / SETTINGS).read_text(encoding="utf-8"))
    made = json.dumps(settings | EDITOR[policy], indent=2) + "\n"
    (kit / SETTINGS).write_text(made, encoding="utf-8")


def in_handout(page: str, homework: str, policy: str) -> str:
    """A handout that says, where it says how to hand in, what is allowed.

    Raises:
        KitError: when it has no such section.
    """
    if _HAND_IN not in page:
        raise KitError(f"{homework}/README.md has no section '## Hand in' to say what is allowed")
    sentence = SENTENCES[policy].format(homework=homework)
    return page.replace(_HAND_IN, f"{_HAND_IN}{sentence}\n\n", 1)


def on_front_page(page: str, policy: str) -> str:
    """The kit's front page, which ends with what is allowed."""
    return f"{page.rstrip()}\n\n**AI tools.** {SENTENCES[policy].format(homework='hw1')}\n"
