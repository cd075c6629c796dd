"""The graders' page in Chromium, opened twice by one grader: nothing that was pressed is lost."""

import html
import json

import pytest

from common import homework as homeworks
from staff.written import rubric
from tests.helpers.browser import dom, needs_chromium
from tests.helpers.graders_page import page_of_one_answer

# Two frames have one store, as two windows have. What they are told comes as an event or not at all.
STEPS = """<script>addEventListener("load", () => {
  const [one, two] = [...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow);
  const type = (where, key) => {
    const target = where.document.activeElement || where.document.body;
    target.dispatchEvent(new where.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  };
  const said = (where) => where.document.getElementById("told").textContent;
  for (const where of [one, two]) {
    const name = where.document.getElementById("grader");
    name.focus(); name.value = "Ada"; type(where, "Enter");
  }
  if (DEAF) two.addEventListener("storage", (event) => event.stopImmediatePropagation(), true);
  const seen = { undone: [] };
  type(one, "1");
  type(two, "2");
  const kept = () => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((k) => k.endsWith("/Ada"))));
  const pressed = () => Object.values(kept().answers).map((answer) => Object.keys(answer.pressed).sort());
  seen.both = pressed();
  type(one, "z");
  seen.refused = said(one);
  seen.after = pressed();
  type(two, "z");
  seen.undone = pressed();
  setTimeout(() => {
    seen.told = said(two);
    document.body.innerHTML = "<pre>FOUND" + JSON.stringify(seen) + "FOUND</pre>";
  }, 300);
});</script>"""


@needs_chromium
@pytest.mark.parametrize("deaf", ["false", "true"])
def test_two_windows_of_one_grader_keep_the_work_of_both(deaf, tmp_path):
    homework = homeworks.load("hw0")
    one = rubric.load(homework)["4q"]
    page = page_of_one_answer(homework, one)
    frames = f'<iframe srcdoc="{html.escape(page)}"></iframe>' * 2
    path = tmp_path / "two.html"
    path.write_text(f'<meta charset="utf-8">{STEPS.replace("DEAF", deaf)}{frames}')
    seen = json.loads(html.unescape(dom(path).split("FOUND")[-2]))
    first, second = (item.id for item in one.items[:2])
    assert seen["both"] == seen["after"] == [[first, second]]
    assert "another window has changed this answer" in seen["refused"]
    assert seen["undone"] == [[first]]
    assert deaf == "true" or "open in two windows" in seen["told"]
