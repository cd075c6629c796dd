"""Problem 1: what `sample_task` draws. Every image is known by its pixels, so nothing is guessed."""

import numpy as np

from autograder.judge import problem, require

WAY, SHOT, CLASSES, DRAWINGS = 4, 2, 9, 20
SPOTS = np.array([0, 27, 100, 401, 755, 783])


def drawings(rng, classes=CLASSES):
    """Random images that all differ at SPOTS, uint8 [classes, 20, 28, 28]."""
    return rng.randint(0, 256, size=(classes, DRAWINGS, 28, 28)).astype(np.uint8)


def identify(seen, images):
    """Which (class, drawing) every image of a task is: two arrays [K + 1, N]; -1 is none of them.

    Pixels that were not scaled, or nearly rightly, are recognised as well: that slip costs the
    check of the values alone.

    Args:
        seen: [K + 1, N, len(SPOTS)], pixel values.
    """
    seen = seen / 255 if seen.max(initial=0) > 1.5 else seen
    known = images.reshape(len(images), DRAWINGS, 784)[..., SPOTS] / 255.0
    distance = np.abs(seen[:, :, None, None] - known).max(-1)
    flat = distance.reshape(*seen.shape[:2], -1)
    best = np.where(flat.min(-1) <= 6e-3, flat.argmin(-1), -1)
    return np.where(best < 0, -1, best // DRAWINGS), np.where(best < 0, -1, best % DRAWINGS)


def draw(student, images, rng, way=WAY, shot=SHOT):
    """One task of the student's, with the classes and the drawings of its images."""
    seen = student.sampled(images, way, shot, int(rng.randint(2**31)), SPOTS)
    require_shape(seen, way, shot)
    classes, which = identify(seen["pixels"], images)
    require(
        bool((classes >= 0).all()),
        f"{int((classes < 0).sum())} of {classes.size} returned images are none of the data set's "
        f"(the values run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g})",
        "Each vector of 784 numbers should be one whole drawing, pixel for pixel, line after line.",
    )
    return seen, classes, which


def require_shape(seen, way, shot):
    """The images have the shape of the handout."""
    require(
        list(seen["shape"]) == [shot + 1, way, 784],
        f"images has shape {list(seen['shape'])}; expected [K + 1, N, 784] = {[shot + 1, way, 784]}",
        "One row a drawing, one column a class, each image as one vector.",
    )


def require_labels(seen, way, shot):
    """The labels have the shape of the handout and are one-hot."""
    require(
        list(seen["label_shape"]) == [shot + 1, way, way],
        f"labels has shape {list(seen['label_shape'])}; expected [K + 1, N, N] = "
        f"{[shot + 1, way, way]}",
        "One one-hot vector of length N for every image.",
    )
    require(
        bool((np.sort(seen["labels"], axis=-1) == np.eye(way)[-1]).all()),
        "a label is not one-hot: one 1 and otherwise zeros",
    )


@problem("1", points=2)
def test_values(student, rng):
    """Images are whole drawings scaled to [0, 1], float32, drawn with the generator given"""
    images = drawings(rng) // 2  # dark, but for one pixel of one drawing
    images[0, 0, 9, 9] = 255
    for way, shot in ((4, 2), (3, 1), (2, 4)):
        seen, classes, which = draw(student, images, rng, way, shot)
        right = images.reshape(CLASSES, DRAWINGS, 784)[classes, which][..., SPOTS] / 255.0
        require(
            bool((np.abs(seen["pixels"] - right) <= 1e-5).all()),
            f"the pixels run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g}; the same "
            f"images in the data set, as shares of 255, run from {right.min():.4g} to "
            f"{right.max():.4g} at the places looked at",
            "All images are scaled alike: 0 stays 0, and 255 becomes 1.",
        )
        for name, dtype in zip(("images", "labels"), seen["dtypes"]):
            require(
                dtype == "float32",
                f"{name} has dtype {dtype}; expected float32",
                "The networks' weights are float32, and meet only their like.",
            )
        require(seen["kept"], "the data set itself was changed", "Work on a copy of what you draw.")
        require(
            seen["moved"],
            "two tasks drawn one after the other from one generator are the same",
            "All randomness must come from `rng`, and must move it on.",
        )
        require(
            seen["repeated"],
            "a generator made anew from the same seed gave another task",
            "All randomness must come from `rng`, every bit of it: only then does a seed repeat a "
            "run.",
        )


@problem("1", points=2)
def test_columns(student, rng):
    """Each support column shows one class, and its label says which column it is"""
    for way, shot in ((4, 2), (3, 4), (5, 3), (2, 6)):
        images = drawings(rng)
        seen, classes, _ = draw(student, images, rng, way, shot)
        support = classes[:-1]
        rows_alike = bool((np.sort(support, axis=1) == np.sort(support[0])).all())
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
            "How are the drawings laid out before you reshape: class by class, or row by row?",
        )
        require_labels(seen, way, shot)
        expected = np.tile(np.eye(way), (shot, 1, 1))
        require(
            bool((np.abs(seen["labels"][:-1] - expected) <= 1e-6).all()),
            f"{way}-way {shot}-shot: the labels of a support row are not 0, 1, … in column order",
            "In a support row, the label of column n says n; only the query row, the last, is "
            "shuffled.",
        )


@problem("1", points=2)
def test_without_replacement(student, rng):
    """Classes differ, and no drawing appears twice in a task"""
    # A sampler that repeats itself escapes 14 tasks of 4 of 5 classes with probability 0.19^14,
    # one whose query may be one of the 5 supports with 0.32^14; both below 1e-6. A right one never
    # fails.
    way, shot, times = 4, 5, 14
    images, class_marks, drawing_marks = marked(rng, classes=5)
    seen = student.sampled_marks(images, way, shot, int(rng.randint(2**31)), times)
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
        "some returned images are none of the data set's",
        "Each vector of 784 numbers should be one whole drawing, pixel for pixel, line after line.",
    )
    for task, drawn in zip(classes, which):
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
            "A query image that is also a support image can be answered by looking it up.",
        )


@problem("1", points=2)
def test_query(student, rng):
    """The query row shows the same classes, and its labels moved with its images"""
    for _ in range(20):
        images = drawings(rng)
        seen, classes, _ = draw(student, images, rng)
        require(
            sorted(classes[-1].tolist()) == sorted(classes[0].tolist()),
            f"support shows classes {classes[0].tolist()}, the query row {classes[-1].tolist()}",
            "The query row holds one new drawing of each support class.",
        )
        require_labels(seen, WAY, SHOT)
        said = seen["labels"][-1].argmax(1)
        named, shown = classes[0][said], classes[-1]
        if bool((named == shown).all()):
            continue
        inverse = classes[0][np.argsort(said)]
        if bool((said == np.arange(WAY)).all()):
            idea = "The labels stayed in column order while the images were shuffled."
        elif bool((inverse == shown).all()):
            idea = "The labels were permuted the other way round than the images."
        else:
            idea = "Were images and labels shuffled separately?"
        require(
            False,
            f"the query row shows classes {shown.tolist()}, its labels say {named.tolist()}",
            idea,
        )


@problem("1", points=2)
def test_chance(student, rng):
    """Every class, drawing and query order comes up as often as the others"""
    # 600 tasks of 3 of 6 classes with 2 of 20 drawings. Chernoff's bound for a right sampler:
    # a class in a column or an order outside 45..165 (mean 100) has probability below 6e-10, a
    # drawing in a row outside 30..170 (mean 90) below 1e-12; over all counts together below 1e-7.
    way, times = 3, 600
    images, class_marks, drawing_marks = marked(rng, classes=6)
    seen = student.sampled_counts(
        images, way, 1, int(rng.randint(2**31)), times, class_marks, drawing_marks
    )
    require_shape(seen, way, 1)
    columns, drawn, orders = seen["columns"], seen["drawings"], seen["orders"]
    require(
        bool((columns.sum(1) == times).all()) and bool((drawn.sum(1) == times * way).all()),
        "the counts of what was drawn do not add up",
    )
    never = [int(c) for c in range(6) if columns[:, c].sum() == 0]
    require(
        not never,
        f"classes {never} of 0 to 5 never came up in {times} tasks",
        "Every class of the data set must be able to appear.",
    )
    require(
        bool((columns >= 45).all() and (columns <= 165).all()),
        f"the first column showed classes 0 to 5 {columns[0].tolist()} times, the last one "
        f"{columns[-1].tolist()} times; about {times // 6} each were expected",
        "Any class must be able to take any label, as often as any other: look at the order in "
        "which the drawn classes come.",
    )
    for row, name in ((0, "support"), (1, "query")):
        require(
            bool((drawn[row] > 0).all()),
            f"only {int((drawn[row] > 0).sum())} of the 20 drawings ever came up as {name}",
            "Every drawing must be able to appear in every row.",
        )
        require(
            bool((drawn[row] >= 30).all() and (drawn[row] <= 170).all()),
            f"as {name}, some drawing came up {int(drawn[row].min())} times and another "
            f"{int(drawn[row].max())} times; about {times * way // DRAWINGS} each were expected",
            "Every drawing must be as likely as any other in every row.",
        )
    require(
        int(seen["alike"]) <= times // 10,
        f"in {int(seen['alike'])} of {times} tasks all classes showed the same numbers of drawings",
        "Each class makes its own draw: the drawings of one number come from one hand.",
    )
    require(
        bool((orders > 0).all()),
        f"the query row came in {int((orders > 0).sum())} of 6 possible orders in {times} tasks",
        "With a fixed order a network can read the label off the position; is the shuffled row "
        "the one that is returned?",
    )
    require(
        bool((orders >= 45).all() and (orders <= 165).all()),
        f"the 6 orders of the query row came up {orders.tolist()} times; about {times // 6} each "
        "were expected",
        "Every order of the query row must be as likely as any other.",
    )


def marked(rng, classes):
    """Images whose first two pixels say which class and which drawing they are."""
    class_marks = np.arange(classes) * 40.0 + 5
    drawing_marks = np.arange(DRAWINGS) * 12.0 + 3
    images = np.zeros((classes, DRAWINGS, 28, 28), np.uint8)
    images[..., 0, 0] = class_marks[:, None]
    images[..., 0, 1] = drawing_marks
    images[..., 5, :] = rng.randint(0, 256, size=28)
    return images, class_marks, drawing_marks
