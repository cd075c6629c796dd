"""Wrong ways to run the causal Transformer."""

from __future__ import annotations

import torch

from staff.authoring.catalogue import mistake


def _hidden(labels):
    """The labels that may be read: zeros in the query row."""
    return torch.cat([labels[:, :-1], torch.zeros_like(labels[:, -1:])], dim=1)


def _embed(self, images, labels):
    """Tokens without positions, row after row: [B, (K + 1) N, hidden]."""
    return self.embed(torch.cat([images, labels], dim=-1).flatten(1, 2))


def _tokens(self, images, labels):
    """Tokens with positions, of what may be read."""
    return _embed(self, images, _hidden(labels)) + self.position


def _future(tokens):
    """True where a token must not see."""
    length = tokens.shape[1]
    return torch.ones(length, length, dtype=torch.bool, device=tokens.device).triu(1)


def _answer(self, tokens, mask, labels):
    """Logits of a sequence of tokens."""
    return self.head(self.body(tokens, mask=mask)).reshape(labels.shape)


@mistake("X")
def no_mask(self, images, labels):
    """There is no mask: every token sees the whole sequence.

    Supports see queries and queries see each other. Change the last image: the predictions of the
    first one change.
    """
    return _answer(self, _tokens(self, images, labels), None, labels)


@mistake("X")
def mask_turned_round(self, images, labels):
    """The mask hides the past and shows the future.

    It is the opposite triangle. The last query sees only itself.
    """
    tokens = _tokens(self, images, labels)
    return _answer(self, tokens, _future(tokens).T, labels)


@mistake("X")
def mask_hides_the_token_itself(self, images, labels):
    """A token may not see itself.

    The mask begins one place too early, and the first token sees nothing: its logits are nan, or
    (with newer versions of torch) do not depend on its image.
    """
    tokens = _tokens(self, images, labels)
    length = tokens.shape[1]
    return _answer(self, tokens, torch.ones(length, length, dtype=torch.bool).triu(0), labels)


@mistake("X")
def mask_shows_one_ahead(self, images, labels):
    """A token sees the next one too.

    The mask begins one place too late. With two layers a token sees two ahead, with more layers
    further.
    """
    tokens = _tokens(self, images, labels)
    length = tokens.shape[1]
    return _answer(self, tokens, torch.ones(length, length, dtype=torch.bool).triu(2), labels)


@mistake("X")
def mask_of_ones_is_added(self, images, labels):
    """The mask consists of the numbers 0 and 1, which are added to the attention scores.

    Only a boolean mask hides. Here the future counts a little more, and is not hidden.
    """
    tokens = _tokens(self, images, labels)
    return _answer(self, tokens, _future(tokens).float(), labels)


@mistake("X")
def mask_by_rows(self, images, labels):
    """The mask is causal over rows: tokens of one row see each other.

    A query sees the queries after it. Change the last query image: the predictions of the others in
    its row change.
    """
    tokens = _tokens(self, images, labels)
    row = torch.arange(tokens.shape[1]) // self.way
    return _answer(self, tokens, row[None] > row[:, None], labels)


@mistake("X")
def queries_blind_to_each_other(self, images, labels):
    """Queries see the supports and themselves, but not the queries before them.

    This hides more than the future. The LSTMs remember earlier queries; here a query cannot see
    them.
    """
    tokens = _tokens(self, images, labels)
    mask = _future(tokens)
    queries = torch.arange(tokens.shape[1]) >= tokens.shape[1] - self.way
    others = queries[:, None] & queries[None] & ~torch.eye(tokens.shape[1], dtype=torch.bool)
    return _answer(self, tokens, mask | others, labels)


@mistake("X")
def prefixes_without_mask(self, images, labels):
    """Each prefix of the sequence is read by itself, without a mask inside.

    The last token of a prefix sees no future, but in the second layer it reads earlier tokens that
    have seen later ones. The logits differ slightly from those of a causal Transformer.
    """
    tokens = _tokens(self, images, labels)
    ends = range(1, tokens.shape[1] + 1)
    outputs = [self.head(self.body(tokens[:, :end])[:, -1]) for end in ends]
    return torch.stack(outputs, dim=1).reshape(labels.shape)


@mistake("X")
def no_positions(self, images, labels):
    """The positions are not used.

    The learned positions get no gradient, and apart from the mask the sequence is a set: its order
    is lost.
    """
    tokens = _embed(self, images, _hidden(labels))
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def positions_after_the_body(self, images, labels):
    """The positions are added after the attention.

    They reach the head but no layer, so the attention does not know where a token is.
    """
    tokens = _embed(self, images, _hidden(labels))
    body = self.body(tokens, mask=_future(tokens))
    return self.head(body + self.position).reshape(labels.shape)


@mistake("X")
def one_position_a_column(self, images, labels):
    """A token's position is its column, in every row the same.

    The rows share the positions of the first one; most of the positions get no gradient.
    """
    tokens = _embed(self, images, _hidden(labels))
    columns = self.position[: self.way].repeat(self.samples, 1)
    return _answer(self, tokens + columns, _future(tokens), labels)


@mistake("X")
def positions_in_reverse(self, images, labels):
    """Positions are counted from the end.

    The first token gets the last position. It trains as well, but a network with loaded weights
    confuses the places.
    """
    tokens = _embed(self, images, _hidden(labels)) + self.position.flip(0)
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def positions_of_tasks(self, images, labels):
    """Positions are given to the tasks of the batch and not to the tokens of the sequence.

    All tokens of one task have the same position, and it depends on the task's place in the batch.
    Large batches raise an error.
    """
    tokens = _embed(self, images, _hidden(labels)) + self.position[: len(images), None]
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def transformer_sees_query_labels(self, images, labels):
    """The query labels are in the tokens.

    The answer is in the input. Exchanging the query labels changes the predictions.
    """
    tokens = _embed(self, images, labels) + self.position
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def transformer_sees_no_labels(self, images, labels):
    """No token carries a label.

    The supports' labels are hidden with the queries'. Nothing connects an image with a label, and
    the accuracy stays at chance.
    """
    tokens = _embed(self, images, torch.zeros_like(labels)) + self.position
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def transformer_zeroes_in_place(self, images, labels):
    """The Transformer overwrites the caller's labels.

    The logits are right; the labels that the loss needs next are zeros.
    """
    labels[:, -1] = 0
    tokens = _embed(self, images, labels) + self.position
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def transformer_class_after_class(self, images, labels):
    """The tokens run class by class, not row by row.

    Queries come between supports, and the outputs are reshaped as if they were in rows.
    """
    images, shown = images.transpose(1, 2), _hidden(labels).transpose(1, 2)
    tokens = _embed(self, images, shown) + self.position
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def batch_attends_to_itself(self, images, labels):
    """Attention runs over the tasks of a batch.

    The first two axes are exchanged on the way into the layers. A task's predictions depend on the
    other tasks and not on its own past.
    """
    tokens = _tokens(self, images, labels).transpose(0, 1)
    body = self.body(tokens, mask=_future(tokens)).transpose(0, 1)
    return self.head(body).reshape(labels.shape)


@mistake("X")
def transformer_label_first(self, images, labels):
    """The label comes before the image in a token.

    All numbers are there, but not in the order in which the LSTMs read them, so each weight gets
    another input.
    """
    joined = torch.cat([_hidden(labels), images], dim=-1).flatten(1, 2)
    tokens = self.embed(joined) + self.position
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def transformer_probabilities(self, images, labels):
    """The Transformer returns probabilities.

    The last axis sums to one; the loss takes its own softmax, and this one is a second.
    """
    tokens = _tokens(self, images, labels)
    return _answer(self, tokens, _future(tokens), labels).softmax(-1)


@mistake("X")
def body_not_run(self, images, labels):
    """The layers are left out: tokens go from the embedding to the head.

    No token sees another one, and the layers get no gradient.
    """
    return self.head(_tokens(self, images, labels)).reshape(labels.shape)


@mistake("X")
def embedding_detached(self, images, labels):
    """The gradient is cut after the embedding.

    The logits are right; the embedding and the positions never learn.
    """
    tokens = _tokens(self, images, labels).detach()
    return _answer(self, tokens, _future(tokens), labels)


@mistake("X")
def masked_in_training_only(self, images, labels):
    """The mask is used in training and left out in evaluation mode.

    The tested network is not the one that was trained. Compare its logits in both modes.
    """
    tokens = _tokens(self, images, labels)
    return _answer(self, tokens, _future(tokens) if self.training else None, labels)
