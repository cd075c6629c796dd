"""Pages from templates: all text is escaped, one style, and a policy that lets nothing in or out.

A template lies beside the module that fills it, and is named by its path from the kit's root. It
extends `common/pages/base.html`. Every page is one file that needs nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOT = Path(__file__).parents[2]
STYLE = Path(__file__).with_name("style.css")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def render(template: str, style: str = "", script: str = "", **values: object) -> str:
    """Fill a template.

    Args:
        template: its path from the kit's root.
        style: rules of this page alone; the kit's own text.
        script: the only script that the page may run; the kit's own text.
        values: what the template shows. A text is escaped, markup of the kit's own is not.
    """
    styles = [_own(text, "style") for text in (shared_style(), style) if text]
    page = (
        _environment()
        .get_template(template)
        .render(
            **values, styles=styles, script=_own(script, "script"), policy=policy(styles, script)
        )
    )
    return visible(page)


def fragment(template: str, **values: object) -> Markup:
    """Fill a template that is a part of a page."""
    return Markup(_environment().get_template(template).render(**values))


def visible(text: str) -> str:
    """The text with control characters, which HTML does not know, as a visible sign."""
    return _CONTROL.sub("\ufffd", text)


def policy(styles: list[str] | list[Markup], script: str) -> str:
    """Return the page's policy for browsers: these styles, and this script if there is one."""
    rules = [
        "default-src 'none'",
        "img-src data:",
        f"style-src {' '.join(map(_hash, styles))}",
        f"script-src {_hash(script) if script else repr('none')}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)


@functools.cache
def shared_style() -> str:
    """The style of all pages."""
    return STYLE.read_text(encoding="utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["zip"] = zip
    return environment


def _own(text: str, tag: str) -> Markup:
    """A style or script as markup; it cannot end its own element."""
    if "</" in text or "<!--" in text:
        raise ValueError(f"a {tag} of a page may hold neither '</' nor '<!--'")
    return Markup(text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
