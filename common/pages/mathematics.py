"""Formulas: LaTeX → MathML, which browsers set and screen readers speak."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

LONGEST = 2000  # characters of one formula
_ATTRIBUTES = frozenset({
    "display", "mathvariant", "stretchy", "fence", "form", "separator", "movablelimits", "accent",
    "accentunder", "displaystyle", "scriptlevel", "linethickness", "lspace", "rspace", "width",
    "height", "depth", "minsize", "maxsize", "columnalign", "columnspacing", "rowspacing",
    "columnlines", "rowlines", "notation", "voffset", "symmetric",
})  # fmt: skip
_UNKNOWN_COMMAND = re.compile(r"\\[A-Za-z]")  # a command that stayed what it was
_DEFINITION = re.compile(r"\\(def|let|newcommand|renewcommand)\b")  # may grow without bound
_THIN = "0.17em"  # the space beside the name of a function
_NAMES = "∞∂∇∅∀∃¬"  # signs that are no relation or operation between two things
_PRIVATE = re.compile("[\ue000-\uf8ff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@functools.lru_cache(maxsize=2048)
def to_mathml(tex: str, block: bool = False) -> Markup:
    """A formula as MathML; one that cannot be set stays as the text that was typed.

    Args:
        tex: LaTeX, without the dollar signs.
        block: whether it stands on a line of its own.
    """
    try:
        return Markup(_set(_PRIVATE.sub("", tex), "block" if block else "inline"))
    except Exception:  # of the converter, which raises all kinds on what it does not know
        signs = "$$" if block else "$"
        return Markup('<span class="math">') + escape(f"{signs}{tex}{signs}") + Markup("</span>")


def _set(tex: str, display: str) -> str:
    if not tex.strip() or len(tex) > LONGEST or _DEFINITION.search(tex):
        raise ValueError("empty, too long, or with definitions of its own")
    tex = tex.strip().replace("{aligned}", "{split}")  # the same, by the name that is known
    formula = convert_to_element(tex, display=display)
    for element in formula.iter():
        _clean(element)
        _space_names(element)
    del formula.attrib["xmlns"]
    return tostring(formula, encoding="unicode", short_empty_elements=False)


def _clean(element: Element) -> None:
    """Make text of character references, operators of signs, and keep harmless attributes alone."""
    element.text = text = html.unescape(element.text or "")
    is_sign = len(text) == 1 and unicodedata.category(text) == "Sm" and text not in _NAMES
    if element.tag == "mi" and is_sign:
        element.tag = "mo"
    if text in ("‖", "|"):
        element.attrib.setdefault("stretchy", "false")
    if element.tag != "mtext" and (_UNKNOWN_COMMAND.search(text) or text == "&"):
        raise ValueError(f"{text} is not known")
    for name in set(element.attrib) - _ATTRIBUTES - {"xmlns"}:
        del element.attrib[name]


def _space_names(parent: Element) -> None:
    """Set names of functions, log and KL, as operators: a space around, none before a bracket."""
    following = [*parent[1:], None]
    for child, after in zip(parent, following):
        name = child[0] if child.tag in ("msub", "msup", "msubsup") else child
        if name.tag in ("mi", "mo") and len(name.text or "") > 1 and (name.text or "").isalpha():
            bracket = after is not None and after.text in ("(", "[")
            name.tag = "mo"
            name.set("lspace", "0" if child is parent[0] else _THIN)
            name.set("rspace", "0" if bracket else _THIN)
