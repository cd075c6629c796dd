"""What the handout asks for and no points hang on is said in a note."""

import pytest

from autograder import engine
from autograder.run.notes import ADVICE
from common import homework as homeworks

FORWARD = "        update = F.linear(F.linear(x, self.down), self.up)\n"
FORMED = {
    "B·A": "        update = F.linear(x, self.up @ self.down)\n",
    "its transpose": "        update = x @ (self.down.T @ self.up.T)\n",
}
NOT_FORMED = {
    "the solution": FORWARD,
    "by hand": "        update = (x @ self.down.T) @ self.up.T\n",
    "the weight looked at": "        self.layer.weight.T.to(x.dtype)\n" + FORWARD,
}


@pytest.mark.parametrize(
    "line", [*FORMED.values(), *NOT_FORMED.values()], ids=[*FORMED, *NOT_FORMED]
)
def test_a_product_that_is_formed_is_told_and_costs_nothing(line, solved, worker):
    folder = solved("hw3")
    path = folder / "lora.py"
    text = path.read_text(encoding="utf-8")
    assert FORWARD in text
    path.write_text(text.replace(FORWARD, line), encoding="utf-8")
    result = engine.grade(homeworks.load("hw3"), submission=folder, only="2b", worker=worker)
    assert result.complete
    told = [note.text for note in result.notes if note.kind == ADVICE]
    assert len(told) == (line in FORMED.values())
    assert all("B·A" in text for text in told)
