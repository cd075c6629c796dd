"""The written half: answers are never lost, runs fill the tables, a question begins each page."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from common import homework as homeworks
from common import plots
from common.errors import KitError
from common.report import __main__ as report
from common.report.results import Results, over_seeds
from common.report.writeup import cut, load_writeup, questions
from tests.conftest import HOMEWORKS
from tests.helpers.browser import faults, needs_chromium

ROOT = homeworks.ROOT
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
ANY = "1 < 2 & 3 > 2 | `{{x}}` {{loss}} é 漢 🙂 \u202e \x00\x07 \\frac{a}{b} $x_1$ <script>alert(1)</script>"


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A kit with homework 0 alone, to write in."""
    (tmp_path / "hw0").mkdir()
    for name in ("homework.toml", "writeup.md"):
        shutil.copyfile(ROOT / "hw0" / name, tmp_path / "hw0" / name)
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(root, name, seed, **result):
    folder = root / "runs" / "hw0" / f"{name}-seed{seed}"
    folder.mkdir(parents=True)
    config = {
        "homework": "hw0",
        "experiment": name,
        "seed": seed,
        "data": "generated",
        "tiny": False,
    }
    config |= {key: result.pop(key) for key in ("lr", "tiny") if key in result}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "metrics.csv").write_text("step,loss\n1,3.5\n2,1.25\n3,2.0\n")
    (folder / "curves.png").write_bytes(PNG)
    return folder


def make_all(root, seeds=(0,)):
    for name in ("shared-99", "shared-50", "separate-99", "separate-50"):
        for seed in seeds:
            make_run(
                root,
                name,
                seed,
                test_mse=0.8 + seed / 100,
                epoch_mse=seed + 2,
                test_mrr=0.1,
                epoch_mrr=9,
            )
    for name in ("compare-seed0.png", "overfitting.png"):
        (root / "runs" / "hw0" / name).write_bytes(PNG)


def answer(path, text=ANY, newline="\n"):
    """Type the text below everything that is asked, and a name."""
    lines, out = path.read_text(encoding="utf-8").splitlines(), []
    for number, line in enumerate(lines):
        out.append("Name: Ada" if line == "Name:" else line)
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith(">") and not following.startswith(">"):
            out += ["", text, ""]
    path.write_bytes(newline.join([*out, ""]).encode("utf-8"))


def page_of(root):
    return (root / "runs" / "hw0" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_answers_stay_and_the_report_is_the_same_when_made_again(kit, newline, capsys):
    make_all(kit)
    answer(kit / "hw0/writeup.md", newline=newline)
    typed = (kit / "hw0/writeup.md").read_bytes()
    assert report.main(["hw0"]) == 0, capsys.readouterr().out
    first = page_of(kit)
    assert report.main(["hw0"]) == 0
    assert (kit / "hw0/writeup.md").read_bytes() == typed
    assert page_of(kit) == first
    assert first.count("漢 🙂") == 7 and "<script>alert" not in first
    assert first.count("&lt;script&gt;alert(1)") == 7 and "{{loss}}" in first
    text = (kit / "runs/hw0/report.md").read_text(encoding="utf-8")
    assert text.count("漢 🙂") == 7 and "0.8" in text and "](compare-seed0.png)" in text


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda t: t.replace("## 4q ·", "# 4q ·"), "heading of 4q is missing or damaged"),
        (lambda t: t.replace("## 4q ·", "## 4 q ·"), "heading of 4q is missing or damaged"),
        (lambda t: t.replace("## 5p ·", "## 4p ·"), "a second heading '## 4p ·'"),
        (
            lambda t: (
                t.replace("## 4p ·", "## 5q#")
                .replace("## 5q ·", "## 4p ·")
                .replace("## 5q#", "## 5q ·")
            ),
            "stand in the order 5q, 4q, 5p, 4p",
        ),
        (lambda t: t.replace("## 4q", "```\n## 4q"), "block of code that does not end"),
        (lambda t: "", "heading of 4p is missing"),
    ],
)
def test_damaged_marks_are_named_and_nothing_is_written(kit, spoil, told):
    make_all(kit)
    path = kit / "hw0/writeup.md"
    assert report.main(["hw0"]) == 1
    before = page_of(kit)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    damaged = path.read_bytes()
    with pytest.raises(KitError, match=re.escape(told)) as error:
        report.main(["hw0"])
    assert "writeup.md" in str(error.value)
    assert path.read_bytes() == damaged and page_of(kit) == before


def test_other_encodings(kit):
    path = kit / "hw0/writeup.md"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())  # as some editors on Windows save it
    assert report.main(["hw0"]) == 1
    path.write_bytes(text.encode() + b"caf\xe9\n")
    with pytest.raises(KitError, match=rf"line {text.count(chr(10)) + 1}: not UTF-8"):
        report.main(["hw0"])


def test_headings_in_answers_and_code_are_no_marks(kit):
    homework = homeworks.load("hw0", kit)
    text = (kit / "hw0/writeup.md").read_text(encoding="utf-8")
    text = text.replace("## 5q ·", "## My own · heading\n\n```\n## 5q ·\n```\n\n## 5q ·")
    ids = [section.question.id for section in cut(text, homework).sections]
    assert ids == ["4p", "4q", "5p", "5q", "X"]


@pytest.mark.parametrize("target", ["hw0/writeup.html", "hw0/README.html"])
def test_nothing_that_it_did_not_make_is_written_over(kit, target):
    (kit / "hw0/README.md").write_text("mine")
    before = (kit / target).with_suffix(".md").read_bytes()
    with pytest.raises(KitError, match="was not made by this command"):
        report.main(["hw0", "-o", target])
    assert (kit / target).with_suffix(".md").read_bytes() == before and not (kit / target).exists()


def test_what_is_missing_is_listed_with_its_command(kit, capsys):
    make_run(kit, "shared-99", 0, test_mse=0.8, epoch_mse=2, test_mrr=0.1, epoch_mrr=9)
    (kit / "runs/hw0/overfitting.png").write_text("no picture")
    assert report.main(["hw0"]) == 1
    out, page = capsys.readouterr().out, page_of(kit)
    for told in (
        "python -m hw0.train --experiment shared-50\n",
        "figure runs/hw0/compare-seed0.png\n  python -m hw0.train --experiment all",
        "answer to 4q: part 1, 2",
        "your name",
    ):
        assert told in out
    assert "surgery" not in out  # extra credit is not asked for
    assert "python -m hw0.train --experiment shared-50" in page
    assert "is not a picture that can be shown" in page and page.count('class="room"') == 7


def test_answered_in_part(kit):
    homework = homeworks.load("hw0", kit)
    text = (kit / "hw0/writeup.md").read_text(encoding="utf-8")
    text = text.replace("not.\n\n## 5p", "not.\n![my drawing](photo.jpg)\n\n## 5p")
    sections = {s.question.id: list(s.unanswered.values()) for s in cut(text, homework).sections}
    assert sections == {"4p": [""], "4q": ["1"], "5p": [""], "5q": ["1", "2"], "X": [""]}


def test_tables_over_seeds(kit):
    for seed, mse in ((0, 0.80), (1, 0.82), (2, 0.87)):
        make_run(kit, "a", seed, test_mse=mse, epoch=seed + 1, deep={"x": [1.5, 2.5], "y/z": 3.5})
    make_run(kit, "a", 3, test_mse=9.0, lr=1.0, epoch=1)  # set up otherwise
    make_run(kit, "a", 4, test_mse=9.0, tiny=True, epoch=1)
    (kit / "runs/hw0/a-seed1.old1").mkdir()
    results = Results(homeworks.load("hw0"), kit / "runs" / "hw0")
    # by hand: mean .83, standard deviation .036056, standard error .020817, times 4.303
    assert results.cell("{{test_mse}}", "a") == "0.830 ± 0.090"
    assert results.cell("{{a: epoch}}", "other") == "1, 2, 3"
    assert results.cell("{{deep/x/1}}", "a") == "2.5000 ± 0.0000"
    assert results.cell("{{deep/y/z}}", "a") == "3.5000 ± 0.0000"
    assert results.cell("{{last/loss}}", "a-seed0") == "2"
    assert results.cell("{{max/loss}} ", "a").strip() == "{{max/loss}}"  # only a whole cell
    assert results.cell("{{max/loss}}", "a-seed0") == "3.5"
    assert results.cell("{{min/loss}}", "a-seed0") == "1.25"
    assert any("its lr is not that of" in note for note in results.notes)
    assert not results.missing
    runs = results.of("a")
    assert all(
        runs[0].look_up(key) is None for key in ("deep/x/2", "deep/x/-1", "deep/y", "epoch/0")
    )
    assert results.cell("{{nonsense}}", "a") == results.cell("{{test_mse}}", "b") == "missing"
    assert len(results.missing) == 2


@pytest.mark.parametrize(
    "typed, shown",
    [
        ("Of {{hw0/a.test_accuracy}} all.", "Of 0.900 ± 0.020 all."),
        ("{{ hw0/rate-0.4.test_accuracy }}", "0.940 ± 0.010"),
        ("{{hw0/rate-0.4-seed0.last/loss}}", "2"),
        ("{{hw0/a.deep/mrr}} and {{hw0/a.pair}}", "0.500 ± 0.030 and 0.700 ± 0.050"),
        ("{{hw0/a.test_accuracy ± pair/1}}", "0.900 ± 0.050"),
        ("{{hw0/table.json.rows/0/accuracy}}", "0.300 ± 0.010"),
        ("{{hw1/a.test_accuracy}}{{hw0/a}}{{hw0/b.x}}", "missing" * 3),
        ("{{hw0/../secret.json.x}}", "missing"),
        ("{{x}} {{hw0}} {{a.test_accuracy}}", "{{x}} {{hw0}} {{a.test_accuracy}}"),
    ],
)
def test_a_sentence_takes_numbers_from_runs(typed, shown, kit):
    make_run(
        kit,
        "a",
        0,
        test_accuracy=0.9,
        test_interval=0.02,
        pair=[0.7, 0.05],
        deep={"mrr": 0.5, "interval": 0.03},
    )
    make_run(kit, "rate-0.4", 0, test_accuracy=0.94, test_interval=0.01)
    table = {"rows": [{"accuracy": 0.3, "interval": 0.01}]}
    (kit / "runs/hw0/table.json").write_text(json.dumps(table))
    (kit / "runs/secret.json").write_text('{"x": 1}')
    results = Results(homeworks.load("hw0"), kit / "runs" / "hw0")
    assert results.fill(("```", typed, "```", typed)) == ["```", typed, "```", shown]
    asked = shown.count("missing")
    assert len(results.missing) + len(results.notes) == asked


def test_the_report_sets_a_number_and_names_a_run_that_is_not_there(kit, capsys):
    make_all(kit)
    answer(kit / "hw0/writeup.md", "MSE is {{hw0/shared-50.test_mse}}, not {{hw0/shared-5.x}}.")
    assert report.main(["hw0"]) == 1
    assert "MSE is 0.8, not missing." in (kit / "runs/hw0/report.html").read_text()
    assert "run shared-5" in capsys.readouterr().out


def test_one_seed_gives_the_interval_of_the_run():
    assert over_seeds([0.9335], 0.009125) == "0.9335 ± 0.0091"
    assert over_seeds([0.9335], None) == "0.9335"
    assert over_seeds([3.4e-14], None) == "3.4e-14"
    assert over_seeds([1.0, 1.2], 0.5) == "1.1 ± 1.3"  # 12.706 · 0.1
    assert over_seeds([float("nan")], 0.1) == "nan"


def test_a_damaged_run_is_a_missing_run(kit, capsys):
    make_all(kit)
    (kit / "runs/hw0/shared-50-seed0/result.json").write_text('{"test_mse": ')
    (kit / "runs/hw0/separate-50-seed0/config.json").write_text("[]")
    (kit / "runs/hw0/separate-99-seed0/metrics.csv").write_text("step,loss\n1,a\n")
    assert report.main(["hw0"]) == 1
    out = capsys.readouterr().out
    assert "run shared-50" in out and "run separate-50" in out and "run separate-99" not in out


def test_a_picture_of_another_seed_takes_its_place(kit):
    make_all(kit, seeds=(2, 10))
    (kit / "runs/hw0/compare-seed0.png").rename(kit / "runs/hw0/compare-seed10.png")
    (kit / "runs/hw0/compare-seed2.png").write_bytes(PNG)
    report.main(["hw0"])
    assert "<code>hw0/compare-seed2.png</code>" in page_of(kit)
    path = kit / "hw0/writeup.md"
    text = path.read_text(encoding="utf-8").replace("compare-seed0.png", "compare-seed-1.png")
    path.write_text(text, encoding="utf-8")
    report.main(["hw0"])
    assert "<code>hw0/compare-seed2.png</code>" in page_of(kit)


def test_the_page_stands_alone_and_is_told_to_those_who_do_not_see(kit):
    make_all(kit)
    answer(kit / "hw0/writeup.md", "![](photo%201.jpg) ![net](https://example.org/x.png)")
    (kit / "hw0" / "photo 1.jpg").write_bytes(b"\xff\xd8\xff" + b"0" * 9)
    report.main(["hw0", "--name", 'A "quoted" } <b> \\ name'])
    page = page_of(kit)
    assert '<html lang="en">' in page and page.count("<h1>") == 1
    assert not re.search(r'src="(?!data:image/)', page) and "<link" not in page
    for image in re.findall(r"<img [^>]*>", page):
        assert re.search(r'alt="[^"]+"', image), image[:80]
    assert "photo 1" in page and "a picture on the network is not shown" in page
    style = page.split("<style>")[2].split("</style>")[0]
    assert style.count("{") == style.count("}") and "<b>" not in style
    assert page.count("{ page: q-") == 5  # every question begins a page of its own
    assert len(re.findall(r'<p class="strip">.*?&lt;b&gt;', page)) == 6


@needs_chromium
def test_a_browser_finds_no_fault(kit, tmp_path):
    make_all(kit)
    rows = [{"step": step, "loss": step / 3} for step in range(100)]
    plots.curves({"one": rows, "two": rows}, ["loss"], kit / "runs/hw0/compare-seed0.png")
    answer(kit / "hw0/writeup.md", r"wide `x` $\frac{1}{2}$" + "\n\n# deep\n\n    " + "y" * 300)
    report.main(["hw0"])
    assert faults(page_of(kit), tmp_path) == []


def test_an_answer_right_below_what_is_asked_is_no_part_of_the_quotation(kit):
    path = kit / "hw0/writeup.md"
    text = path.read_text(encoding="utf-8").replace("not.\n\n## 5p", "not.\nMy own line\n\n## 5p")
    path.write_text(text, encoding="utf-8")
    report.main(["hw0"])
    assert "<p>My own line</p>" in page_of(kit).split("</blockquote>")[3]


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_homework_makes_a_report_without_any_run(hw, tmp_path):
    homework = homeworks.load(hw)
    path = ROOT / hw / "writeup.md"
    made = report.assemble(homework, path, tmp_path / "none")
    page = report.render(made)
    assert page.count('<section class="sheet" id=') >= 1 + len(
        [q for q in questions(homework) if not q.extra]
    )
    lost = [what for what, how in made.results.missing.items() if how.startswith("train it, or")]
    assert not lost, f"{hw}/homework.toml does not say what makes {lost}"


def test_the_markdown_by_itself_lists_a_picture_that_is_missing(kit):
    make_all(kit)
    (kit / "runs/hw0/overfitting.png").unlink()
    made = report.assemble(homeworks.load("hw0"), kit / "hw0/writeup.md", kit / "runs/hw0")
    assert "- missing: figure runs/hw0/overfitting.png" in report.as_markdown(made, kit)


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_nothing_is_answered_in_the_kit(hw):
    for section in load_writeup(ROOT / hw / "writeup.md", homeworks.load(hw)).sections:
        assert section.unanswered, f"{hw} {section.question.id} asks nothing: quote it, > **…**"


def test_the_command_line(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "common.report", *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    told = run("--help")
    assert told.returncode == 0 and "example:" in told.stdout and "exit code" in told.stdout
    bad = run("hw9")
    assert bad.returncode == 2 and len(bad.stderr.splitlines()) == 1 and "hw0" in bad.stderr
    bad = run("hw0", "-o", tmp_path / "a.pdf")
    assert bad.returncode == 2 and "ends in .html" in bad.stderr
    done = run("hw0", "--runs", tmp_path, "-o", tmp_path / "some where" / "a.html")
    assert done.returncode == 1 and (tmp_path / "some where" / "a.md").is_file(), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_has_gone_is_no_traceback(tmp_path):
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "common.report", "hw0", "--runs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    assert done.returncode == 1 and done.stderr == b""
    assert (tmp_path / "hw0" / "report.html").is_file()


@pytest.mark.parametrize("seeds, stated", [((0,), False), ((0,), True), ((0, 1), False)])
def test_intervals_are_explained_where_there_are_any(kit, seeds, stated):
    make_all(kit, seeds)
    if stated:
        result = kit / "runs/hw0/shared-99-seed0/result.json"
        result.write_text(json.dumps(json.loads(result.read_text()) | {"test_interval": 0.01}))
        path = kit / "hw0" / "writeup.md"
        with_interval = "| shared-99 | {{test_mse ± test_interval}}"
        path.write_text(path.read_text().replace("| shared-99 | {{test_mse}}", with_interval))
    report.main(["hw0"])
    assert ("Each run was made with one seed" in page_of(kit)) == stated
    assert ("Of several seeds" in page_of(kit)) == (len(seeds) > 1)


def test_the_cover_says_how_far_each_run_is(kit):
    make_run(kit, "shared-99", 0, test_mse=0.8, epoch_mse=2, test_mrr=0.1, epoch_mrr=9)
    (make_run(kit, "shared-50", 0) / "result.json").unlink()
    make_run(kit, "separate-99", 0, tiny=True)
    assert report.main(["hw0"]) == 1
    rows = re.findall(r'<tr><th scope="row">(s[\w-]+)</th><td>([^<]*)</td>', page_of(kit))
    assert rows == [
        ("shared-99", "finished"),
        ("shared-50", "stopped, can be gone on with"),
        ("separate-99", "left out: made with --tiny"),
        ("separate-50", "not made yet"),
    ]


def test_what_the_report_lacks_is_counted_and_made_by_one_command(kit, capsys):
    assert report.main(["HW0"]) == 1
    said = capsys.readouterr().out
    lacking = said.count("missing: ")
    assert f"it lacks what is listed above: {lacking} (exit code 1)" in said
    assert "all runs at once: python -m common.experiments hw0" in said


def test_a_picture_of_the_kit_has_its_numbers_as_a_table(kit):
    make_all(kit)
    rows = [{"step": step, "loss": step / 3} for step in range(100)]
    path = kit / "runs/hw0/compare-seed0.png"
    plots.curves({"<b>one": rows, "two": rows[:4]}, ["loss"], path)
    report.main(["hw0"])
    page = page_of(kit)
    assert "<caption>loss: &lt;b&gt;one</caption>" in page and '<td class="n">1.333</td>' in page
    assert page.count("<caption>") == 2 and page.count("<figure") > 2  # of other pictures, none


@pytest.mark.parametrize(
    "held", ["{", "[1]", '[{"x": 1}]', '[{"x": "", "y": "", "curve": "", "points": [1]}]']
)
def test_damaged_numbers_of_a_picture_are_left_out(kit, held):
    make_all(kit)
    about = PngInfo()
    about.add_text(plots.NUMBERS, held)
    Image.new("RGB", (4, 4)).save(kit / "runs/hw0/compare-seed0.png", pnginfo=about)
    report.main(["hw0"])
    assert "<caption>" not in page_of(kit) and page_of(kit).count("<img") > 2


def test_a_run_that_was_stopped_before_its_picture_is_gone_on_with(kit, capsys):
    make_all(kit)
    (kit / "runs/hw0/shared-50-seed0/curves.png").unlink()
    path = kit / "hw0" / "writeup.md"
    text = path.read_text().replace("runs/hw0/compare-seed0", "runs/hw0/shared-50-seed0/curves")
    path.write_text(text)
    assert report.main(["hw0"]) == 1
    assert "python -m hw0.train --experiment shared-50 --resume" in capsys.readouterr().out


def test_the_picture_of_cosines_is_shown_only_where_they_were_measured(kit, capsys):
    make_all(kit)
    command = "python -m hw0.train --experiment shared-50 --cosine"
    assert report.main(["hw0"]) == 1  # nothing is answered
    assert f"cosine.png is missing: {command}" in page_of(kit)
    assert command not in capsys.readouterr().out, "an extra is not asked for"
    Image.new("RGB", (4, 4)).save(kit / "runs/hw0/shared-50-seed0/cosine.png")
    report.main(["hw0"])
    assert "cosine.png is missing" not in page_of(kit)
    assert "shared-50-seed0/cosine.png</code>" in page_of(kit)


def test_a_picture_of_a_tiny_run_is_said_not_to_be_of_the_run_asked_for(kit, capsys):
    make_all(kit)
    path = kit / "hw0" / "writeup.md"
    path.write_text(path.read_text().replace("compare-seed0.png", "shared-99-seed0/curves.png"))
    shutil.rmtree(kit / "runs/hw0/shared-99-seed0")
    folder = make_run(kit, "shared-99", 0, tiny=True, test_mse=1.0)
    Image.new("RGB", (4, 4)).save(folder / "curves.png")
    report.main(["hw0"])
    assert "this one is made with --tiny</span>" in page_of(kit)
    assert "run shared-99" in capsys.readouterr().out
    shutil.rmtree(folder)
    folder = make_run(kit, "shared-99", 0, test_mse=1.0)
    Image.new("RGB", (4, 4)).save(folder / "curves.png")
    report.main(["hw0"])
    assert "asked for: this one is" not in page_of(kit)


def test_the_cover_has_the_runs_of_pictures_too(kit):
    make_all(kit)
    path = kit / "hw0" / "writeup.md"
    lines = [line for line in path.read_text().splitlines() if "{{" not in line]
    path.write_text("\n".join(lines).replace("compare-seed0.png", "separate-50-seed0/curves.png"))
    report.main(["hw0"])
    assert '<th scope="row">separate-50</th><td>finished</td>' in page_of(kit)
