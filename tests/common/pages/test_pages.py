"""What all pages are made of: the style, the policy, Markdown and formulas."""

import base64
import hashlib
import json
import re
import time

import pytest
from markupsafe import Markup

from common.homework import ROOT
from common.pages import templates
from common.pages.markdown import inline, to_html
from common.pages.mathematics import to_mathml
from tests.helpers.browser import dom, needs_chromium

EVIL = "<script>alert(1)</script>"


def image(alt, target):
    return Markup("[{}|{}]").format(alt, target)


# --- the style


def contrast(one, other):
    """The ratio of WCAG 2.2 between two colours, #rrggbb."""

    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        line = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_text_can_be_read():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    schemes = re.findall(r"--ink: .*?\}", templates.shared_style(), re.S)
    assert len(schemes) == 3  # light, dark, paper
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w{3,6})", scheme))
        colours = {name: value + value[1:] * (len(value) == 4) for name, value in colours.items()}
        for ink in ("ink", "soft", "edge", "good", "bad"):
            for paper in ("paper", "shade", "asked"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper, colours)
        assert contrast(colours["ink"], colours["mark"]) >= 4.5


# --- the policy


def render(**values):
    values = {
        "who": "x",
        "homework": type("H", (), {"name": "hw9", "title": "T"}),
        "reason": EVIL,
        "code": "",
        "notes": [],
        "written": "",
        "items": [],
        "grade": "",
        "reasons": [],
    } | values
    return templates.render("staff/grading/feedback.html", **values)


def test_a_page_lets_nothing_in_and_runs_nothing():
    page = render(style="p { margin: 0 }")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in styles]
    assert len(hashes) == 2 and all(f"'sha256-{one}'" in policy for one in hashes)
    assert "default-src 'none'" in policy and "script-src 'none'" in policy
    assert "unsafe" not in policy and not re.search(r"https?:|\*", policy)
    assert not re.search(r"\sstyle=", page) and "<script" not in page and "&lt;script&gt;" in page


def test_control_characters_become_visible():
    assert "a\ufffdb\ufffd" in render(reason="a\x00b\x1b")


@pytest.mark.parametrize("text", ["</style><b>", "<!-- x"])
def test_a_style_cannot_end_itself(text):
    with pytest.raises(ValueError, match="may hold neither"):
        render(style=text)


def test_a_missing_value_is_an_error():
    with pytest.raises(Exception, match="'homework' is undefined"):
        templates.render("staff/grading/feedback.html")


# --- Markdown


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "a *b* **c** `d<` e_f_g",
            "<p>a <em>b</em> <strong>c</strong> <code>d&lt;</code> e_f_g</p>",
        ),
        ("# t\n## u\n##### v", "<h3>t</h3>\n<h4>u</h4>\n<h5>v</h5>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> q\n\nnot", "<blockquote>\n<p>q</p>\n</blockquote>\n<p>not</p>"),
        ("```py\n*a*\n\n<b>\n```", '<pre tabindex="0"><code>*a*\n\n&lt;b&gt;</code></pre>'),
        ("```\nno end", '<pre tabindex="0"><code>no end</code></pre>'),
        ("x ![a b](c.png) y", "<p>x </p>\n[a b|c.png]<p> y</p>"),
        ("*x ![a](b.png) y*", "<p><em>x  y</em></p>\n[a|b.png]"),
        ("![a](<my photo.png>)", "[a|my%20photo.png]"),
        ("[l](https://e.org/a_b)", '<p><a href="https://e.org/a_b">l</a></p>'),
        (
            "[l](javascript:alert(1)) <b onclick=x>",
            "<p>[l](javascript:alert(1)) &lt;b onclick=x&gt;</p>",
        ),
        (
            "<div>\n<script>alert(1)</script>",
            "<p>&lt;div&gt;\n&lt;script&gt;alert(1)&lt;/script&gt;</p>",
        ),
        ("a  \nb\\*", "<p>a<br>\nb*</p>"),
        ("---", "<hr>"),
        ("", ""),
    ],
)
def test_markdown(text, expected):
    assert to_html(text, image).strip() == expected


def test_a_table_keeps_its_cells_and_names_its_heads():
    page = to_html("| a | b |\n|---|--:|\n| x | 1 \\| 2 ± 3 |\n| y |\n\ntext", image)
    assert '<th scope="col">a</th>' in page and '<th class="n" scope="col">b</th>' in page
    assert '<th scope="row">x</th>' in page and "1 | 2\xa0±\xa03" in page
    assert page.count("<td") == 2 and "style=" not in page and "<p>text</p>" in page


def test_headings_have_the_names_that_code_hosts_give():
    page = to_html("# A, b & `c`\n\n## x\n\n## x\n", image, level=1, anchors=True)
    assert re.findall(r'<h\d id="([^"]*)"', page) == ["a-b--c", "x", "x-1"]


@pytest.mark.parametrize(
    "piece", ["*", "`", "$", "$$", "$a", "[", "> ", "- ", "![a](", "|", "_a", "**a ", "\\("]
)
def test_no_text_takes_long(piece):
    began = time.process_time()
    to_html(piece * 20000, image)
    to_html((piece + "\n") * 1000, image)
    assert time.process_time() - began < 20


# --- formulas


@pytest.mark.parametrize(
    "text, formulas, beside",
    [
        ("a $x_1$ b", 1, ["<p>a <math", "</math> b</p>"]),
        ("$a_1 * b_1$ $5 and $6", 1, [" $5 and $6"]),
        ("costs \\$5 or $6", 0, ["costs $5 or $6"]),
        ("text\n$$\na_1\n- b\n$$\nmore", 1, ["<p>text</p>", 'display="block"', "<p>more</p>"]),
        ("\\(x\\) and \\[y\\]", 2, [' and <span class="formula"', '<math display="block"']),
        ("`$x$`", 0, ["<code>$x$</code>"]),
        ("```\n$$\nx\n$$\n```", 0, ["$$\nx\n$$"]),
    ],
)
def test_formulas_are_found(text, formulas, beside):
    page = to_html(text, image)
    assert page.count("<math") == formulas
    for piece in beside:
        assert piece in page


def test_a_formula_is_set():
    assert to_mathml(r"\theta_k") == (
        '<math display="inline"><mrow><msub><mi>θ</mi><mi>k</mi></msub></mrow></math>'
    )
    assert "<mo>∼</mo>" in to_mathml(r"x \sim y").replace("~", "∼")


@pytest.mark.parametrize(
    "tex", [r"\unheard{x}", r"\frac{a}{", "{" * 300, r"\def\x{\x\x}\x", "x" * 3000]
)
def test_what_cannot_be_set_stays_as_text(tex):
    assert to_mathml(tex) == Markup('<span class="math">${}$</span>').format(tex)


@needs_chromium
def test_a_word_of_a_formula_is_not_broken_on_a_phone(tmp_path):
    lines = r"\begin{aligned} \text{loss} &= z + z + z + z + z + z && \text{1a: prototypes} \end{aligned}"
    shown = to_html(f"$$\n{lines}\n$$", image)
    style = (ROOT / "common/pages/style.css").read_text(encoding="utf-8")
    widths = (
        "[...document.querySelectorAll('mtext')].map((one) => one.getBoundingClientRect().width)"
    )
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><style>{style}</style>"
        f"<div style='width: 150px'>{shown}</div><div style='width: 1500px'>{shown}</div>"
        f"<script>document.title = JSON.stringify({widths})</script>",
        encoding="utf-8",
    )
    found = json.loads(re.search("<title>(.*)</title>", dom(page))[1])
    phone, desk = found[: len(found) // 2], found[len(found) // 2 :]
    assert phone == desk and min(desk) > 0


def test_a_formula_is_no_way_in():
    for tex in (
        rf"\text{{{EVIL}}}",
        EVIL,
        r"\href{javascript:alert(1)}{x}",
        r"\style{x}{\class{y}{z}}",
        rf"\mbox{{{EVIL}}} \unheard",
        r"\operatorname{&lt;script&gt;}",
    ):
        page = to_mathml(tex)
        assert "<script" not in page and "href" not in page and "style=" not in page
    assert "<b>" not in inline("<b> $<b>$")
