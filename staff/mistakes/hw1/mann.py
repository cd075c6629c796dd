"""Wrong ways to run the memory-augmented network, and to judge it."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake


def _hidden(labels):
    """The labels that may be read: zeros in the query row."""
    return torch.cat([labels[:, :-1], torch.zeros_like(labels[:, -1:])], dim=1)


def _join(images, labels):
    """One sequence a task, row after row: [B, (K + 1) N, 784 + N]."""
    return torch.cat([images, labels], dim=-1).flatten(1, 2)


def _read(self, sequence, states=(None, None), between=lambda memory: memory):
    """The network on a sequence; logits [B, T, N] and the states at its end."""
    memory, first = self.lstm1(sequence, states[0])
    memory, second = self.lstm2(between(memory), states[1])
    return self.head(memory), (first, second)


@mistake("2a")
def query_labels_shown(self, images, labels):
    """The query labels are in the input.

    Every image comes with its label, the queries too. Training reaches full accuracy at once, and
    exchanging the query labels changes the predictions.
    """
    logits, _ = _read(self, _join(images, labels))
    return logits.reshape(labels.shape)


@mistake("2a")
def only_last_query_hidden(self, images, labels):
    """Only the very last label of the sequence is hidden.

    The query row has N images, and the labels of all but one of them are still in the input. The
    last label follows from the others.
    """
    shown = labels.clone()
    shown[:, -1, -1] = 0
    logits, _ = _read(self, _join(images, shown))
    return logits.reshape(labels.shape)


@mistake("2a")
def query_column_hidden(self, images, labels):
    """The labels of one column are hidden instead of those of one row.

    The axes of rows and classes are confused: one class loses its labels in every row, and the
    query labels of the others are in the input.
    """
    shown = labels.clone()
    shown[:, :, -1] = 0
    logits, _ = _read(self, _join(images, shown))
    return logits.reshape(labels.shape)


@mistake("2a")
def query_labels_zeroed_in_place(self, images, labels):
    """The caller's labels are overwritten with zeros.

    The logits are right, but the labels that the loss needs next are gone. Print the labels after a
    call.
    """
    labels[:, -1] = 0
    logits, _ = _read(self, _join(images, labels))
    return logits.reshape(labels.shape)


@mistake("2a")
def all_labels_hidden(self, images, labels):
    """The labels of the supports are hidden too.

    The network never learns which image has which label, and stays at chance however long it
    trains. Exchange support labels: nothing changes.
    """
    logits, _ = _read(self, _join(images, torch.zeros_like(labels)))
    return logits.reshape(labels.shape)


@mistake("2a")
def support_labels_hidden(self, images, labels):
    """The wrong part is hidden: supports have no labels, queries have theirs.

    The labels that should be read are zero, and those that should be hidden are read. Training
    looks perfect, but the network has learned to copy.
    """
    logits, _ = _read(self, _join(images, labels - _hidden(labels)))
    return logits.reshape(labels.shape)


@mistake("2a")
def first_row_hidden(self, images, labels):
    """The labels of row 0 are hidden instead of those of the query row.

    The query row is the last one. Exchanging its labels changes the predictions.
    """
    shown = labels.clone()
    shown[:, 0] = 0
    logits, _ = _read(self, _join(images, shown))
    return logits.reshape(labels.shape)


@mistake("2a")
def query_labels_uniform(self, images, labels):
    """Query labels are replaced by 1/N and not by zeros.

    Nothing is given away, but the input is not that of the handout, so the logits differ.
    """
    shown = labels.clone()
    shown[:, -1] = 1 / labels.shape[-1]
    logits, _ = _read(self, _join(images, shown))
    return logits.reshape(labels.shape)


@mistake("2a")
def query_images_blanked(self, images, labels):
    """The query images are zeroed together with their labels.

    Nothing of a query is left to recognise. The predictions do not change when a query image
    changes.
    """
    images = torch.cat([images[:, :-1], torch.zeros_like(images[:, -1:])], dim=1)
    logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits.reshape(labels.shape)


@mistake("2a")
def label_before_image(self, images, labels):
    """The label comes before the image in the input.

    All numbers are there, but not in the order of the handout, so each weight gets another input.
    It would train as well, but cannot be compared or loaded.
    """
    logits, _ = _read(self, torch.cat([_hidden(labels), images], dim=-1).flatten(1, 2))
    return logits.reshape(labels.shape)


@mistake("2a")
def labels_one_step_late(self, images, labels):
    """An image comes with the label of the image before it.

    The sequence of labels is shifted by one step, as in the first paper on these networks. Here an
    image and its own label arrive together.
    """
    shown = _hidden(labels).flatten(1, 2)
    late = torch.cat([torch.zeros_like(shown[:, :1]), shown[:, :-1]], dim=1)
    logits, _ = _read(self, torch.cat([images.flatten(1, 2), late], dim=-1))
    return logits.reshape(labels.shape)


@mistake("2a")
def class_after_class(self, images, labels):
    """The sequence runs class by class, not row by row.

    A query comes right after the supports of its own class, so its place gives its class away; and
    the outputs are reshaped as if they were in rows.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1).transpose(1, 2).flatten(1, 2)
    logits, _ = _read(self, joined)
    return logits.reshape(labels.shape)


@mistake("2a")
def columns_put_back_right(self, images, labels):
    """The sequence runs class by class; its outputs are put back in the right places.

    But every query still comes right after the supports of one class. Earlier queries are seen by
    later supports.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1).transpose(1, 2).flatten(1, 2)
    logits, _ = _read(self, joined)
    return logits.unflatten(1, (labels.shape[2], labels.shape[1])).transpose(1, 2)


@mistake("2a")
def rows_are_sequences(self, images, labels):
    """Each row is a sequence of its own.

    The rows were moved into the batch axis, and the memory starts empty at each of them. The
    supports never reach the queries.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1).flatten(0, 1)
    logits, _ = _read(self, joined)
    return logits.reshape(labels.shape)


@mistake("2a")
def memory_emptied_before_queries(self, images, labels):
    """The memory is emptied between the supports and the queries.

    Supports and queries are read in two calls, and the second starts from nothing. The query
    predictions do not change when the support labels change.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1)
    supports, _ = _read(self, joined[:, :-1].flatten(1, 2))
    queries, _ = _read(self, joined[:, -1])
    return torch.cat([supports, queries], dim=1).reshape(labels.shape)


@mistake("2a")
def batch_read_as_time(self, images, labels):
    """The tasks of a batch are read as one sequence, one after the other.

    The first axis is taken for time. The memory carries one task into the next, and a task's
    predictions change when its neighbour changes.
    """
    sequence = _join(images, _hidden(labels)).transpose(0, 1)
    logits, _ = _read(self, sequence)
    return logits.transpose(0, 1).reshape(labels.shape)


@mistake("2a")
def memory_kept_between_calls(self, images, labels):
    """Each call starts with the memory of the call before.

    The first batch is right, but every later one depends on those before it. Call the network twice
    with the same input and compare.
    """
    kept = getattr(self, "_kept", None)
    if kept is None or kept[0][0].shape[1] != len(images):
        kept = (None, None)
    logits, states = _read(self, _join(images, _hidden(labels)), kept)
    self._kept = tuple(tuple(part.detach() for part in state) for state in states)
    return logits.reshape(labels.shape)


@mistake("2a")
def sequence_read_backwards(self, images, labels):
    """The sequence is read from its end.

    The queries come first, before any support. Predictions of early images change when a late image
    changes, and those of the queries do not change when support labels do.
    """
    logits, _ = _read(self, _join(images, _hidden(labels)).flip(1))
    return logits.flip(1).reshape(labels.shape)


@mistake("2a")
def queries_read_first(self, images, labels):
    """The query row is put before the supports.

    It is read before anything could be remembered, and then put back in its place. The support
    labels do not reach it.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1).roll(1, dims=1).flatten(1, 2)
    logits, _ = _read(self, joined)
    return logits.reshape(labels.shape).roll(-1, dims=1)


@mistake("2a")
def second_lstm_not_run(self, images, labels):
    """The second LSTM is left out: the first one's memory goes to the head.

    Both memories have the same size, so there is no error. The weights of the second LSTM get no
    gradient.
    """
    memory, _ = self.lstm1(_join(images, _hidden(labels)))
    return self.head(memory).reshape(labels.shape)


@mistake("2a")
def last_memory_everywhere(self, images, labels):
    """Only the last memory of the first LSTM is read by the second.

    Every step of the second gets what the first LSTM held after the whole sequence. Early
    predictions change when the last image changes.
    """
    memory, (last, _) = self.lstm1(_join(images, _hidden(labels)))
    memory, _ = self.lstm2(last[-1][:, None].expand_as(memory))
    return self.head(memory).reshape(labels.shape)


@mistake("2a")
def head_left_out(self, images, labels):
    """The head is not used: part of the second memory is returned.

    The first N numbers of the memory are used as logits, and the others are lost. The weights of
    the head get no gradient.
    """
    memory, _ = self.lstm1(_join(images, _hidden(labels)))
    memory, _ = self.lstm2(memory)
    return memory[..., : labels.shape[-1]].reshape(labels.shape)


@mistake("2a")
def memory_detached(self, images, labels):
    """The gradient is cut between the two LSTMs.

    The logits are right, but the first LSTM never learns: its weights have no gradient. Look at the
    gradients after a backward pass.
    """
    sequence = _join(images, _hidden(labels))
    logits, _ = _read(self, sequence, between=lambda memory: memory.detach())
    return logits.reshape(labels.shape)


@mistake("2a")
def states_detached_before_queries(self, images, labels):
    """The gradient is cut between the supports and the queries.

    It changes no value. The loss of the queries cannot teach the network how to remember a
    support, because no gradient goes back to it.
    """
    joined = torch.cat([images, _hidden(labels)], dim=-1)
    supports, states = _read(self, joined[:, :-1].flatten(1, 2))
    states = tuple(tuple(part.detach() for part in state) for state in states)
    queries, _ = _read(self, joined[:, -1], states)
    return torch.cat([supports, queries], dim=1).reshape(labels.shape)


@mistake("2a")
def probabilities_returned(self, images, labels):
    """Probabilities are returned where logits are expected.

    The last axis sums to one. The loss applies its own softmax, so there are two: the network
    cannot become confident, and learns slowly.
    """
    logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits.softmax(-1).reshape(labels.shape)


@mistake("2a")
def only_queries_returned(self, images, labels):
    """Only the logits of the query row are returned.

    The result lacks the rows of the supports. The loss picks the query row itself.
    """
    logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits.reshape(labels.shape)[:, -1]


@mistake("2a")
def sequence_returned(self, images, labels):
    """The logits are returned as one sequence.

    The axes of rows and classes are still one: [B, (K + 1) N, N]. The last row cannot be picked
    from it as the docstring promises.
    """
    logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits


@mistake("2a")
def class_axis_not_last(self, images, labels):
    """The axis of the classes is exchanged with that of the images.

    Both have length N, so the shape looks right. Each image's logits are spread over the others'
    rows.
    """
    logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits.reshape(labels.shape).transpose(-1, -2)


@mistake("2a")
def hidden_in_training_only(self, images, labels):
    """The query labels are hidden in training, and shown in evaluation mode.

    Training is correct and every test is perfect. Call the network in evaluation mode with other
    query labels: the predictions change.
    """
    shown = _hidden(labels) if self.training else labels
    logits, _ = _read(self, _join(images, shown))
    return logits.reshape(labels.shape)


@mistake("2a")
def no_gradient_at_all(self, images, labels):
    """The network runs without recording gradients.

    The logits are right but carry no gradient, so nothing can be trained.
    """
    with torch.no_grad():
        logits, _ = _read(self, _join(images, _hidden(labels)))
    return logits.reshape(labels.shape)


# --- 2b -----------------------------------------------------------------------------------------


@mistake("2b")
def supports_count_too(logits, labels):
    """All rows count, the supports too.

    The labels of the supports are in the input: the network is trained to copy them, and most of
    the loss measures this.
    """
    return F.cross_entropy(logits.flatten(0, 2), labels.flatten(0, 2).argmax(-1))


@mistake("2b")
def supports_only(logits, labels):
    """The loss is that of the supports.

    The query row is the one that is left out. The loss falls to zero by copying and says nothing
    about learning.
    """
    return F.cross_entropy(logits[:, :-1].flatten(0, 2), labels[:, :-1].flatten(0, 2).argmax(-1))


@mistake("2b")
def first_row_counts(logits, labels):
    """Row 0 is taken for the query row.

    The queries are the last row of a task. Here a support row gets the gradient.
    """
    return F.cross_entropy(logits[:, 0].flatten(0, 1), labels[:, 0].flatten(0, 1).argmax(-1))


@mistake("2b")
def last_column_counts(logits, labels):
    """The last column is taken for the last row.

    One class of every row counts, supports included, because the axis of the classes is indexed.
    """
    return F.cross_entropy(
        logits[:, :, -1].flatten(0, 1), labels[:, :, -1].flatten(0, 1).argmax(-1)
    )


@mistake("2b")
def softmax_over_images(logits, labels):
    """The softmax runs over the images of a row, not over the classes.

    Both axes have length N, so there is no error: each class chooses among images instead of each
    image among classes.
    """
    return F.cross_entropy(logits[:, -1], labels[:, -1])


@mistake("2b")
def labels_read_down(logits, labels):
    """The labels are read along the wrong axis.

    The result says where each class is, not which class is where. With two classes this is the
    same; with three or more, the targets of some tasks are wrong.
    """
    return F.cross_entropy(logits[:, -1].flatten(0, 1), labels[:, -1].argmax(1).flatten())


@mistake("2b")
def summed_not_averaged(logits, labels):
    """The loss is a sum over tasks and queries.

    It is B·N times too large, and so is the gradient: the step of the optimizer depends on the size
    of the batch.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query, targets.argmax(-1), reduction="sum")


@mistake("2b")
def summed_over_queries(logits, labels):
    """The loss is averaged over tasks and summed over the queries of each.

    It is N times too large: losses of tasks with different numbers of classes cannot be compared.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query, targets.argmax(-1), reduction="sum") / len(logits)


@mistake("2b")
def averaged_over_classes_too(logits, labels):
    """The average runs over the classes as well.

    Each image has N terms, of which only one is not zero, and all N are counted: the loss is N
    times too small.
    """
    return -(labels[:, -1] * F.log_softmax(logits[:, -1], dim=-1)).mean()


@mistake("2b")
def softmax_before_cross_entropy(logits, labels):
    """A softmax is taken before a cross-entropy that takes one itself.

    The network can never become confident: the loss stays well above zero, and gradients are small.
    Look at the loss of logits that are large and right.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query.softmax(-1), targets.argmax(-1))


@mistake("2b")
def probability_without_logarithm(logits, labels):
    """The probability of the right class is used without its logarithm.

    The loss is negative and ends at -1: confident wrong predictions are not punished.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.nll_loss(query.softmax(-1), targets.argmax(-1))


@mistake("2b")
def logits_without_softmax(logits, labels):
    """Logits are used as if they were log-probabilities.

    There is no softmax at all: raising all logits lowers the loss without bound.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.nll_loss(query, targets.argmax(-1))


@mistake("2b")
def sign_turned(logits, labels):
    """The loss has the opposite sign.

    Right predictions have a larger loss, and training drives the accuracy below chance.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return -F.cross_entropy(query, targets.argmax(-1))


@mistake("2b")
def one_loss_an_image(logits, labels):
    """The losses are not averaged.

    There is one number for each query. A scalar is expected, since a backward pass starts from a
    scalar.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query, targets.argmax(-1), reduction="none")


@mistake("2b")
def loss_without_gradient(logits, labels):
    """The loss carries no gradient.

    Its value is right, but it is cut off from the network: it is detached, made anew from numbers,
    or computed without gradients. Nothing is trained.
    """
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return torch.tensor(F.cross_entropy(query, targets.argmax(-1)).item())


@mistake("2b")
def squared_error(logits, labels):
    """The squared distance between logits and one-hot labels is used.

    This is another kind of loss: it wants logits of exactly 0 and 1, and punishes predictions that
    are more right than that.
    """
    return F.mse_loss(logits[:, -1], labels[:, -1])


@mistake("2b")
def each_class_for_itself(logits, labels):
    """Each class is a separate yes or no.

    There is a sigmoid in place of the softmax: the probabilities of the classes of one image need
    not sum to one.
    """
    return F.binary_cross_entropy_with_logits(logits[:, -1], labels[:, -1])


@mistake("2b")
def zeroed_supports_still_count(logits, labels):
    """The supports' logits are set to zero, and then counted.

    A row of equal logits costs log N and teaches nothing, but it is averaged with the queries: the
    loss cannot fall to zero, and the gradient is K + 1 times too small.
    """
    masked = torch.cat([torch.zeros_like(logits[:, :-1]), logits[:, -1:]], dim=1)
    return F.cross_entropy(masked.flatten(0, 2), labels.flatten(0, 2).argmax(-1))


@mistake("2b")
def labels_blanked_in_place(logits, labels):
    """The caller's labels of the supports are overwritten.

    The loss is right, but the next one finds other labels.
    """
    labels[:, :-1] = 0
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query, targets.argmax(-1))


@mistake("2b")
def only_first_task(logits, labels):
    """Only the first task of the batch counts.

    The other tasks get no gradient. With a batch of one it is right.
    """
    return F.cross_entropy(logits[0, -1], labels[0, -1].argmax(-1))


@mistake("2b")
def one_query_a_task(logits, labels):
    """Only the last query of each task counts.

    The query row has N images, one for each class; the others get no gradient.
    """
    return F.cross_entropy(logits[:, -1, -1], labels[:, -1, -1].argmax(-1))
