"""Homework 3, language: the models, their texts, and what the solutions make of them."""

import hashlib
import importlib.util
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from common.homework import ROOT
from tests.conftest import HOMEWORKS
from tests.helpers.homeworks import solution

pytestmark = pytest.mark.skipif("hw3" not in HOMEWORKS, reason="homework 3 is not here")
REAL = Path(os.environ.get("KIT_DATA", "/nowhere"))
BEGINNING = (  # of the text in the model's own documentation
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park."
)
ALL_CORES = "import os, torch; torch.set_num_threads(os.cpu_count())"
REQUIRED = ("stars", "in-context", "orders", "tune-or-ask", "summaries")

# --- the kit's models ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["small", "large"])
def test_the_weights_are_those_of_their_record(size):
    from hw3.models.language import WEIGHTS, kit_model

    path = WEIGHTS / f"language-{size}.pt"
    record = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert path.stat().st_size == record["bytes"] <= 2_000_000
    state = torch.load(path, weights_only=True)
    assert all(value.dtype == torch.float16 for value in state.values())
    model = kit_model(size).model
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]


def test_weights_that_were_changed_are_refused(tmp_path, monkeypatch):
    from common.errors import KitError
    from hw3.models import language

    for name in ("language-small.pt", "language-small.json"):
        (tmp_path / name).write_bytes((language.WEIGHTS / name).read_bytes())
    monkeypatch.setattr(language, "WEIGHTS", tmp_path)
    language.kit_model("small")
    with (tmp_path / "language-small.pt").open("ab") as file:
        file.write(b"x")
    with pytest.raises(KitError, match="unpack the kit again"):
        language.kit_model("small")


def test_a_prediction_depends_on_no_later_token():
    from hw3.models.language import make_untrained

    torch.manual_seed(0)
    model = make_untrained("small").eval()
    tokens = torch.randint(0, 100, (2, 12))
    changed = tokens.clone()
    changed[:, 7:] = torch.randint(100, 140, (2, 5))
    with torch.no_grad():
        one, other = model(tokens), model(changed)
    assert torch.allclose(one[:, :7], other[:, :7], atol=1e-6)
    assert not torch.allclose(one[:, 7:], other[:, 7:], atol=1e-3)


def _accuracy(language, k, tasks=12, queries=10):
    """In-context accuracy, with prompts written and labels read here."""
    from hw3.data.tasks import opinions

    prompting, rng, right = solution("hw3", "prompting"), np.random.default_rng(0), []
    for _ in range(tasks):
        task = opinions(rng)
        supports = task.draw(rng, k)
        labels = [language.tokenizer.encode(name)[0] for name in task.names]
        for text, answer in task.draw(rng, queries):
            prompt = prompting.in_context_prompt(supports, text, "plain", rng)
            tokens = torch.tensor([language.tokenizer.encode(prompt)])
            with torch.no_grad():
                logits = language.model(tokens)[0, -1, labels]
            right.append(task.names[int(logits.argmax())] == answer)
    return np.mean(right)


@pytest.mark.parametrize("size", ["small", "large"])
def test_in_context_accuracy_rises_from_chance(size):
    from hw3.models.language import kit_model

    language = kit_model(size)
    assert 0.3 < _accuracy(language, 0) < 0.7  # 120 questions: within four standard errors
    assert _accuracy(language, 16) > 0.8


def _longest(supports, queries, styles, more=0):
    """The tokens of the longest prompt, and of what follows it."""
    from hw3.data.vocabulary import WordTokenizer

    write, rng = solution("hw3", "prompting").in_context_prompt, np.random.default_rng(0)
    return more + max(
        len(WordTokenizer().encode(write(supports, text, style, rng)))
        for text, *_ in queries
        for style in styles
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_experiment_cuts_a_prompt(seed):
    from hw3.data import stories, tasks
    from hw3.experiments import asking, orders, summaries, tune_or_ask
    from hw3.models.language import CONTEXT

    rng = np.random.default_rng(seed)
    asked = dict.fromkeys(tune_or_ask.TASKS.values(), tune_or_ask.ROOM)
    asked[tasks.opinions] = max(asking.COUNTS)
    for draw, count in asked.items():
        task = draw(rng)
        supports, queries = task.draw(rng, count), task.draw(rng, 20)
        styles = ("plain", "question", "summary", "own")
        shown = styles if draw is tasks.opinions else (task.style,)
        assert _longest(supports, queries, shown) <= CONTEXT
    task = orders.task(rng)
    assert _longest(task.draw(rng, orders.SUPPORTS), task.draw(rng, 20), [task.style]) <= CONTEXT
    told = [stories.story(rng, summaries.WORDING) for _ in range(summaries.ROOM + 20)]
    supports, queries = told[: summaries.ROOM], told[summaries.ROOM :]
    assert _longest(supports, queries, [summaries.STYLE], more=12) <= CONTEXT


def test_a_cut_prompt_is_told_once(capsys):
    from hw3.experiments.adapting import fit_to_context
    from hw3.models.language import CONTEXT, kit_model

    language = kit_model("small")
    language.source = "a model of this test"
    long = " ".join(["soup"] * (CONTEXT + 30) + ["zib"])
    rows = fit_to_context(language, ["good soup :", long], more=2)
    assert [len(row) for row in rows] == [3, CONTEXT - 2]
    assert rows[1][-1] == language.tokenizer.encode("zib")[0], "the end of the prompt is kept"
    said = capsys.readouterr().out
    assert "a model of this test has room for 190 tokens; 1 of 2 prompts have up to 223" in said
    fit_to_context(language, [long])
    fit_to_context(kit_model("small"), ["good soup :"])
    assert not capsys.readouterr().out


def test_every_word_of_the_texts_is_known():
    from hw3.data.documents import SHARES, pieces
    from hw3.data.vocabulary import UNKNOWN, WORDS, WordTokenizer

    assert len(set(WORDS)) == len(WORDS)
    tokenizer, rng = WordTokenizer(), np.random.default_rng(0)
    for kind in SHARES:
        for _ in range(10):
            document = pieces(rng, kind)
            for _ in range(20):
                text = " ".join(next(document))
                assert tokenizer.decode(tokenizer.encode(text)) == text
                assert UNKNOWN not in tokenizer.decode(tokenizer.encode(text))


def test_label_words_change_from_document_to_document():
    from hw3.data.documents import pieces

    rng, seen = np.random.default_rng(0), set()
    for _ in range(40):
        document = pieces(rng, "reviews")
        seen.add(frozenset(next(document)[1] for _ in range(30)))
    assert len(seen) > 30


def test_the_answers_of_stories_are_right():
    from hw3.data import stories

    rng = np.random.default_rng(0)
    replies = []
    for _ in range(200):
        asked = stories.where(rng, 4, 2)
        name = asked.text.split("where is ")[1].split()[0]
        moves = [line.split() for line in asked.text.split(" . ") if line.startswith(name)]
        assert moves[-1][4] == asked.answer
        asked = stories.yes_or_no(rng, 3, 2)
        lines, _, question = asked.text.rpartition(" . is ")
        name, place = question.split()[0], question.split()[3]
        moves = [line.split() for line in lines.split(" . ") if line.startswith(name)]
        assert (moves[-1][4] == place) == (asked.answer == "yes")
        replies.append(asked.answer)
    assert 60 < replies.count("yes") < 140


def test_reviews_have_the_tone_of_their_stars():
    from hw3.data import reviews
    from hw3.data.vocabulary import TONES

    rng = np.random.default_rng(0)
    for stars in range(1, 6):
        tones = []
        for _ in range(200):
            text = reviews.draw(rng, 2, stars).text
            tones += [t for word in text.split() for t, some in enumerate(TONES) if word in some]
        assert len(tones) == 400 and np.mean(np.array(tones) == stars - 1) > 0.7
        assert max(abs(t - stars + 1) for t in tones) <= 1


# --- the solutions ------------------------------------------------------------------------------


def test_a_batch_of_prompts_and_answers_is_scored_as_each_by_itself():
    from hw3.models.language import make_untrained

    torch.manual_seed(0)
    tokens, model = solution("hw3", "tokens"), make_untrained("small").eval()
    prompts, answers = [[5, 6, 7], [8], [9, 10, 11, 12, 13]], [[20], [21, 22, 23], [24, 25]]
    together = tokens.make_batch(prompts, answers, 0, 3, 50)
    with torch.no_grad():
        loss, _ = tokens.token_loss(model(together[0]), together[1])
        total, count = 0.0, 0
        for prompt, answer in zip(prompts, answers):
            row, wanted, _ = tokens.make_batch([prompt], [answer], 0, 3, 50)
            one, _ = tokens.token_loss(model(row), wanted)
            total, count = total + one.item() * (len(answer) + 1), count + len(answer) + 1
    assert loss.item() == pytest.approx(total / count, rel=1e-5)


def test_accumulation_in_parts_is_the_whole_batch():
    from hw3.models.language import make_untrained

    tokens, step = solution("hw3", "tokens"), solution("hw3", "accumulation").accumulated_step
    prompts = [[5, 6, 7], [8], [9, 10, 11, 12, 13], [4, 4]]
    answers = [[20], [21, 22, 23], [24, 25], [26]]
    gradients = []
    for cuts in ([0, 4], [0, 1, 3, 4]):
        torch.manual_seed(0)
        model = make_untrained("small")
        parts = [
            tokens.make_batch(prompts[a:b], answers[a:b], 0, 3, 50)[:2]
            for a, b in itertools.pairwise(cuts)
        ]
        step(
            model,
            parts,
            torch.optim.SGD(model.parameters(), lr=0.0),
            lambda logits, labels: tokens.token_loss(logits, labels)[0],
        )
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert gradients[0].norm() > 0
    assert torch.allclose(*gradients, atol=1e-6)


# --- ROUGE-L, readers, real models --------------------------------------------------------------


@pytest.mark.parametrize(
    "written, wanted, score",
    [
        ("a b c d", "a b c d", 1.0),
        ("a b", "c d", 0.0),
        ("", "a", 0.0),
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("d a b", "a b c", 2 * 2 / 6),
    ],
)
def test_rouge_l(written, wanted, score):
    from hw3.experiments.rouge import rouge_l

    assert rouge_l(written, wanted) == pytest.approx(score)


def test_babi_files_are_read_line_by_line():
    from hw3.data.babi import parse

    text = (
        "1 Mary went home.\n2 Where is Mary? \thome\t1\n3 Mary left.\n4 Who left?\tMary\t3\n"
        "1 John sat.\n2 Is John up? \tno\t1\n"
    )
    assert [tuple(q) for q in parse(text)] == [
        ("Mary went home. Where is Mary?", "home"),
        ("Mary went home. Mary left. Who left?", "Mary"),
        ("John sat. Is John up?", "no"),
    ]


@pytest.mark.skipif(not (REAL / "babi").is_dir(), reason="bAbI is not on disk")
def test_real_babi():
    from hw3.data import babi

    for task in (1, 6):
        assert len(babi.read(task, "train")) == len(babi.read(task, "test")) == 1000


@pytest.mark.skipif(not (REAL / "text").is_dir(), reason="the reviews are not on disk")
def test_real_reviews():
    from hw3.data import clothing

    found = clothing.read()
    assert len(found) == 22_641 and {stars for _, stars in found} == {1, 2, 3, 4, 5}


@pytest.mark.skipif(not (REAL / "weights").is_dir(), reason="the story model is not on disk")
def test_the_story_model_tells_the_known_story():
    from hw3.models.stories import story_model

    language = story_model()
    found = solution("hw3", "prompting").greedy_decode(
        language.model, language.tokenizer.encode(""), 60, -1, language.model.context
    )
    assert language.tokenizer.decode(found).startswith(BEGINNING)
    said = "Tom's dog, Max: 3 balls!"
    assert language.tokenizer.decode(language.tokenizer.encode(said)[1:]) == said


def test_what_is_not_on_disk_is_said_in_one_line(tmp_path):
    from common.errors import KitError
    from hw3.data import babi, clothing
    from hw3.models.stories import story_model

    for read in (
        lambda: babi.read(1, "test", str(tmp_path)),
        lambda: clothing.read(str(tmp_path)),
        lambda: story_model(str(tmp_path)),
    ):
        with pytest.raises(KitError, match="--data DIR or KIT_DATA"):
            read()


def test_the_student_functions_run_on_transformers():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from hw3.models.hub import Decoder

    torch.manual_seed(0)
    gpt2 = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=2, n_head=2)
    )
    bert = transformers.BertLMHeadModel(
        transformers.BertConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            is_decoder=True,
        )
    )
    tokens, step = solution("hw3", "tokens"), solution("hw3", "accumulation").accumulated_step
    for inner in (gpt2, bert):
        model = Decoder(inner).eval()
        assert len(model.blocks) == 2 and model.context == 32
        found = solution("hw3", "prompting").greedy_decode(model, [4, 5, 6], 4, -1, model.context)
        assert len(found) == 4
        batch = tokens.make_batch([[5, 6, 7], [8]], [[20], [21, 22]], 0, 3, model.context)[:2]
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        losses = [
            step(model, [batch], optimizer, lambda logits, y: tokens.token_loss(logits, y)[0])
            for _ in range(15)
        ]
        assert losses[-1] < losses[0] - 0.5


def test_a_missing_package_is_named():
    if importlib.util.find_spec("transformers"):
        pytest.skip("transformers is installed")
    from common.errors import KitError
    from hw3.models.hub import hub_model

    with pytest.raises(KitError, match="pip install transformers"):
        hub_model("gpt2")


# --- experiments --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*REQUIRED, "regression"])
def test_an_experiment_runs_through(name, train, tmp_path):
    predict = ("--predict", "asked by 0.2") if name == "tune-or-ask" else ()
    done = train("hw3", "--experiment", name, "--tiny", "--out", tmp_path / "run", *predict)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("you said asked by 0.2; it was" in done.stdout) == bool(predict)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"config.json", "metrics.csv", "checkpoint.pt", "curves.png", "result.json"} <= names
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["data"] == "generated" and config["tiny"] is True


def test_cells_that_were_measured_are_not_measured_again(tmp_path):
    from common.errors import Stopped
    from common.training.runs import RunFolder, read_checkpoint
    from hw3.experiments.measuring import measure_all

    cells, seen = [{"seed": 0}, {"seed": 1}, {"seed": 2}], []

    def measure(seed):
        seen.append(seed)
        if seen == [0, 1]:
            raise KeyboardInterrupt
        return {"value": 10 * seed}

    with pytest.raises(Stopped, match="1 of 3"):
        measure_all(RunFolder(tmp_path, {"a": 1}), cells, measure)
    first = read_checkpoint(tmp_path / "checkpoint.pt")["seconds"]
    record = RunFolder(tmp_path, {"a": 1}, resume=True)
    rows = measure_all(record, cells, measure)
    assert record.seconds > first > 0, "the time of both sittings"
    assert seen == [0, 1, 1, 2] and [row["value"] for row in rows] == [0, 10, 20]


def test_named_cells_give_a_row_a_seed(tmp_path):
    from common.training.runs import RunFolder, read_metrics
    from hw3.experiments.measuring import by_seed, columns_of, measure_all, named_cells

    record, cells = RunFolder(tmp_path, {}), named_cells([3, 4], ["one", "two"])
    measure = lambda seed, name: {"in": seed, "out": len(name)} if name == "one" else {"x": -seed}  # noqa: E731
    rows = measure_all(record, cells[:3], measure, by_seed)
    first, second = read_metrics(tmp_path)
    assert first == {"step": 3, "one/in": 3, "one/out": 3, "two": -3}
    assert second["one/in"] == 4 and np.isnan(second["two"]), "a cell that is not there yet"
    rows = measure_all(record, cells, measure, by_seed)
    assert {name: list(values) for name, values in columns_of(rows).items()} == {
        "one/in": [3, 4],
        "one/out": [3, 3],
        "two": [-3, -4],
    }


def test_other_seeds_repeat_nothing():
    from argparse import Namespace

    from hw3.experiments.folder import seeds_of

    asked = [Namespace(seed=seed, seeds=None, tiny=False) for seed in range(3)]
    drawn = [seed for chosen in asked for seed in seeds_of(chosen, 8)]
    assert len(set(drawn)) == 24 and drawn[:8] == list(range(8))
    assert seeds_of(Namespace(seed=0, seeds=9, tiny=True), 5) == list(range(9))
    assert seeds_of(Namespace(seed=0, seeds=None, tiny=True), 1) == [0]


@pytest.mark.parametrize("plain", [True, False])
def test_cells_are_told_line_by_line_when_no_bars_are_wanted(tmp_path, monkeypatch, capsys, plain):
    from common.training.runs import RunFolder
    from hw3.experiments import measuring

    monkeypatch.setattr(measuring, "live", lambda: not plain)
    measuring.measure_all(RunFolder(tmp_path, {}), [{"seed": 7}], lambda seed: {"value": 1})
    assert ("cell 1/1: seed 7 (" in capsys.readouterr().out) == plain


def test_the_recipe_gives_the_same_weights_twice(forks, tmp_path):
    sums = []
    for run in ("one", "two"):
        options = ("language", "--tiny", "--steps", "3", "--out", tmp_path / run)
        done = forks.run("hw3.pretrain", *options, folder=ROOT, before=ALL_CORES)
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / run / "language-small.json").read_text())
        sums.append(record["sha256"])
        state = torch.load(tmp_path / run / "language-small.pt", weights_only=True)
        assert all(value.isfinite().all() for value in state.values())
    assert sums[0] == sums[1]


# --- the story model as its author publishes it ---------------------------------------------------


def test_the_published_form_of_a_story_model_becomes_a_state_dictionary():
    import struct

    from hw3.models import llama2c
    from hw3.models.stories import StoryModel

    size = {
        "dim": 8,
        "hidden_dim": 12,
        "n_layers": 2,
        "n_heads": 4,
        "n_kv_heads": 2,
        "vocab_size": 9,
        "max_seq_len": 6,
    }
    count = 9 * 8 + 2 * (8 + 64 + 32 + 32 + 64 + 8 + 3 * 96) + 8
    numbers = np.arange(count + 6 * 2, dtype=np.float32)
    content = struct.pack("<7i", *size.values()) + numbers.tobytes()
    found = llama2c.state_of(content)
    model = StoryModel(found["model_args"])
    model.load_state_dict(found["model"])
    assert found["model"]["tok_embeddings.weight"][1, 0] == 8
    first, second = (found["model"][f"layers.{n}.attention.wq.weight"] for n in range(2))
    assert second[0, 0] - first[0, 0] == 64, "the layers of one kind stand one after the other"
    assert found["model"]["norm.weight"][-1] == count - 1
    with pytest.raises(ValueError, match="expected"):
        llama2c.state_of(content[:-4])
    pieces = struct.pack("<Ifi", 3, -1.5, 2) + b"ab" + struct.pack("<fi", 0.5, 3) + "né".encode()
    assert llama2c.pieces_of(pieces) == {"tokens": ["ab", "né"], "scores": [-1.5, 0.5], "bos_id": 1}


@pytest.mark.skipif(not (REAL / "weights" / "stories260K.bin").is_file(), reason="not on disk")
def test_both_forms_of_the_story_model_are_one(tmp_path):
    from hw3.models.stories import PUBLISHED, story_model

    (tmp_path / "weights").mkdir()
    for name in PUBLISHED:
        (tmp_path / "weights" / name).write_bytes((REAL / "weights" / name).read_bytes())
    one, other = story_model(str(tmp_path)), story_model(str(REAL))
    tokens = one.tokenizer.encode(BEGINNING)
    assert tokens == other.tokenizer.encode(BEGINNING)
    rows = torch.tensor([tokens])
    assert torch.equal(one.model(rows), other.model(rows))
