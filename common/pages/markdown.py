"""Markdown → HTML, by markdown-it with HTML off: what a file holds is shown, never obeyed.

Formulas (`$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]`) become MathML; images become what the page makes of
them, outside of paragraphs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from common.pages.mathematics import LONGEST, to_mathml

# Called with description and path of an image; returns markup of a figure.
Image = Callable[[str, str], Markup]

PLUS_MINUS = "\xa0±\xa0"  # a number and its interval stay on one line
_FORMULA = re.compile(
    rf"""
      \$\$(?P<block>[^$]{{1,{LONGEST}}})\$\$
    | (?<![\w$])\$(?P<inline>(?![\s$])[^$]{{0,{LONGEST}}}?(?<![\s\\]))\$(?![\w$])
    | \\\((?P<round>.{{1,{LONGEST}}}?)\\\)
    | \\\[(?P<square>.{{1,{LONGEST}}}?)\\\]
    """,
    re.VERBOSE | re.DOTALL,
)
_ALIGNED = {"text-align:right": "n", "text-align:center": "center"}


def to_html(text: str, image: Image, level: int = 3, anchors: bool = False) -> Markup:
    """Convert a piece of Markdown.

    Args:
        text: the Markdown.
        image: makes a figure.
        level: what the largest heading becomes, 3 for `<h3>`; below it no level is left out.
        anchors: whether headings get the names that code hosts give them.
    """
    tokens = _parser().parse(text)
    _level_headings(tokens, level, anchors)
    _name_cells(tokens)
    return Markup(
        _parser().renderer.render(list(_apart(tokens)), _parser().options, {"image": image})
    )


def inline(text: str) -> Markup:
    """Emphasis, code, formulas and links of one line."""
    return Markup(_parser().renderInline(text, {"image": lambda alt, target: Markup.escape(alt)}))


def slug(heading: str) -> str:
    """The name that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@functools.cache
def _parser() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"html": False, "xhtmlOut": False})
        .enable("table")
        .disable("html_inline")
    )
    parser.disable("html_block")
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.block.ruler.before(
        "fence",
        "formula",
        _formula_block,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )
    parser.add_render_rule("formula", _render_formula)
    parser.add_render_rule("image", _render_image)
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    parser.add_render_rule("fence", _render_code)
    parser.add_render_rule("code_block", _render_code)
    return parser


# --- formulas


def _formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = _FORMULA.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        kind = found.lastgroup or ""
        _push(state, found[kind], kind in ("block", "square"))
    state.pos = found.end()
    return True


def _formula_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Lines from one that begins with two dollar signs to one that ends with them."""
    begin = state.bMarks[first] + state.tShift[first]
    if not state.src.startswith("$$", begin) or state.is_code_block(first):
        return False
    for line in range(first, last):
        end = state.eMarks[line]
        text = state.src[begin + 2 : end].rstrip()
        if text.endswith("$$") and text[:-2].strip():
            if not silent:
                lines = state.getLines(first, line + 1, state.blkIndent, False).strip()
                state.line = line + 1
                _push(state, lines.removeprefix("$$").removesuffix("$$"), True)
            return True
        if len(text) > LONGEST or "$$" in text:
            return False
    return False


def _push(state: StateInline | StateBlock, tex: str, block: bool) -> None:
    token = state.push("formula", "math", 0)
    token.content, token.block = tex, block


def _render_formula(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    formula = to_mathml(token.content.strip(), token.block)
    if not token.block:
        return formula
    return f'<span class="formula" tabindex="0" role="group" aria-label="formula">{formula}</span>'


# --- images


def _apart(tokens: list[Token]) -> Iterator[Token]:
    """The tokens with every image of a paragraph between two paragraphs: a figure cannot be inside."""
    at = 0
    while at < len(tokens):
        if tokens[at].type == "paragraph_open" and _shows(tokens[at + 1]):
            yield from _cut(*tokens[at : at + 3])
            at += 3
        else:
            yield tokens[at]
            at += 1


def _shows(token: Token) -> bool:
    return any(child.type == "image" for child in token.children or ())


def _cut(opening: Token, text: Token, closing: Token) -> Iterator[Token]:
    """A paragraph's parts and its images, in order."""
    part: list[Token] = []
    waiting: list[Token] = []  # images inside of emphasis or a link: behind the part
    for child in [*(text.children or ()), None]:
        if child is not None and child.type != "image":
            part.append(child)
            continue
        inside = sum([token.nesting for token in part])
        if child is not None and inside:
            waiting.append(child)
            continue
        if any(token.content.strip() for token in part):
            yield from (opening, text.copy(children=part, content=""), closing)
        yield from filter(None, (*waiting, child))
        part, waiting = [], []


def _render_image(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    return env["image"](token.content, str(token.attrs.get("src", "")))


# --- headings, tables and code


def _level_headings(tokens: list[Token], level: int, anchors: bool) -> None:
    deepest = level - 1
    used: dict[str, int] = {}
    for token, text in zip(tokens, [*tokens[1:], None]):
        if token.type == "heading_open":
            deepest = min(deepest + 1, level + int(token.tag[1]) - 1, 6)
            if anchors and text is not None:
                name = slug(_plain(text))
                used[name] = used.get(name, -1) + 1
                token.attrSet("id", f"{name}-{used[name]}" if used[name] else name)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{deepest}"


def _plain(text: Token) -> str:
    return "".join(child.content for child in text.children or ())


def _name_cells(tokens: list[Token]) -> None:
    """Say what a head of a table is of; its first column names the rows when it has more than one."""
    first = in_body = False
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            first = True
        elif token.type == "tbody_open" or token.type == "tbody_close":
            in_body = token.type == "tbody_open"
        elif token.type in ("th_open", "td_open"):
            if kind := _ALIGNED.get(str(token.attrs.pop("style", ""))):
                token.attrSet("class", kind)
            text = tokens[at + 1]
            _make_head(
                token, tokens[at + 2], text, in_body, first and tokens[at + 3].type != "tr_close"
            )
            first = False


def _make_head(opening: Token, closing: Token, text: Token, in_body: bool, names: bool) -> None:
    """Make a cell a head of its column or row; an empty one is none."""
    is_head = bool(text.content.strip()) and (names or not in_body)
    opening.tag = closing.tag = "th" if is_head else "td"
    if is_head:
        opening.attrSet("scope", "row" if in_body else "col")
    elif in_body:
        for child in text.children or ():
            child.content = child.content.replace(" ± ", PLUS_MINUS)


def _open_table(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return '<div class="wide" tabindex="0" role="group" aria-label="table"><table>\n'


def _close_table(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>\n"


def _render_code(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    text = Markup.escape(tokens[index].content.removesuffix("\n"))
    return f'<pre tabindex="0"><code>{text}</code></pre>\n'
