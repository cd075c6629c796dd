"""Problems 4c, 4d and X: greedy decoding, prompts with examples, orders by entropy."""

import itertools

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

# --- 4c -----------------------------------------------------------------------------------------


def scores(rng, mixtures=23, vocabulary=6, never=()):
    """Logits [mixtures, V], all negative; tokens in `never` are never the largest."""
    found = rng.normal(size=(mixtures, vocabulary)).astype(np.float32) - 8
    found[:, list(never)] -= 20
    return found


def decode(student, table, prompt, max_new_tokens, eos_id, context_length):
    """The new tokens, after the requirements that hold everywhere."""
    seen = student.greedy_decode(table, prompt, max_new_tokens, eos_id, context_length)
    require(seen["kept"], "the caller's prompt was changed", "Work on a list of your own.")
    require(
        not seen["gradient"],
        "the model was run with gradients switched on",
        "Decoding needs no gradients, and they cost memory.",
    )
    return seen


@problem("4c", points=1)
def test_continuation(student, reference, rng):
    """Each new token is the most likely one after all tokens before it"""
    table = scores(rng, never=[5])
    for prompt, most in (([2, 4, 1], 7), ([3], 4), ([1, 2, 3, 0, 4], 9)):
        seen = decode(student, table, prompt, most, 5, 40)
        assert_matches(
            seen["tokens"],
            reference.greedy_decode["tokens"],
            "Which place has the logits of the next token? Does the model read a new token before "
            "it chooses the one after it?",
            name="the new tokens",
        )
        require(
            bool((np.diff(seen["read"]) > 0).all()),
            f"the model was given {np.asarray(seen['read']).tolist()} tokens, one call after the other",
            "It should read the whole prompt, and one more token each time.",
        )


@problem("4c", points=1)
def test_end(student, rng):
    """It stops at the end token, which it does not return, and after `max_new_tokens` tokens"""
    for length in (0, 2, 4):
        table = scores(rng, mixtures=1, never=[3, 5])
        for max_new_tokens, eos_id in ((6, 3), (length, 5)):
            # token 4 always wins, until the sums reach the mixture in which `eos_id` does
            table = np.full((97, 6), -9, np.float32)
            table[:, 4] = -2
            total = 2
            for place in range(2, 2 + length):
                total += 4 * place
            table[total % 97, eos_id] = -1
            seen = decode(student, table, [2], max_new_tokens, eos_id, 40)
            assert_matches(
                seen["tokens"],
                np.full(length, 4),
                f"After the prompt come {length} tokens and then the end token {eos_id}; at most "
                f"{max_new_tokens} tokens are wanted. The end token is not returned, and may be "
                "any token.",
                name="the new tokens",
            )
            require(
                len(seen["read"]) in (length, length + 1),
                f"the model was called {len(seen['read'])} times for {length} tokens and an end",
            )


@problem("4c", points=1)
def test_window(student, reference, rng):
    """The model reads only the last `context_length` tokens"""
    table = scores(rng, never=[5])
    for prompt, context in (([2, 4, 1, 3, 3, 0, 2, 1], 4), ([1, 4], 3), ([3, 1, 2], 1)):
        seen = decode(student, table, prompt, 6, 5, context)
        assert_matches(
            seen["tokens"],
            reference.greedy_decode["tokens"],
            f"The model has a context of {context} tokens: it reads the last ones of prompt and "
            "answer together.",
            name="the new tokens",
        )


# --- 4d -----------------------------------------------------------------------------------------

SUPPORTS = [
    ["good soup", "zib"],
    ["bad plot , fair actor", "dax"],
    ["nice bed", "wug"],
    ["poor view", "fep"],
]
QUERY = "dull pool"
FORMS = {
    "plain": ["", " : ", " ."],
    "question": ["question ", " answer : ", " ."],
    "summary": ["", " summary : ", " ."],
}
SHAPE = "Every support as in STYLES, joined by one space; the query last, cut before its answer."


def text_of(codes):
    """The prompt as a str; what is no text is shown as it is."""
    codes = np.asarray(codes)
    if codes.ndim != 1 or codes.dtype.kind not in "ui" or codes.min(initial=1) < 0:
        return repr(codes)
    return bytes(codes.astype(np.uint8)).decode("utf-8", "replace")


def prompts_of(style, supports, query):
    """Every prompt that is right, one for each order."""
    before, between, after = FORMS[style]
    cue = before + query + between.rstrip()
    for order in itertools.permutations(supports):
        shown = [before + text + between + answer + after for text, answer in order]
        yield " ".join([*shown, cue])


@problem("4d", points=1)
def test_query_alone(student, rng):
    """Without supports the prompt is the query, up to where its answer begins"""
    for style in FORMS:
        (expected,) = prompts_of(style, [], QUERY)
        found = text_of(student.in_context_prompt([], QUERY, style, int(rng.randint(99))))
        require(
            found == expected,
            f'style "{style}": the prompt is "{found}"; expected "{expected}"',
            SHAPE,
        )


@problem("4d", points=2)
def test_supports(student, rng):
    """Every support is before the query once, with its own answer, in the given style"""
    for style in FORMS:
        for count in (1, 2, 4):
            supports, query = SUPPORTS[:count], QUERY if count < 4 else SUPPORTS[1][0]
            found = text_of(student.in_context_prompt(supports, query, style, int(rng.randint(99))))
            right = list(prompts_of(style, supports, query))
            require(
                found in right,
                f'style "{style}", {count} supports: the prompt is "{found}"; expected (in this or '
                f'another order) "{right[0]}"',
                SHAPE,
            )


@problem("4d", points=1, random=True)
def test_orders(student, rng):
    """Every order is equally likely, and drawn from the given generator

    False alarms: one in 4e7. One of six counts of 2400 draws with the chance 1/6 is 110 or more away
    from 400 with a probability of 2.1e-8 (the exact sum over the binomial); two seeds give twenty
    supports, five of each of four, one order with a probability of 5!^4 / 20! = 9e-11.
    """
    draws, supports = 2400, SUPPORTS[:3]
    seed = int(rng.randint(2**31))
    seen = student.prompt_orders(supports, QUERY, "plain", seed, draws)
    starts = np.asarray(seen["starts"])
    require(seen["kept"], "the caller's list of supports was reordered", "Shuffle a copy.")
    require(
        starts.shape == (draws, 3) and bool((starts >= 0).all()), "a support is missing in a prompt"
    )
    found, counts = np.unique(starts.argsort(1), axis=0, return_counts=True)
    distinct = bool((np.sort(starts, axis=1)[:, 1:] > np.sort(starts, axis=1)[:, :-1]).all())
    require(
        len(found) == 6 and distinct,
        f"{len(found)} of the 6 orders of three supports occurred in {draws} prompts",
        "Draw a new order for each prompt.",
    )
    # 400 are expected of each; six standard deviations of a count are 110
    require(
        bool((np.abs(counts - draws / 6) < 110).all()),
        f"the six orders occurred {sorted(counts.tolist())} times; about 400 each were expected",
        "Every order should be equally likely.",
    )
    first, again, other = (
        text_of(x) for x in student.prompts_repeat(SUPPORTS * 5, QUERY, "plain", seed)
    )
    require(
        first == again,
        "two generators with the same seed gave different orders",
        "Draw the order from the given generator only.",
    )
    require(
        first != other, "generators with different seeds gave the same order of twenty supports"
    )


@problem("4d", points=1)
def test_own_style(student, rng):
    """Your own style shows the same supports and the query in a form that is new"""
    seed = int(rng.randint(99))
    alone = text_of(student.in_context_prompt([], QUERY, "own", seed))
    known = {next(prompts_of(style, [], QUERY)) for style in FORMS}
    require(
        alone.count(QUERY) == 1 and alone == alone.strip(),
        f'style "own", no supports: the prompt is "{alone}"',
        "It should contain the query once, with no space at either end.",
    )
    shown = text_of(student.in_context_prompt(SUPPORTS[:1], QUERY, "own", seed))
    text, answer = SUPPORTS[0]
    require(
        shown.endswith(" " + alone) and shown.count(text) == 1 and shown.count(answer) == 1,
        f'style "own", one support: the prompt is "{shown}"; it should end with "{alone}"',
        "The support comes before the query, with one space between them.",
    )
    one = shown.removesuffix(" " + alone)
    require(
        one.startswith(alone.replace(QUERY, text)) and one.index(text) < one.index(answer),
        f'style "own": the support is written as "{one}", the query as "{alone}"',
        "Support and query have the same form, and the query ends where the answer would begin.",
    )
    (old,) = [next(prompts_of("plain", SUPPORTS[:1], QUERY))]
    require(
        shown not in {next(prompts_of(style, SUPPORTS[:1], QUERY)) for style in FORMS} | {old}
        and not (alone in known and one in {p[: -len(alone) - 1] for p in (old,)}),
        f'style "own" gives "{shown}", as one of the three given styles does',
        "Choose a form that differs from all three.",
    )
    for other in range(8):
        every = text_of(student.in_context_prompt(SUPPORTS, QUERY, "own", seed + other))
        places = {every.find(one.replace(text, t).replace(answer, a)) for t, a in SUPPORTS}
        require(
            len(places) == 4 and -1 not in places and every.endswith(" " + alone),
            f'style "own", four supports: the prompt is "{every}"',
            "Write all supports in the same form.",
        )


# --- X ------------------------------------------------------------------------------------------


def beliefs(rng):
    """Probabilities [orders, probes, labels]; no size alike, and one probe that is certain."""
    logits = 2 * rng.normal(size=(4, 5, 3)) + np.array([0.8, 0.0, -0.5])
    p = np.exp(logits)
    p /= p.sum(-1, keepdims=True)
    p[2, 1] = [0, 1, 0]
    return p.astype(np.float32)


@problem("X")
def test_global_entropy(student, reference, rng):
    """GlobalE is the entropy of the shares of the chosen labels"""
    p = np.full((3, 4, 2), 0.5, np.float32)
    p[0, :, 0], p[0, :, 1] = 0.9, 0.1
    p[1, :2], p[1, 2:] = [0.8, 0.2], [0.3, 0.7]
    p[2, :1], p[2, 1:] = [1.0, 0.0], [0.45, 0.55]
    quarter = float(-(np.log(1 / 4) + 3 * np.log(3 / 4)) / 4)
    seen = student.order_entropies(p)
    require_unchanged(student, "probabilities")
    assert_matches(
        seen["global"],
        np.array([0.0, np.log(2), quarter]),
        "The first order always chooses label 0; the second each label twice; the third label 1 in "
        "three of four probes.",
        name="GlobalE",
    )
    assert_matches(
        student.order_entropies(beliefs(rng))["global"],
        reference.order_entropies["global"],
        "Four orders, five probes, three labels: what is counted, over which axis?",
        name="GlobalE",
    )


@problem("X")
def test_local_entropy(student, reference, rng):
    """LocalE is the mean entropy of the probes, even if a probe is certain"""
    p = np.full((2, 3, 4), 0.25, np.float32)  # more labels than orders, and than probes
    p[1] = [0, 0, 0, 1]
    p[1, 0] = [0, 0, 0.5, 0.5]
    seen = student.order_entropies(p)
    assert_matches(
        seen["local"],
        np.array([np.log(4), np.log(2) / 3]),
        "Under the first order all probes are uniform; under the second two of three are certain. "
        "A probability of zero adds nothing.",
        name="LocalE",
    )
    assert_matches(
        student.order_entropies(beliefs(rng))["local"],
        reference.order_entropies["local"],
        "First compute the entropy of each probe, then the mean over probes.",
        name="LocalE",
    )
