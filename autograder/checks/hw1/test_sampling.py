"""Problem 1: what `sample_task` draws. Every image is known by its pixels; nothing is guessed."""

from itertools import permutations

import numpy as np

from autograder.judge import DrawnTask, Tile, problem, require, show_drawn

WAY, SHOT, CLASSES, DRAWINGS = 4, 2, 9, 20
SPOTS = np.array([0, 145, 377, 638, 783, 27, 100, 401, 755])
DIAGONAL = 5  # so many of them stay where they are when a drawing is turned over


def drawings(rng, classes=CLASSES):
    """Random images that all differ at SPOTS, uint8 [classes, 20, 28, 28]."""
    return rng.randint(0, 256, size=(classes, DRAWINGS, 28, 28)).astype(np.uint8)


def identify(seen, images):
    """Which (class, drawing) every image of a task is: two arrays [K + 1, N]; -1 is none of them.

    Slips of scale, or a drawing turned over, hide nothing: they cost the check of the values alone.

    Args:
        seen: [K + 1, N, len(SPOTS)], pixel values.
    """
    seen = (seen / 255 if seen.max(initial=0) > 1.5 else seen)[..., :DIAGONAL]
    known = images.reshape(len(images), DRAWINGS, 784)[..., SPOTS[:DIAGONAL]] / 255.0
    distance = np.abs(seen[:, :, None, None] - known).max(-1)
    flat = distance.reshape(*seen.shape[:2], -1)
    best = np.where(flat.min(-1) <= 6e-3, flat.argmin(-1), -1)
    return np.where(best < 0, -1, best // DRAWINGS), np.where(best < 0, -1, best % DRAWINGS)


def draw(student, images, rng, way=WAY, shot=SHOT):
    """One task of the student's, with the classes and the drawings of its images."""
    seen = student.sampled(images, way, shot, int(rng.randint(2**31)), SPOTS)
    return (seen, *recognise(seen, images, way, shot))


def recognise(seen, images, way, shot):
    """The classes and the drawings of a task's images."""
    require_shape(seen, way, shot)
    classes, which = identify(seen["pixels"], images)
    show_drawn(as_task(classes, which, seen["labels"]))
    require(
        bool((classes >= 0).all()),
        f"{int((classes < 0).sum())} of {classes.size} returned images are not in the data set "
        f"(the values run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g})",
        "Each vector of 784 numbers should be one whole drawing, pixel for pixel, line after line.",
    )
    return classes, which


def require_shape(seen, way, shot):
    """The images have the shape of the handout."""
    require(
        list(seen["shape"]) == [shot + 1, way, 784],
        f"images has shape {list(seen['shape'])}; expected [K + 1, N, 784] = "
        f"{[shot + 1, way, 784]}",
        "One row for each drawing, one column for each class; each image is one vector.",
    )


def require_labels(seen, way, shot):
    """The labels have the shape of the handout and are one-hot."""
    require(
        seen["labels"].shape == (shot + 1, way, way),
        f"labels has shape {list(seen['labels'].shape)}; expected [K + 1, N, N] = "
        f"{[shot + 1, way, way]}",
        "One one-hot vector of length N for every image.",
    )
    require(
        bool((np.sort(seen["labels"], axis=-1) == np.eye(way)[-1]).all()),
        "a label is not one-hot (one 1, all others 0)",
    )


@problem("1", points=2, random=True)
def test_values(student, rng):
    """Images are whole drawings, scaled to [0, 1], float32, drawn with the given generator

    False alarms: two tasks that were drawn one after the other are alike by chance in one of 1e11
    cases (3 of 9 classes in order, 2 of 20 drawings of each, 6 orders of the query row).
    """
    images = drawings(rng) // 2  # dark, but for one pixel of one drawing
    images[0, 0, 9, 9] = 255
    drawn = []
    for way, shot in ((4, 2), (3, 1), (2, 4)):
        seed = int(rng.randint(2**31))
        both = student.sampled_twice(images, way, shot, seed, SPOTS)
        seen, classes, which = both["task"], *recognise(both["task"], images, way, shot)
        drawn.append((way, shot, seed, seen))
        right = images.reshape(CLASSES, DRAWINGS, 784)[classes, which][..., SPOTS] / 255.0
        off = np.abs(seen["pixels"] - right) > 1e-5
        require(
            not off[..., DIAGONAL:].any() or bool(off[..., :DIAGONAL].any()),
            "pixels off the diagonal are not where they are in the data set",
            "Each vector should hold the lines of a drawing one after the other, top first.",
        )
        require(
            not off.any(),
            f"the pixels run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g}; the same "
            f"images in the data set, as shares of 255, run from {right.min():.4g} to "
            f"{right.max():.4g} at the places looked at",
            "Scale all images by the same factor: 0 stays 0, and 255 becomes 1.",
        )
        for name, part in (("images", seen["pixels"]), ("labels", seen["labels"])):
            require(
                part.dtype == np.float32,
                f"{name} has dtype {part.dtype}; expected float32",
                "The networks' weights are float32, so their inputs must be float32 too.",
            )
        kept = np.array_equal(both["data"], images.reshape(CLASSES, DRAWINGS, 784)[..., SPOTS])
        require(kept, "the data set itself was changed", "Work on a copy of what you draw.")
        require(
            not same(seen, both["next"]),
            "two tasks drawn one after the other from one generator are the same",
            "All randomness must come from `rng`, and each draw must advance it.",
        )
    student.begin_anew()
    require_repeatable(student, images, drawn)


def same(one, other, rows=slice(None)):
    """Whether two tasks, or some of their rows, are the same."""
    return all(np.array_equal(one[key][rows], other[key][rows]) for key in ("pixels", "labels"))


def require_repeatable(student, images, drawn):
    """In another process each seed gives its task again, and another seed another task.

    Args:
        drawn: (way, shot, seed, task) of the first process.
    """
    way, shot, seed, before = drawn[-1]
    other = student.sampled(images, way, shot, seed + 1, SPOTS)
    require(
        not same(before, other),
        "generators made from two seeds gave the same task",
        "All randomness must come from `rng`.",
    )
    pairs = [
        (before, student.sampled(images, way, shot, seed, SPOTS))
        for way, shot, seed, before in drawn
    ]  # judged together: two orders of two classes are often the same
    supports = all(same(before, again, slice(-1)) for before, again in pairs)
    whole = all(same(before, again) for before, again in pairs)
    require(
        whole or not supports,
        "a new generator with the same seed gave the same supports and another query row",
        "All randomness must come from `rng`, the order of the query row too.",
    )
    require(
        supports or not all(same_classes(images, *pair) for pair in pairs),
        "a new generator with the same seed gave the same classes and other drawings of them",
        "All randomness must come from `rng`, the choice of the drawings too.",
    )
    require(
        whole,
        "a new generator with the same seed gave another task",
        "All randomness must come from `rng`; otherwise a seed does not repeat a run.",
    )


def same_classes(images, one, other):
    """Whether the supports of two tasks show the same classes."""
    kinds = [identify(task["pixels"], images)[0][:-1] for task in (one, other)]
    return np.array_equal(*kinds)


@problem("1", points=2, random=True)
def test_columns(student, rng):
    """Each support column shows one class, and its label says which column it is

    False alarms: none; it holds for every single task.
    """
    for way, shot in ((5, 3), (3, 4), (4, 2), (2, 6)):
        images = drawings(rng)
        seen, classes, _ = draw(student, images, rng, way, shot)
        support = classes[:-1]
        rows_alike = bool((np.sort(support, axis=1) == np.sort(support[0])).all())
        require(
            not rows_alike
            or bool((support == support[0]).all())
            or not bool((support[1:] == support[1]).all()),
            f"{way}-way {shot}-shot: row 0 shows the classes in another order than all other "
            f"support rows: {support[:2].tolist()}",
            "Only the query row is shuffled, and it is the last.",
        )
        require(
            not rows_alike or bool((support == support[0]).all()),
            f"{way}-way {shot}-shot: the support rows show the classes in different orders: "
            f"{support[:2].tolist()}",
            "Only the query row is shuffled, and it is the last.",
        )
        require(
            bool((support == support[0]).all()),
            f"{way}-way {shot}-shot: a support column mixes classes: the first rows show classes "
            f"{support[:2].tolist()}",
            "In which order are the drawings before you reshape: class by class, or row by row?",
        )
        require_labels(seen, way, shot)
        require(
            bool((seen["labels"][:-1].argmax(-1) == np.arange(way)).all()),
            f"{way}-way {shot}-shot: the labels of a support row are not 0, 1, … in column order",
            "In a support row, the label of column n is n. Only the query row, the last one, is "
            "shuffled.",
        )


@problem("1", points=2, random=True)
def test_without_replacement(student, rng):
    """Classes differ, and no drawing appears twice in a task

    False alarms: none. A sampler that repeats itself escapes 14 tasks of 4 of 5 classes with
    probability 0.19^14, one whose query may be one of 5 supports with 0.32^14; both below 1e-6.
    """
    way, shot, times = 4, 5, 14
    images, class_marks, drawing_marks = marked(rng, classes=5)
    seen = student.sampled_marks(images, way, shot, int(rng.randint(2**31)), times)["marks"]
    require(
        list(seen.shape) == [times, shot + 1, way, 2],
        f"{way}-way {shot}-shot: images has shape {list(seen.shape[1:3])} + …; expected "
        f"{[shot + 1, way, 784]}",
    )
    classes = np.abs(seen[..., :1] - class_marks).argmin(-1)
    which = np.abs(seen[..., 1:] - drawing_marks).argmin(-1)
    require(
        bool((np.abs(class_marks[classes] - seen[..., 0]) <= 2).all())
        and bool((np.abs(drawing_marks[which] - seen[..., 1]) <= 2).all()),
        "some returned images are not in the data set",
        "Each vector of 784 numbers should be one whole drawing, pixel for pixel, line after line.",
    )
    for task, drawn in zip(classes, which):
        show_drawn(as_task(task, drawn))
        for row in (0, -1):
            require(
                len(set(task[row].tolist())) == way,
                f"a {'query' if row else 'support'} row shows a class twice: {task[row].tolist()}",
                "A task has N different classes, and every row shows each of them once.",
            )
        pairs = list(zip(task.ravel().tolist(), drawn.ravel().tolist()))
        supports, queries = pairs[:-way], pairs[-way:]
        require(
            len(set(supports)) == len(supports),
            "two support images of a task are the same drawing",
            "The drawings of one class are drawn without replacement.",
        )
        both = set(supports) & set(queries)
        require(
            not both,
            f"drawing {min(both)[1] if both else 0} of a class is a support image and the query",
            "If a query image is also a support image, a network can just look it up.",
        )


@problem("1", points=2, random=True)
def test_query(student, rng):
    """The query row shows the same classes, and its labels are shuffled with its images

    False alarms: none; it holds for every single task. Over 20 tasks a shuffle of labels alone
    escapes with probability 1/24^20.
    """
    wrong, first, stayed, turned_back = "", None, True, True
    for _ in range(20):
        images = drawings(rng)
        seen, classes, which = draw(student, images, rng)
        require(
            sorted(classes[-1].tolist()) == sorted(classes[0].tolist()),
            f"support shows classes {classes[0].tolist()}, the query row {classes[-1].tolist()}",
            "The query row holds one new drawing of each support class.",
        )
        require_labels(seen, WAY, SHOT)
        known, said = seen["labels"][0].argmax(1), seen["labels"][-1].argmax(1)
        require(
            sorted(known.tolist()) == sorted(said.tolist()) == list(range(WAY)),
            f"a row uses a label twice: supports {known.tolist()}, query {said.tolist()}",
            "Every row shows every class once, with the label that it has in the support rows.",
        )
        class_of, shown = classes[0][np.argsort(known)], classes[-1]
        stayed &= bool((said == np.arange(WAY)).all())
        turned_back &= bool((class_of[np.argsort(said)] == shown).all())
        if not wrong and not (class_of[said] == shown).all():
            wrong = f"shows classes {shown.tolist()}, its labels say {class_of[said].tolist()}"
            first = as_task(classes, which, seen["labels"])
    pattern = "there is no fixed relation between the two"
    if stayed:
        pattern = "its labels are always in column order"
    elif turned_back:
        pattern = "its labels follow the inverse of the permutation of the images"
    show_drawn(first)
    require(
        not wrong,
        f"the query row {wrong}; over 20 tasks {pattern}",
        "Apply the same permutation to the images and the labels of the query row.",
    )


@problem("1", points=2, random=True)
def test_chance(student, rng):
    """Every class, drawing and query order occurs as often as the others

    False alarms: 600 tasks of 3 of 6 classes with 2 of 20 drawings. By Chernoff's bound for a right
    sampler, a class in a column or an order outside 45..165 (mean 100) has probability below 6e-10,
    a drawing in a row outside 30..170 (mean 90) below 1e-12; 24 · 6e-10 + 40 · 1e-12 is below 2e-8.
    """
    way, times = 3, 600
    images, class_marks, drawing_marks = marked(rng, classes=6)
    seen = student.sampled_marks(images, way, 1, int(rng.randint(2**31)), times)
    require_shape(seen, way, 1)
    require(seen["marks"].shape == (times, 2, way, 2), f"fewer than {times} tasks came back")
    classes = np.abs(seen["marks"][..., :1] - class_marks).argmin(-1)
    which = np.abs(seen["marks"][..., 1:] - drawing_marks).argmin(-1)
    columns = np.stack([np.bincount(column, minlength=6) for column in classes[:, 0].T])
    drawn = [np.bincount(row.ravel(), minlength=DRAWINGS) for row in which.swapaxes(0, 1)]
    require_classes_by_chance(columns, int((np.diff(classes[:, 0]) > 0).all(1).sum()), times)
    for row, name in ((1, "query"), (0, "support")):
        require_drawings_by_chance(drawn[row], name, times, times * way // DRAWINGS)
    alike = int((which == which[..., :1]).all((1, 2)).sum())
    require(
        alike <= times // 10,
        f"in {alike} of {times} tasks all classes used drawings with the same numbers",
        "Draw for each class separately: drawings with the same number come from the same person.",
    )
    require_orders_by_chance(orders_of(classes), times)


def orders_of(classes):
    """How often the query row came in each order of the supports; classes: [times, 2, N]."""
    known = list(permutations(range(classes.shape[-1])))
    found = (classes[:, 0, None] == classes[:, 1, :, None]).argmax(-1)
    return np.array([(found == order).all(-1).sum() for order in known])


def require_classes_by_chance(columns, ascending, times):
    """columns: how often each column showed each of 6 classes, [N, 6]; ascending: tasks in order."""
    never = [int(c) for c in range(6) if columns[:, c].sum() == 0]
    require(
        not never,
        f"classes {never} of 0 to 5 never came up in {times} tasks",
        "Every class of the data set must be able to appear.",
    )
    require(
        ascending < times // 2,
        f"in {ascending} of {times} tasks the classes came in the data set's order",
        "Any class must be able to get any label: a sorted task gives part of the answer away.",
    )
    require(
        bool((columns >= 45).all() and (columns <= 165).all()),
        f"the first column showed classes 0 to 5 {columns[0].tolist()} times, the last one "
        f"{columns[-1].tolist()} times; about {times // 6} each were expected",
        "Every class must get every label equally often: check the order in which the classes are "
        "drawn.",
    )


def require_drawings_by_chance(drawn, name, times, expected):
    """drawn: how often each drawing came up in one row, [20]."""
    require(
        int((drawn > 0).sum()) != 1,
        f"as {name}, the same drawing was used in all {times} tasks",
        "Every drawing must be able to appear in every row.",
    )
    require(
        bool((drawn > 0).all()),
        f"only {int((drawn > 0).sum())} of the 20 drawings were ever used as {name}",
        "Every drawing must be able to appear in every row.",
    )
    require(
        bool((drawn >= 30).all() and (drawn <= 170).all()),
        f"as {name}, one drawing was used {int(drawn.min())} times and another {int(drawn.max())} "
        f"times; about {expected} each were expected",
        "Every drawing must be as likely as any other in every row.",
    )


def require_orders_by_chance(orders, times):
    """orders: how often the query row came in each of the 6 orders, class order first."""
    require(
        int(orders[0]) < times,
        f"in all {times} tasks the query row came in class order",
        "With a fixed order a network can read the label from the position. Do you return the "
        "shuffled row?",
    )
    require(
        int(orders.sum()) == times,
        f"in {times - int(orders.sum())} of {times} tasks the query row did not show each class of "
        "the supports once",
        "The query row holds one new drawing of each support class.",
    )
    require(
        bool((orders > 0).all()),
        f"the query row came in {int((orders > 0).sum())} of 6 possible orders in {times} tasks",
        "Some orders never occur: is it really a shuffle?",
    )
    require(
        bool((orders >= 45).all() and (orders <= 165).all()),
        f"the 6 orders of the query row came up {orders.tolist()} times; about {times // 6} each "
        "were expected",
        "Every order of the query row must be as likely as any other.",
    )


def marked(rng, classes):
    """Images that say by two pixels of their diagonal which class and which drawing they are."""
    class_marks = np.arange(classes) * 40.0 + 5
    drawing_marks = np.arange(DRAWINGS) * 12.0 + 3
    images = np.zeros((classes, DRAWINGS, 28, 28), np.uint8)
    images[..., 0, 0] = class_marks[:, None]
    images[..., 1, 1] = drawing_marks
    images[..., 5, :] = rng.randint(0, 256, size=28)
    images[..., 6, 0] = 255  # whose scale is wrong is told so by the check of the values
    return images, class_marks, drawing_marks


def as_task(classes, which, labels=None):
    """A task for a reader: class and drawing of every image, [K + 1, N], and its label where it has one."""
    labelled = labels is not None and labels.ndim == 3 and labels.shape[:2] == classes.shape
    labelled = labelled and labels.size > 0
    rows = []
    for row, images in enumerate(zip(classes, which)):
        said = labels[row].argmax(-1).tolist() if labelled else [None] * len(classes[row])
        tiles = [
            Tile(int(kind), f"{kind}/{number}" if kind >= 0 else "?", label)
            for kind, number, label in zip(*images, said)
        ]
        rows.append(("query" if row == len(classes) - 1 else f"support {row}", tuple(tiles)))
    return DrawnTask(tuple(rows))
