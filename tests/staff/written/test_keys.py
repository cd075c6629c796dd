"""The graders' page by keyboard in Chromium: Enter on a button is the button's, Ctrl+S saves."""

import html
import json

from common import homework as homeworks
from staff.written import rubric
from tests.helpers.browser import dom, needs_chromium
from tests.helpers.graders_page import page_of_one_answer

STEPS = """<script>addEventListener("load", () => {
  const type = (target, key, more) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const at = (id) => document.getElementById(id), seen = { saved: [] };
  HTMLAnchorElement.prototype.click = function () { seen.saved.push(this.download); };
  at("grader").focus(); at("grader").value = "Ada"; type(at("grader"), "Enter");
  seen.taken = ["save", "load", "model"].map((id) => type(id === "model" ? at(id).querySelector("summary") : at(id), "Enter"));
  seen.done = JSON.parse(localStorage.getItem(Object.keys(localStorage).find((k) => k.endsWith("/Ada"))) || "{}");
  seen.stopped = type(document.body, "s", { ctrlKey: true });
  document.body.innerHTML = "<pre>FOUND" + JSON.stringify(seen).replace(/&/g, "&amp;") + "FOUND</pre>";
});</script>"""


@needs_chromium
def test_enter_on_a_button_grades_nothing_and_ctrl_s_saves(tmp_path):
    homework = homeworks.load("hw0")
    page = page_of_one_answer(homework, rubric.load(homework)["4q"])
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", STEPS + "</body>"), encoding="utf-8")
    seen = json.loads(html.unescape(dom(path).split("FOUND")[-2]))
    assert seen["taken"] == [False, False, False] and seen["done"] == {}
    assert seen["stopped"] and seen["saved"] == ["hw0-4q-Ada.json"]
