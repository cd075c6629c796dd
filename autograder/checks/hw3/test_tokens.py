"""Problems 4a and 4b: the loss over tokens, and batches of prompts and answers."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

IGNORED = -100
VOCABULARY = 7


def ragged(rng, rows=3, length=6):
    """Logits [B, T, V] and labels with other places to be predicted in every row.

    The first row has a single target, the second all but one, the third some; the labels of the
    first tokens are not masked. Token 0 is a target once, and a prediction is right.
    """
    logits = 2 * rng.normal(size=(rows, length, VOCABULARY)).astype(np.float32)
    logits += np.linspace(-1, 2, VOCABULARY, dtype=np.float32)  # no two tokens alike
    labels = rng.randint(1, VOCABULARY, size=(rows, length))
    labels[0, [1, 2, 3, 5]] = IGNORED
    labels[1, 2:4] = 0, IGNORED
    labels[2, [2, 5]] = IGNORED
    logits[1, 0, labels[1, 1]] += 12
    return logits, labels


def certain(labels, strength, rng):
    """Logits that put `strength` on the token labelled at the next place, and noise at the last."""
    logits = np.zeros((*labels.shape, VOCABULARY), np.float32)
    for row, place in np.argwhere(labels >= 0):
        if place > 0:
            logits[row, place - 1, labels[row, place]] = strength
    logits[:, -1] = 5 * rng.normal(size=(len(labels), VOCABULARY))
    return logits


def surprise(strength):
    """-log p of a token whose logit is `strength` where all others are zero."""
    return float(np.log1p((VOCABULARY - 1) * np.exp(-strength)))


@problem("4a", points=2)
def test_loss(student, reference, rng):
    """The loss and accuracy are right for rows of different lengths and for very unlikely tokens"""
    logits, labels = ragged(rng)
    seen = student.token_loss(logits, labels)
    require_unchanged(student, "logits", "labels")
    assert_matches(
        seen,
        reference.token_loss,
        "Which logits predict which token, which tokens count, and what is averaged over what?",
    )
    seen = student.token_loss(certain(labels, -25.0, rng), labels)
    assert_matches(
        seen["loss"],
        surprise(-25.0),
        "A token may have a probability of 1e-12: do not add anything to a probability, and do "
        "not clamp it.",
        name="the loss of tokens whose logits are 25 below all others",
    )


@problem("4a", points=1)
def test_shift(student, rng):
    """The logits at one place predict the token at the next"""
    labels = np.array([[4, 1, 3, 0, 6], [2, 5, 0, 4, 1]])
    for strength in (6.0, 2.5):
        seen = student.token_loss(certain(labels, strength, rng), labels)
        assert_matches(
            seen,
            {"loss": surprise(strength), "accuracy": 1.0},
            "At every place but the last, the logits are largest for the token that comes next. "
            "All labels but those of the first tokens are to be predicted.",
        )


@problem("4a", points=1)
def test_mean_over_tokens(student, rng):
    """Every token has the same weight, in a row with one target and in a row with four"""
    labels = np.full((3, 5), IGNORED)
    labels[0, 3], labels[1, 1:] = 2, [6, 0, 3, 1]
    labels[2, [2, 4]] = 5, 2
    logits = certain(labels, 4.0, rng)
    logits[0] = certain(labels, 1.0, rng)[0]
    logits[2] = certain(labels, -1.0, rng)[2]
    seen = student.token_loss(logits, labels)
    expected = (1 * surprise(1.0) + 4 * surprise(4.0) + 2 * surprise(-1.0)) / 7
    assert_matches(
        seen,
        {"loss": expected, "accuracy": 5 / 7},
        "The three rows have 1, 4 and 2 tokens to be predicted. The mean of the rows' means "
        "differs, and so does a mean over all places.",
    )


@problem("4a", points=1)
def test_loss_gradient(student, reference, rng):
    """The gradient reaches the logits before each target, and no others"""
    logits, labels = ragged(rng)
    seen = student.token_loss_gradient(logits, labels)
    require(
        np.shape(seen) == logits.shape and bool(np.abs(np.asarray(seen)[:, -1]).max() <= 1e-7),
        "the logits at the last place have a gradient",
        "Nothing comes after the last token.",
    )
    assert_matches(
        seen,
        reference.token_loss_gradient,
        "If the checks of the values fail too, begin there. Otherwise: is a part of the loss cut "
        "off?",
        name="the gradient by the logits",
    )


@problem("4a", points=1)
def test_accuracy(student, rng):
    """The accuracy counts only the tokens to be predicted, even if only one token is to be predicted"""
    labels = np.full((2, 4), IGNORED)
    labels[1, 3] = 3
    for strength, right in ((3.0, 1.0), (-3.0, 0.0)):
        seen = student.token_loss(certain(labels, strength, rng), labels)
        assert_matches(
            seen,
            {"loss": surprise(strength), "accuracy": right},
            "Only one token of the whole batch is to be predicted; the others do not count.",
        )
    logits, labels = ragged(rng)
    wrong = logits.copy()
    for row, place in np.argwhere(labels >= 0):
        if place > 0:
            wrong[row, place - 1, labels[row, place]] = -30
    logits = np.where(np.arange(6)[:, None] < 3, certain(labels, 9.0, rng), wrong)
    seen = student.token_loss(logits, labels)
    hits = int((labels[:, 1:4] >= 0).sum())
    assert_matches(
        seen["accuracy"],
        hits / int((labels[:, 1:] >= 0).sum()),
        "The first half of the tokens to be predicted have the largest logit; the others do not.",
        name="the accuracy",
    )


# --- 4b -----------------------------------------------------------------------------------------

PROMPTS = [[5, 6, 7, 8], [9, 3], [4, 4, 6]]
ANSWERS = [[11], [12, 13, 14], [15, 0]]
PAD, END = 0, 1


def batch(student, pad=PAD, end=END, context=20):
    """The batch of the three rows above."""
    seen = student.make_batch(PROMPTS, ANSWERS, pad, end, context)
    for name in ("prompts", "answers"):
        require(
            seen[f"{name}_kept"],
            f"the caller's {name} were changed",
            "Make new rows; do not change the old ones.",
        )
    return seen


@problem("4b", points=1)
def test_rows(student, rng):
    """A row is prompt, answer, end, then padding"""
    for pad, end in ((0, 1), (2, 1), (1, 1)):
        expected = np.array(
            [
                [5, 6, 7, 8, 11, end],
                [9, 3, 12, 13, 14, end],
                [4, 4, 6, 15, 0, end],
            ]
        )
        assert_matches(
            batch(student, pad, end)["tokens"],
            expected,
            "Here all rows have the same length.",
            name="tokens",
        )
    seen = student.make_batch([[5], [9, 3, 8], [7, 7]], [[6], [4, 4], []], 2, 1, 20)
    expected = np.array([[5, 6, 1, 2, 2, 2], [9, 3, 8, 4, 4, 1], [7, 7, 1, 2, 2, 2]])
    assert_matches(
        seen["tokens"],
        expected,
        "Pad the end of a row, up to the length of the longest row and no further. (The last "
        "answer is empty: its row ends after the prompt.)",
        name="tokens",
    )


@problem("4b", points=2)
def test_labels(student, reference, rng):
    """Only the answer and its end token have labels, at their own places"""
    for pad, end in ((0, 1), (1, 1)):
        no = IGNORED
        expected = np.array(
            [
                [no, no, no, no, 11, end],
                [no, no, 12, 13, 14, end],
                [no, no, no, 15, 0, end],
            ]
        )
        assert_matches(
            batch(student, pad, end)["labels"],
            expected,
            "A label is at the place of its own token; the loss does the shift. Some tokens of "
            "answers have the number of the padding, and still count.",
            name="labels",
        )
    prompts = [rng.randint(0, 9, size=n).tolist() for n in (3, 7, 1, 5)]
    answers = [rng.randint(0, 9, size=n).tolist() for n in (4, 1, 2, 3)]
    seen = student.make_batch(prompts, answers, 3, 4, 30)
    assert_matches(
        seen["labels"],
        reference.make_batch["labels"],
        "The rows have four lengths. Neither padding nor prompt is to be predicted.",
        name="labels",
    )


@problem("4b", points=1)
def test_present(student, rng):
    """The attention mask is true at every token, even one with the number of the padding"""
    seen = student.make_batch([[5, 0], [0, 3, 8, 0], [7]], [[6, 0], [4], [0]], 0, 0, 20)
    expected = np.array([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])
    assert_matches(
        np.asarray(seen["attention_mask"]).astype(np.int64),
        expected,
        "Here padding and end are token 0, and prompts and answers contain it as well: make the "
        "mask from the lengths of the rows.",
        name="attention_mask",
    )
    require(
        np.asarray(seen["attention_mask"]).dtype == bool,
        "attention_mask is not boolean",
        "True at every token",
    )


@problem("4b", points=1)
def test_context(student, rng):
    """A row that is too long loses the beginning of its prompt, and nothing of its answer"""
    seen = student.make_batch(
        [[5, 6, 7, 8], [9, 3], [4, 2, 6, 5, 8]], [[11], [12, 13], []], 0, 1, 5
    )
    expected = np.array([[6, 7, 8, 11, 1], [9, 3, 12, 13, 1], [2, 6, 5, 8, 1]])
    idea = "The context is 5 tokens. Keep the end of the prompt, which is next to the answer."
    assert_matches(seen["tokens"], expected, idea, name="tokens")
    no = IGNORED
    labels = np.array([[no, no, no, 11, 1], [no, no, 12, 13, 1], [no, no, no, no, 1]])
    assert_matches(seen["labels"], labels, idea, name="labels")
    seen = student.make_batch([[5, 6, 7], [9]], [[11, 12], [13]], 0, 1, 3)
    assert_matches(
        seen["tokens"],
        np.array([[11, 12, 1], [9, 13, 1]]),
        "The answer fills the context: nothing of its prompt is left.",
        name="tokens",
    )
