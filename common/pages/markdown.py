"""Markdown as people write it in a report → HTML. What is unknown stays text; nothing is executed.

Known are paragraphs, headings, lists, quotations, tables, code, emphasis, links and images. HTML is
shown, not obeyed. LaTeX between dollar signs is left as it was typed, so that it can be read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

# Called with description and path of an image; returns HTML.
Image = Callable[[str, str], str]

IMAGE = re.compile(
    r'!\[(?P<alt>[^\]\n]*)\]\( *(?:<(?P<spaced>[^<>\n]+)>|(?P<path>[^\s<>()]+))(?: +"[^"\n]*")? *\)'
)
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)])( +|$)(.*)")
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *$")
_DELIMITERS = re.compile(r" *\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *\|? *$")
_QUOTED = re.compile(r" {0,3}> ?(.*)")
PLUS_MINUS = "\xa0±\xa0"  # a number and its interval stay on one line
_LONGEST = 2000  # characters of one emphasis or formula: keeps the search short in any text
_INLINE = re.compile(
    rf"""
      (?P<ticks>`+)(?P<code>.{{1,{_LONGEST}}}?)(?<!`)(?P=ticks)(?!`)
    | (?P<math>\$\$.{{1,{_LONGEST}}}?\$\$
              |(?<![\w$])\$(?![\s$])[^$]{{0,{_LONGEST}}}?(?<!\s)\$(?![\w$])
              |\\\(.{{1,{_LONGEST}}}?\\\)|\\\[.{{1,{_LONGEST}}}?\\\])
    | \\(?P<escaped>[!-/:-@\[-`{{-~])
    | \[(?P<label>[^\]\n]{{1,{_LONGEST}}})\]\((?P<target>https?://[^\s<>()]+)\)
    | <(?P<address>https?://[^\s<>]+)>
    | (?<![\w*])\*\*(?=\S)(?P<strong>.{{1,{_LONGEST}}}?)(?<=\S)\*\*(?![\w*])
    | (?<![\w*])\*(?=[^\s*])(?P<stressed>[^*]{{1,{_LONGEST}}}?)(?<=\S)\*(?![\w*])
    | (?<![\w_])__(?=\S)(?P<strong_>.{{1,{_LONGEST}}}?)(?<=\S)__(?![\w_])
    | (?<![\w_])_(?=[^\s_])(?P<stressed_>[^_]{{1,{_LONGEST}}}?)(?<=\S)_(?![\w_])
    | (?P<end>(?:\ {{2,}}|\\)\n)
    """,
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> list[str]:
    """The lines of a text, whatever ends them; tabs are four blanks."""
    return [line.expandtabs(4) for line in re.split(r"\r\n|\r|\n", text)]


def to_html(text: str, image: Image, level: int = 3) -> str:
    """Convert a piece of Markdown.

    Args:
        text: the Markdown.
        image: makes a figure.
        level: what the largest heading becomes, 3 for `<h3>`.
    """
    return _blocks(lines_of(text), image, level, depth=0)


def inline(text: str) -> str:
    """Emphasis, code, formulas and links of one paragraph; the rest is escaped."""
    parts, place = [], 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[place : found.start()]))
        parts.append(_span(found))
        place = found.end()
    return "".join([*parts, escape(text[place:])])


def escape(text: str) -> str:
    """Text for HTML; control characters, which HTML does not know, become a visible sign."""
    return html.escape(
        re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    )


def target_of(image: re.Match) -> str:
    """The path of an image that IMAGE found."""
    return image["spaced"] or image["path"]


def cells_of(line: str) -> list[str]:
    """The cells of a row of a table; a bar after a backslash belongs to its cell."""
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)]


def is_table(lines: list[str], at: int) -> bool:
    """Whether a table begins at this line: a row, and a line of dashes below it."""
    return at + 1 < len(lines) and "|" in lines[at] and _DELIMITERS.match(lines[at + 1]) is not None


def _span(found: re.Match) -> str:
    kind = {name: value for name, value in found.groupdict().items() if value is not None}
    if "code" in kind:
        return f"<code>{escape(kind['code'].strip() or kind['code'])}</code>"
    if "math" in kind:
        return f'<span class="math">{escape(kind["math"])}</span>'
    if "escaped" in kind:
        return escape(kind["escaped"])
    if "target" in kind:
        return f'<a href="{escape(kind["target"])}">{inline(kind["label"])}</a>'
    if "address" in kind:
        return f'<a href="{escape(kind["address"])}">{escape(kind["address"])}</a>'
    for name, tag in (("strong", "strong"), ("stressed", "em")):
        inside = kind.get(name) or kind.get(f"{name}_")
        if inside is not None:
            return f"<{tag}>{inline(inside)}</{tag}>"
    return "<br>\n"


def _blocks(lines: list[str], image: Image, level: int, depth: int) -> str:
    """Lines → blocks; `depth` limits how far lists and quotations nest."""
    out, at = [], 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := FENCE.match(line):
            end = _end_of_fence(lines, at, fence[1])
            out.append(f"<pre><code>{escape(chr(10).join(lines[at + 1 : end]))}</code></pre>")
            at = end + 1
        elif line.strip() == "$$":
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "$$"), at)
            out.append(f'<pre class="math">{escape(chr(10).join(lines[at : end + 1]))}</pre>')
            at = end + 1
        elif heading := _HEADING.match(line):
            tag = f"h{min(level + len(heading[1]) - 1, 6)}"
            out.append(f"<{tag}>{inline(heading[2])}</{tag}>")
            at += 1
        elif _RULE.match(line):
            out.append("<hr>")
            at += 1
        elif _QUOTED.match(line) and depth < 8:
            end = _end(lines, at, lambda text: _QUOTED.match(text) is not None)
            inside = [_matched(_QUOTED, text)[1] for text in lines[at:end]]
            body = _blocks(inside, image, level, depth + 1)
            out.append(f"<blockquote>{body}</blockquote>")
            at = end
        elif is_table(lines, at):
            end = _end(lines, at, lambda text: "|" in text)
            out.append(_table(lines[at:end]))
            at = end
        elif _ITEM.match(line) and depth < 8:
            end = _end_of_list(lines, at)
            out.append(_list(lines[at:end], image, level, depth))
            at = end
        else:
            end = at + 1
            while end < len(lines) and not _begins_block(lines, end):
                end += 1
            out.append(_paragraph("\n".join(lines[at:end]), image))
            at = end
    return "\n".join(out)


def _begins_block(lines: list[str], at: int) -> bool:
    line = lines[at]
    return (
        not line.strip()
        or line.strip() == "$$"
        or is_table(lines, at)
        or any(p.match(line) for p in (FENCE, _HEADING, _RULE, _QUOTED, _ITEM))
    )


def _end(lines: list[str], at: int, belongs: Callable[[str], bool]) -> int:
    while at < len(lines) and belongs(lines[at]):
        at += 1
    return at


def _end_of_fence(lines: list[str], at: int, mark: str) -> int:
    """The closing line of a code block, or the end of the text."""
    for number in range(at + 1, len(lines)):
        closing = lines[number].strip()
        if closing.startswith(mark) and not closing.strip(mark[0]):
            return number
    return len(lines)


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    """The match of a line that is known to match."""
    found = pattern.match(text)
    assert found is not None
    return found


def _end_of_list(lines: list[str], at: int) -> int:
    """Behind the last line of a list: items, what is indented below them, and lines that go on."""
    first = _matched(_ITEM, lines[at])
    inner = " " * (len(first[1]) + 2)

    def another_kind(item: re.Match) -> bool:
        return (item[2] in "-*+") != (first[2] in "-*+")

    end = at + 1
    while end < len(lines):
        line = lines[end]
        item = _ITEM.match(line)
        if not line.strip():
            following = lines[end + 1] if end + 1 < len(lines) else ""
            item = _ITEM.match(following)
            goes_on = following.startswith(inner) or (item and not another_kind(item))
        elif item:
            goes_on = line.startswith(inner) or not another_kind(item)
        else:
            goes_on = line.startswith(inner) or not _begins_block(lines, end)
        if not goes_on:
            break
        end += 1
    return end


def _list(lines: list[str], image: Image, level: int, depth: int) -> str:
    first = _matched(_ITEM, lines[0])
    indent, numbered = len(first[1]), first[2] not in "-*+"
    items: list[list[str]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item and len(item[1]) <= indent + 1:
            width = len(item[1]) + len(item[2]) + min(len(item[3]), 4)
            items.append([item[4]])
        else:
            blanks = len(line) - len(line.lstrip(" "))
            items[-1].append(line[min(blanks, width) :])
    parts = []
    for inside in items:
        body = _blocks(inside, image, level, depth + 1)
        if body.count("<p>") == 1 and body.startswith("<p>"):
            body = body.replace("<p>", "", 1).replace("</p>", "", 1)
        parts.append(f"<li>{body}</li>")
    start = f' start="{int(first[2][:-1])}"' if numbered and first[2][:-1] != "1" else ""
    tag = "ol" if numbered else "ul"
    return f"<{tag}{start}>{''.join(parts)}</{tag}>"


def _table(lines: list[str]) -> str:
    """A table; its first column names the rows when it has more than one."""
    head, rows = cells_of(lines[0]), [cells_of(line) for line in lines[2:]]
    cells = "".join(
        f'<th scope="col">{inline(cell)}</th>' if cell else "<td></td>" for cell in head
    )
    body = ""
    for row in rows:
        row = [*row, *[""] * (len(head) - len(row))]
        name = f'<th scope="row">{inline(row[0])}</th>' if row[0] else "<td></td>"
        rest = "".join(f"<td>{inline(cell.replace(' ± ', PLUS_MINUS))}</td>" for cell in row[1:])
        body += f"<tr>{name}{rest}</tr>"
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="table"><table>'
        f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _paragraph(text: str, image: Image) -> str:
    """A paragraph; an image in it stands by itself, between two parts of the text."""
    parts, place = [], 0
    for found in IMAGE.finditer(text):
        parts += [_plain(text[place : found.start()]), image(found["alt"], target_of(found))]
        place = found.end()
    return "".join([*parts, _plain(text[place:])])


def _plain(text: str) -> str:
    return f"<p>{inline(text.strip(chr(10)))}</p>" if text.strip() else ""
