"""Wrong ways to sample a task."""

from __future__ import annotations

import numpy as np

from staff.authoring.catalogue import mistake


def _draw(images, way, shot, rng):
    """Classes [N] and, for each class, the numbers of its drawings [K + 1, N]."""
    classes = rng.choice(len(images), way, replace=False)
    columns = [rng.choice(images.shape[1], shot + 1, replace=False) for _ in range(way)]
    return classes, np.stack(columns, axis=1)


def _lay_out(images, classes, drawings):
    """Pixels and labels, every row in class order."""
    rows, way = drawings.shape
    pixels = images[classes, drawings].reshape(rows, way, -1).astype(np.float32) / 255
    return pixels, np.tile(np.eye(way, dtype=np.float32), (rows, 1, 1))


def _shuffle(pixels, labels, rng):
    """The query row in another order, images and labels together."""
    order = rng.permutation(labels.shape[1])
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]
    return pixels, labels


@mistake("1")
def classes_with_replacement(images, way, shot, rng):
    """A class can be drawn twice.

    Now and then two columns of one task show the same class under two labels. Draw many tasks from
    few classes: some show one class twice in a row.
    """
    _, drawings = _draw(images, way, shot, rng)
    classes = rng.integers(len(images), size=way)
    return _shuffle(*_lay_out(images, classes, drawings), rng)


@mistake("1")
def drawings_with_replacement(images, way, shot, rng):
    """A drawing can be drawn twice for one class.

    The numbers of the drawings of a class are independent, so now and then two of them are equal.
    With many shots it happens in nearly every task.
    """
    classes, _ = _draw(images, way, shot, rng)
    drawings = rng.integers(images.shape[1], size=(shot + 1, way))
    return _shuffle(*_lay_out(images, classes, drawings), rng)


@mistake("1")
def query_may_be_a_support(images, way, shot, rng):
    """The query drawing may be one of the supports.

    Supports differ from each other, but the query is not kept apart from them. Such a query can be
    answered by finding its own copy, and accuracies come out too high.
    """
    classes, drawings = _draw(images, way, shot, rng)
    drawings[-1] = rng.integers(images.shape[1], size=way)
    return _shuffle(*_lay_out(images, classes, drawings), rng)


@mistake("1")
def class_major_reshape(images, way, shot, rng):
    """Drawings are collected class by class and then cut into rows as they lie.

    The first row is filled with drawings of the first class before those of the second. Where K + 1
    and N differ, columns mix classes; print which class each image is.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    pixels = images[classes[:, None], drawings.T].reshape(pixels.shape).astype(np.float32) / 255
    return _shuffle(pixels, labels, rng)


@mistake("1")
def query_row_not_shuffled(images, way, shot, rng):
    """The query row is returned in class order.

    It was never shuffled, or the shuffled copy is thrown away. The position of a query then gives
    its label away, and a network can be right without looking at an image.
    """
    classes, drawings = _draw(images, way, shot, rng)
    return _lay_out(images, classes, drawings)


@mistake("1")
def only_query_images_shuffled(images, way, shot, rng):
    """The query images are shuffled, and their labels are not.

    The labels of the last row are 0, 1, … whatever is shown there. No network can learn from this:
    the accuracy stays at chance.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    rng.shuffle(pixels[-1])
    return pixels, labels


@mistake("1")
def query_shuffled_apart(images, way, shot, rng):
    """Query images and query labels are shuffled separately.

    Each has its own permutation, so labels belong to other images. They match by chance in one task
    in N!.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    rng.shuffle(pixels[-1])
    rng.shuffle(labels[-1])
    return pixels, labels


@mistake("1")
def query_labels_permuted_back(images, way, shot, rng):
    """The query labels are shuffled by the inverse of the images' permutation.

    With two classes you see no difference; with three or more, labels are wrong wherever the
    permutation is not its own inverse.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    order = rng.permutation(way)
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][:, order]
    return pixels, labels


@mistake("1")
def every_row_shuffled(images, way, shot, rng):
    """Support rows are shuffled too.

    Images and labels still belong together, but a column no longer shows one class. Only the query
    row has a random order in this homework.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    for row in range(shot + 1):
        order = rng.permutation(way)
        pixels[row], labels[row] = pixels[row][order], labels[row][order]
    return pixels, labels


@mistake("1")
def query_row_on_top(images, way, shot, rng):
    """The shuffled row is the first one.

    Row 0 is in random order and row K in class order, so code that reads the last row as the query
    gets an unshuffled row.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels[::-1].copy(), labels[::-1].copy()


@mistake("1")
def query_rolled(images, way, shot, rng):
    """The query row is rotated, not shuffled.

    Only N of the N! orders occur: neighbours stay neighbours. A network that recognises one query
    knows all the others.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    turn = rng.integers(way)
    pixels[-1], labels[-1] = np.roll(pixels[-1], turn, 0), np.roll(labels[-1], turn, 0)
    return pixels, labels


@mistake("1")
def pixels_not_scaled(images, way, shot, rng):
    """Pixels run from 0 to 255.

    The dtype was changed and the range was not. Inputs of this size saturate every gate of an LSTM.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    return _shuffle(pixels * 255, labels, rng)


@mistake("1")
def scaled_by_own_maximum(images, way, shot, rng):
    """Each task is scaled by its own brightest pixel.

    A dark task becomes as bright as any other, and the same drawing has other values in another
    task. Bright data sets hide it.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    return _shuffle(pixels / pixels.max(), labels, rng)


@mistake("1")
def ink_and_paper_exchanged(images, way, shot, rng):
    """Pixels are inverted: 255 becomes 0 and 0 becomes 1.

    The range is right, but no pixel is. Look at the corners of a drawing, where there is no ink.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    return _shuffle(1 - pixels, labels, rng)


@mistake("1")
def double_precision(images, way, shot, rng):
    """Images and labels are float64.

    float64 is numpy's default. The values are right; joined with float32 weights they raise an
    error.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels.astype(np.float64), labels.astype(np.float64)


@mistake("1")
def labels_of_double_precision(images, way, shot, rng):
    """The labels are float64.

    The images are float32, but the labels have numpy's default dtype. Joined, they become float64,
    and the network raises an error.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels, labels.astype(np.float64)


@mistake("1")
def generator_of_its_own(images, way, shot, rng):
    """Classes are not drawn with the generator that is given.

    They come from another one, new or global. Draw twice with the same seed: the tasks differ, so the
    seed of a run does not repeat it.
    """
    rng = np.random.default_rng()
    return _shuffle(*_lay_out(images, *_draw(images, way, shot, rng)), rng)


@mistake("1")
def seeded_anew_every_time(images, way, shot, rng):
    """A generator with a fixed seed is made inside.

    Every call gives the same task, so a network sees N characters in all. Draw twice and compare.
    """
    rng = np.random.default_rng(0)
    return _shuffle(*_lay_out(images, *_draw(images, way, shot, rng)), rng)


@mistake("1")
def order_from_the_global_generator(images, way, shot, rng):
    """The order of the query row comes from another generator than the one that is given.

    Classes and drawings repeat with the seed; the order of the query row does not, and neither does
    a run.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _lay_out(images, classes, drawings)
    order = np.random.permutation(way)
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]
    return pixels, labels


@mistake("1")
def data_set_shuffled_in_place(images, way, shot, rng):
    """The data set itself is shuffled, and its first classes are taken.

    Afterwards the caller's array is in another order, so the numbers of its classes are wrong.
    Compare the data set before and after a call.
    """
    rng.shuffle(images)
    _, drawings = _draw(images, way, shot, rng)
    return _shuffle(*_lay_out(images, np.arange(way), drawings), rng)


@mistake("1")
def last_drawing_never(images, way, shot, rng):
    """One drawing of a class, the last or the first, can never be drawn.

    One end of the range is off by one. In thousands of tasks only 19 of the 20 drawings occur.
    """
    classes, _ = _draw(images, way, shot, rng)
    columns = [rng.choice(images.shape[1] - 1, shot + 1, replace=False) for _ in range(way)]
    return _shuffle(*_lay_out(images, classes, np.stack(columns, axis=1)), rng)


@mistake("1")
def always_the_same_query_drawing(images, way, shot, rng):
    """The query always shows the same drawing of its class.

    Supports are drawn from the others, so nothing repeats within a task, but a network sees only
    one query drawing of each class in all its training.
    """
    classes, _ = _draw(images, way, shot, rng)
    columns = [rng.choice(images.shape[1] - 1, shot, replace=False) for _ in range(way)]
    drawings = np.vstack([np.stack(columns, axis=1), np.full(way, images.shape[1] - 1)])
    return _shuffle(*_lay_out(images, classes, drawings), rng)


@mistake("1")
def classes_in_order(images, way, shot, rng):
    """The classes of a task are sorted.

    A class early in the data set always gets a low label, so part of the answer can be memorised.
    Count which classes get label 0.
    """
    classes, drawings = _draw(images, way, shot, rng)
    return _shuffle(*_lay_out(images, np.sort(classes), drawings), rng)


@mistake("1")
def choice_left_unshuffled(images, way, shot, rng):
    """The choice of classes and drawings is random, but their order is not.

    An option of the draw makes it faster and leaves the order as it is: some classes never reach
    the first column, some drawings never the first row. Count what occurs where.
    """
    classes = rng.choice(len(images), way, replace=False, shuffle=False)
    columns = [
        rng.choice(images.shape[1], shot + 1, replace=False, shuffle=False) for _ in range(way)
    ]
    return _shuffle(*_lay_out(images, classes, np.stack(columns, axis=1)), rng)


@mistake("1")
def one_draw_for_all_classes(images, way, shot, rng):
    """All classes of a task use the same numbers of drawings.

    The numbers are drawn once, not for each class. In Omniglot drawings with the same number come
    from the same person, so a row can be recognised by its writer.
    """
    classes, _ = _draw(images, way, shot, rng)
    numbers = rng.choice(images.shape[1], shot + 1, replace=False)
    return _shuffle(*_lay_out(images, classes, np.repeat(numbers[:, None], way, 1)), rng)


@mistake("1")
def images_not_flattened(images, way, shot, rng):
    """Images keep their two axes.

    The result has five axes in a batch where four are expected, and 28 where 784 should be.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels.reshape(shot + 1, way, 28, 28), labels


@mistake("1")
def classes_before_rows(images, way, shot, rng):
    """The axes of rows and classes are exchanged.

    The result is [N, K + 1, …]. Where K + 1 equals N the shape looks right, and every row holds one
    class.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels.swapaxes(0, 1).copy(), labels.swapaxes(0, 1).copy()


@mistake("1")
def labels_as_numbers(images, way, shot, rng):
    """Labels are class numbers, not one-hot vectors.

    There is one number for each image where N are expected. The network reads a label as N inputs.
    """
    classes, drawings = _draw(images, way, shot, rng)
    pixels, labels = _shuffle(*_lay_out(images, classes, drawings), rng)
    return pixels, labels.argmax(-1).astype(np.float32)


@mistake("1")
def drawings_turned_over(images, way, shot, rng):
    """The pixels of a drawing are in another order.

    It is read column by column, mirrored or turned. All tasks are changed in the same way, so
    training does not show it; a picture of one image does.
    """
    classes, drawings = _draw(images, way, shot, rng)
    turned = images.swapaxes(2, 3)
    return _shuffle(*_lay_out(turned, classes, drawings), rng)
