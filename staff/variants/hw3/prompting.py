"""Other right ways to decode, to write prompts, and to judge orders."""

from __future__ import annotations

import torch
from torch.distributions import Categorical

from staff.authoring.catalogue import variant

STYLES = {
    "plain": "{text} : {answer} .",
    "question": "question {text} answer : {answer} .",
    "summary": "{text} summary : {answer} .",
}

# --- 4c -----------------------------------------------------------------------------------------


@variant("4c")
def growing_tensor(model, prompt, max_new_tokens, eos_id, context_length):
    """A tensor that grows by one token."""
    tokens = torch.tensor(prompt)[None]
    with torch.no_grad():
        for _ in range(max_new_tokens):
            logits = model(tokens[:, -context_length:])[:, -1, :]
            token = logits.argmax(dim=-1, keepdim=True)
            if token.item() == eos_id:
                break
            tokens = torch.cat([tokens, token], dim=1)
    return tokens[0, len(prompt) :].tolist()


@variant("4c")
def while_loop(model, prompt, max_new_tokens, eos_id, context_length):
    """A while loop over a copy of the prompt; inference mode."""
    tokens = list(prompt)
    with torch.inference_mode():
        while len(tokens) - len(prompt) < max_new_tokens:
            window = tokens[max(0, len(tokens) - context_length) :]
            token = model(torch.LongTensor([window])).squeeze(0)[-1].max(0).indices.item()
            if token == eos_id:
                return tokens[len(prompt) :]
            tokens += [token]
    return tokens[len(prompt) :]


@variant("4c")
def softmax_then_largest(model, prompt, max_new_tokens, eos_id, context_length):
    """The largest probability; the answer cut at the end token afterwards."""
    was = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    sequence = [*prompt]
    for _ in range(max_new_tokens):
        p = torch.softmax(model(torch.tensor(sequence[-context_length:]).unsqueeze(0)), dim=-1)
        sequence.append(int(torch.argmax(p[0][-1])))
        if sequence[-1] == eos_id:
            break
    torch.set_grad_enabled(was)
    new = sequence[len(prompt) :]
    return new[: new.index(eos_id)] if eos_id in new else new


@variant("4c")
def recursive(model, prompt, max_new_tokens, eos_id, context_length):
    """One token, then the rest by recursion."""

    @torch.no_grad()
    def rest(tokens, left):
        if left == 0:
            return []
        token = int(model(torch.tensor([tokens[-context_length:]]))[0][-1].argmax())
        return [] if token == eos_id else [token, *rest([*tokens, token], left - 1)]

    return rest(list(prompt), max_new_tokens)


@variant("4c")
def sliding_window(model, prompt, max_new_tokens, eos_id, context_length):
    """A window of the context that slides; a tensor of tokens is given back as a list."""
    window, found = list(prompt)[-context_length:], []
    for _step in range(max_new_tokens):
        logits = torch.no_grad()(model)(torch.tensor(window).view(1, -1))
        token = logits[0, len(window) - 1].topk(1).indices.item()
        if token == eos_id:
            break
        found.append(token)
        window = (window + [token])[-context_length:]
    return found


# --- 4d -----------------------------------------------------------------------------------------


@variant("4d")
def shuffled_copy(supports, query, style, rng):
    """A copy, shuffled in place; f-strings."""
    copy = list(supports)
    rng.shuffle(copy)
    out = ""
    for text, answer in copy:
        if style == "plain":
            out += f"{text} : {answer} . "
        elif style == "question":
            out += f"question {text} answer : {answer} . "
        elif style == "summary":
            out += f"{text} summary : {answer} . "
        else:
            out += f"input {text} output : {answer} . "
    cue = {
        "plain": f"{query} :",
        "question": f"question {query} answer :",
        "summary": f"{query} summary :",
    }
    return out + cue.get(style, f"input {query} output :")


@variant("4d")
def sorted_by_noise(supports, query, style, rng):
    """Sorted by random numbers; the template split at the answer."""
    template = {**STYLES, "own": "the review {text} then is {answer} ."}[style]
    keys = rng.random(len(supports))
    shown = [pair for _, pair in sorted(zip(keys, supports), key=lambda x: x[0])]
    before, _ = template.split("{answer}")
    lines = [template.format(text=t, answer=a) for t, a in shown]
    lines.append(before.format(text=query).strip())
    return " ".join(lines)


@variant("4d")
def replaced(supports, query, style, rng):
    """str.replace in place of format."""
    form = STYLES[style] if style in STYLES else "what {text} ? {answer} ."
    prompt = []
    for index in rng.permutation(range(len(supports))):
        prompt.append(
            form.replace("{text}", supports[index][0]).replace("{answer}", supports[index][1])
        )
    prompt.append(form.partition(" {answer}")[0].replace("{text}", query))
    return " ".join(prompt)


@variant("4d")
def chosen_without_replacement(supports, query, style, rng):
    """rng.choice without replacement; a marker where the answer would be."""
    form = STYLES.get(style) or "a : {text} then : {answer} ,"
    order = rng.choice(len(supports), size=len(supports), replace=False) if supports else []
    blocks = [form.format(text=supports[int(i)][0], answer=supports[int(i)][1]) for i in order]
    last = form.format(text=query, answer="\0").split("\0")[0]
    return " ".join(blocks + [last]).rstrip()


@variant("4d")
def fisher_yates(supports, query, style, rng):
    """A shuffle by hand, and a space after each support."""
    styles = dict(STYLES)
    styles["own"] = "input : {text} of {answer} ."
    items = [*supports]
    for i in range(len(items) - 1, 0, -1):
        j = int(rng.integers(0, i + 1))
        items[i], items[j] = items[j], items[i]
    text = "".join(styles[style].format(text=t, answer=a) + " " for t, a in items)
    return text + styles[style].format(text=query, answer="").rstrip(" .")


# --- X ------------------------------------------------------------------------------------------


@variant("X")
def categorical(probabilities):
    """torch's own entropies."""
    votes = probabilities.argmax(2)
    labels = probabilities.size(2)
    counts = torch.stack([(votes == label).sum(1) for label in range(labels)], 1)
    shares = counts / probabilities.size(1)
    return Categorical(probs=shares).entropy(), Categorical(probs=probabilities).entropy().mean(1)


@variant("X")
def xlogy(probabilities):
    """xlogy, which is zero at zero."""
    best = probabilities.max(-1).indices
    one_hot = torch.eye(probabilities.shape[-1])[best]
    shares = one_hot.sum(1) / one_hot.shape[1]
    return -torch.xlogy(shares, shares).sum(1), -torch.xlogy(probabilities, probabilities).sum(
        2
    ).mean(1)


@variant("X")
def order_by_order(probabilities):
    """A loop over orders, with bincount."""
    wide, narrow = [], []
    for p in probabilities:
        share = torch.bincount(p.argmax(1), minlength=p.shape[1]).float() / len(p)
        kept = share[share > 0]
        wide.append(-(kept * kept.log()).sum())
        each = torch.where(p > 0, -p * torch.log(torch.where(p > 0, p, 1.0)), 0.0)
        narrow.append(each.sum(1).mean())
    return torch.stack(wide), torch.stack(narrow)


@variant("X")
def clamped(probabilities):
    """A clamp inside the logarithm only."""

    def h(p):
        return -torch.einsum("...l,...l->...", p, p.clamp(min=1e-12).log())

    votes = torch.zeros_like(probabilities).scatter_(-1, probabilities.argmax(-1, True), 1.0)
    return h(votes.mean(dim=1)), h(probabilities).mean(dim=1)


@variant("X")
def nan_to_num(probabilities):
    """0 · log 0 mended afterwards."""
    p = probabilities.double()
    chosen = (p == p.amax(-1, keepdim=True)).double()
    shares = chosen.mean(1)
    wide = -(shares * shares.log()).nan_to_num(0.0).sum(-1)
    return wide.float(), -(p * p.log()).nan_to_num(0.0).sum(-1).mean(-1)
