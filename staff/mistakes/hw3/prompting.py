"""Wrong ways to decode, to write prompts, and to judge orders."""

from __future__ import annotations

import random

import numpy as np
import torch

from staff.authoring.catalogue import mistake

FORMS = {
    "plain": ("", " : ", " ."),
    "question": ("question ", " answer : ", " ."),
    "summary": ("", " summary : ", " ."),
    "own": ("input ", " output : ", " ."),
}

# --- 4c -----------------------------------------------------------------------------------------


def _next(model, tokens):
    """Logits of the token after these."""
    with torch.no_grad():
        return model(torch.tensor([tokens]))[0, -1]


@mistake("4c")
def end_given_back(model, prompt, max_new_tokens, eos_id, context_length):
    """The end token is part of the answer.

    An answer of one word becomes one of two, and equals no right answer.
    """
    answer = []
    while len(answer) < max_new_tokens:
        answer.append(int(_next(model, ([*prompt, *answer])[-context_length:]).argmax()))
        if answer[-1] == eos_id:
            break
    return answer


@mistake("4c")
def never_stops(model, prompt, max_new_tokens, eos_id, context_length):
    """It always writes as many tokens as allowed.

    What follows the end token belongs to another text.
    """
    answer = []
    for _ in range(max_new_tokens):
        answer.append(int(_next(model, ([*prompt, *answer])[-context_length:]).argmax()))
    return answer


@mistake("4c")
def prompt_given_back(model, prompt, max_new_tokens, eos_id, context_length):
    """The prompt is part of the result.

    The list begins with tokens that the model did not choose.
    """
    answer = list(prompt)
    for _ in range(max_new_tokens):
        token = int(_next(model, answer[-context_length:]).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def logits_of_the_first_place(model, prompt, max_new_tokens, eos_id, context_length):
    """The next token is taken from the first place.

    It is the model's guess after the first word, whatever comes later.
    """
    answer = []
    for _ in range(max_new_tokens):
        with torch.no_grad():
            token = int(model(torch.tensor([[*prompt, *answer][-context_length:]]))[0, 0].argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def new_tokens_not_read(model, prompt, max_new_tokens, eos_id, context_length):
    """The model gets the same prompt every time.

    It repeats one token until it is stopped.
    """
    answer = []
    for _ in range(max_new_tokens):
        token = int(_next(model, list(prompt)[-context_length:]).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def drawn_at_random(model, prompt, max_new_tokens, eos_id, context_length):
    """Tokens are drawn from the model's probabilities.

    Another call gives another answer; you want the most likely token.
    """
    answer = []
    for _ in range(max_new_tokens):
        chances = _next(model, [*prompt, *answer][-context_length:]).softmax(-1)
        token = int(torch.multinomial(chances, 1))
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def beginning_read(model, prompt, max_new_tokens, eos_id, context_length):
    """Of a sequence that is too long, the first tokens are read.

    The model never sees the question at the end, nor its own words.
    """
    answer = []
    for _ in range(max_new_tokens):
        token = int(_next(model, [*prompt, *answer][:context_length]).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def context_forgotten(model, prompt, max_new_tokens, eos_id, context_length):
    """The model is given more tokens than it can read.

    It works for short prompts, and fails once prompt and answer outgrow the context.
    """
    answer = []
    for _ in range(max_new_tokens):
        token = int(_next(model, [*prompt, *answer]).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def prompt_cut_once(model, prompt, max_new_tokens, eos_id, context_length):
    """The prompt is cut to the context, but not the longer sequences that follow.

    The first token is right; then the sequence is too long.
    """
    tokens, answer = list(prompt)[-context_length:], []
    for _ in range(max_new_tokens):
        token = int(_next(model, tokens + answer).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def with_gradients(model, prompt, max_new_tokens, eos_id, context_length):
    """The model is run with gradients switched on.

    The tokens are right; every call keeps a graph in memory that nobody uses.
    """
    answer = []
    for _ in range(max_new_tokens):
        token = int(model(torch.tensor([[*prompt, *answer][-context_length:]]))[0, -1].argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


@mistake("4c")
def appended_to_the_prompt(model, prompt, max_new_tokens, eos_id, context_length):
    """New tokens are appended to the caller's list.

    The next prompt that is built from it begins with this answer.
    """
    size = len(prompt)
    for _ in range(max_new_tokens):
        token = int(_next(model, prompt[-context_length:]).argmax())
        if token == eos_id:
            break
        prompt.append(token)
    return prompt[size:]


@mistake("4c")
def one_token_too_many(model, prompt, max_new_tokens, eos_id, context_length):
    """It writes one token more than allowed.

    You see this only if the model does not stop by itself.
    """
    answer = []
    while len(answer) <= max_new_tokens:
        token = int(_next(model, [*prompt, *answer][-context_length:]).argmax())
        if token == eos_id:
            break
        answer.append(token)
    return answer


# --- 4d -----------------------------------------------------------------------------------------


def _written(shown, query, style):
    """The prompt of supports in the order in which they stand."""
    before, between, after = FORMS[style]
    lines = [before + text + between + answer + after for text, answer in shown]
    return " ".join([*lines, before + query + between.rstrip()])


def _shuffled(supports, rng):
    return [supports[index] for index in rng.permutation(len(supports))]


@mistake("4d")
def not_shuffled(supports, query, style, rng):
    """The supports keep the order in which they came.

    They often come class by class, and the last ones influence an answer most.
    """
    return _written(supports, query, style)


@mistake("4d")
def shuffle_thrown_away(supports, query, style, rng):
    """A shuffled copy is made, and the list itself is used.

    The generator advances, but the order does not change.
    """
    rng.shuffle(list(supports))
    return _written(supports, query, style)


@mistake("4d")
def callers_list_shuffled(supports, query, style, rng):
    """The caller's own list is shuffled.

    The prompt is right, but lists that belong to that list no longer match it.
    """
    rng.shuffle(supports)
    return _written(supports, query, style)


@mistake("4d")
def texts_and_answers_apart(supports, query, style, rng):
    """Texts and answers are shuffled separately.

    Most supports have the answer of another.
    """
    texts = [supports[i][0] for i in rng.permutation(len(supports))]
    answers = [supports[i][1] for i in rng.permutation(len(supports))]
    return _written(list(zip(texts, answers)), query, style)


@mistake("4d")
def drawn_with_replacement(supports, query, style, rng):
    """Supports are drawn with replacement.

    Some are in the prompt twice and others not at all.
    """
    if not supports:
        return _written([], query, style)
    drawn = [supports[i] for i in rng.integers(len(supports), size=len(supports))]
    return _written(drawn, query, style)


@mistake("4d")
def one_seed_for_all(supports, query, style, rng):
    """The order is drawn from a generator made here.

    Every prompt has the same order, whatever generator is given.
    """
    return _written(_shuffled(supports, np.random.default_rng(0)), query, style)


@mistake("4d")
def another_generator(supports, query, style, rng):
    """The order comes from another generator than the one that is given.

    Python, numpy and torch have generators of their own. Such an order cannot be repeated with the seed of the run.
    """
    shown = list(supports)
    random.shuffle(shown)
    return _written(shown, query, style)


@mistake("4d")
def query_first(supports, query, style, rng):
    """The query comes before the supports.

    The prompt then ends with a support's answer, and the model goes on from there.
    """
    before, between, after = FORMS[style]
    whole = _written(_shuffled(supports, rng), query, style)
    cue = before + query + between.rstrip()
    return " ".join([cue, whole.removesuffix(cue).strip()]).strip() if supports else whole


@mistake("4d")
def space_at_the_end(supports, query, style, rng):
    """The prompt ends with a space.

    Many tokenizers make a token of it that never came before an answer.
    """
    return _written(_shuffled(supports, rng), query, style) + " "


@mistake("4d")
def answers_left_out(supports, query, style, rng):
    """The supports have no answers.

    The prompt shows only texts, so nothing can be learned from it.
    """
    before, between, after = FORMS[style]
    texts = [before + text + between.rstrip() + after for text, _ in _shuffled(supports, rng)]
    return " ".join([*texts, before + query + between.rstrip()])


@mistake("4d")
def style_ignored(supports, query, style, rng):
    """Every prompt is in the plain style.

    Styles cannot be compared: their results are equal to the last digit.
    """
    return _written(_shuffled(supports, rng), query, "plain")


@mistake("4d")
def own_is_plain(supports, query, style, rng):
    """The own style is the plain one.

    The three given styles are right, but the own style is not new.
    """
    return _written(_shuffled(supports, rng), query, "plain" if style == "own" else style)


@mistake("4d")
def query_style_differs(supports, query, style, rng):
    """The query is in the plain style, whatever style the supports have.

    The model sees one form with answers and is then asked in another.
    """
    shown = _written(_shuffled(supports, rng), query, style)
    before, between, _ = FORMS[style]
    return shown.removesuffix(before + query + between.rstrip()) + query + " :"


@mistake("4d")
def only_rotated(supports, query, style, rng):
    """The order is only rotated.

    Each support comes first equally often, but most orders never occur.
    """
    if not supports:
        return _written([], query, style)
    start = int(rng.integers(len(supports)))
    return _written(supports[start:] + supports[:start], query, style)


# --- X ------------------------------------------------------------------------------------------


def _entropy(p):
    return -(p * p.clamp_min(1e-30).log()).sum(-1)


def _shares(p):
    return torch.nn.functional.one_hot(p.argmax(-1), p.shape[-1]).to(p.dtype).mean(1)


@mistake("X")
def labels_counted_by_probes(probabilities):
    """The code assumes as many labels as probes.

    With fewer probes than labels, the counts have no place for some labels.
    """
    places = torch.nn.functional.one_hot(probabilities.argmax(-1), probabilities.shape[1])
    return _entropy(places.to(probabilities.dtype).mean(1)), _entropy(probabilities).mean(-1)


@mistake("X")
def entropy_of_the_mean(probabilities):
    """GlobalE is the entropy of the mean probabilities.

    A label that is never chosen counts there as well; GlobalE counts choices.
    """
    return _entropy(probabilities.mean(1)), _entropy(probabilities).mean(-1)


@mistake("X")
def negative_entropy(probabilities):
    """Both entropies have the wrong sign.

    The largest value then belongs to the most one-sided order.
    """
    return -_entropy(_shares(probabilities)), -_entropy(probabilities).mean(-1)


@mistake("X")
def nan_at_zero(probabilities):
    """A probability of zero gives 0 · log 0.

    If one probe is certain, or one label is never chosen, the result is nan.
    """

    def entropy(p):
        return -(p * p.log()).sum(-1)

    return entropy(_shares(probabilities)), entropy(probabilities).mean(-1)


@mistake("X")
def in_bits(probabilities):
    """The entropies are in bits.

    Everything is too large by the same factor; nats are asked for.
    """
    two = torch.log(torch.tensor(2.0))
    return _entropy(_shares(probabilities)) / two, _entropy(probabilities).mean(-1) / two


@mistake("X")
def summed_over_probes(probabilities):
    """LocalE is summed over the probes.

    It grows with their number.
    """
    return _entropy(_shares(probabilities)), _entropy(probabilities).sum(-1)


@mistake("X")
def exchanged(probabilities):
    """GlobalE and LocalE are exchanged.

    The first is never zero where the model is unsure, even if it always chooses one label.
    """
    return _entropy(probabilities).mean(-1), _entropy(_shares(probabilities))


@mistake("X")
def over_the_orders(probabilities):
    """Choices are counted over the orders.

    The result has an entry for each probe, not for each order.
    """
    return _entropy(_shares(probabilities.mT.mT.transpose(0, 1))), _entropy(probabilities).mean(0)


@mistake("X")
def softmax_once_more(probabilities):
    """The probabilities go through another softmax.

    They become nearly uniform, and LocalE is nearly at its maximum.
    """
    p = probabilities.softmax(-1)
    return _entropy(_shares(p)), _entropy(p).mean(-1)


@mistake("X")
def added_for_zero(probabilities):
    """A small number is added to every probability.

    It avoids the logarithm of zero, but changes every entropy.
    """
    p = probabilities + 1e-2
    return -(_shares(probabilities) * (_shares(probabilities) + 1e-2).log()).sum(-1), -(
        p * p.log()
    ).sum(-1).mean(-1)
