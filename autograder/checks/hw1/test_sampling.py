"""Problem 1: what `sample_task` draws. Every image is known by its pixels, so nothing is guessed."""

import numpy as np

from autograder.judge import problem, require

WAY, SHOT, CLASSES, DRAWINGS = 4, 3, 9, 20
SPOTS = np.array([0, 27, 100, 401, 755, 783])


def drawings(rng, classes=CLASSES):
    """Random images that all differ at SPOTS, uint8 [classes, 20, 28, 28]."""
    return rng.randint(0, 256, size=(classes, DRAWINGS, 28, 28)).astype(np.uint8)


def identify(seen, images):
    """Which (class, drawing) every image of a task is: two arrays [K + 1, N]; -1 is none of them.

    Args:
        seen: [K + 1, N, len(SPOTS)], pixel values in [0, 1].
    """
    known = images.reshape(len(images), DRAWINGS, 784)[..., SPOTS] / 255.0
    distance = np.abs(seen[:, :, None, None] - known).max(-1)
    flat = distance.reshape(*seen.shape[:2], -1)
    best = np.where(flat.min(-1) <= 2e-3, flat.argmin(-1), -1)
    return np.where(best < 0, -1, best // DRAWINGS), np.where(best < 0, -1, best % DRAWINGS)


def draw(student, images, rng, way=WAY, shot=SHOT):
    """One task of the student's, with the images identified."""
    seen = student.sampled(images, way, shot, int(rng.randint(2**31)), SPOTS)
    require(
        list(seen["shape"]) == [shot + 1, way, 784],
        f"images has shape {seen['shape']}; expected [K + 1, N, 784] = {[shot + 1, way, 784]}",
        "One row a drawing, one column a class, each image as one vector.",
    )
    require(
        list(seen["label_shape"]) == [shot + 1, way, way],
        f"labels has shape {seen['label_shape']}; expected [K + 1, N, N] = {[shot + 1, way, way]}",
        "One one-hot vector of length N for every image.",
    )
    classes, which = identify(seen["pixels"], images)
    require(
        bool((classes >= 0).all()),
        f"{int((classes < 0).sum())} of {classes.size} returned images are none of the data set's, "
        f"scaled to [0, 1] (the values run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g})",
        "Each row of 784 numbers should be one whole drawing, pixel for pixel, divided by 255.",
    )
    return seen, classes, which


@problem("1", points=2)
def test_values(student, rng):
    """Images are whole drawings scaled to [0, 1], as float32"""
    images = drawings(rng)
    seen, _, _ = draw(student, images, rng)
    require(seen["dtypes"][0] == "float32", f"images has dtype {seen['dtypes'][0]}; expected float32")
    require(
        seen["range"][1] > 0.9 and seen["range"][0] >= 0 and seen["range"][1] <= 1.0 + 1e-6,
        f"the pixels run from {seen['range'][0]:.4g} to {seen['range'][1]:.4g}; expected 0 to 1",
    )
    require(
        seen["dtypes"][1] == "float32", f"labels has dtype {seen['dtypes'][1]}; expected float32"
    )
    require(seen["kept"], "the data set itself was changed", "Work on a copy of what you draw.")
    require(
        seen["moved_on"],
        "the generator `rng` was not used",
        "All randomness must come from rng: only then does a seed repeat a run.",
    )


@problem("1", points=2)
def test_columns(student, rng):
    """Each support column shows one class, and its label says which column it is"""
    for way, shot in ((4, 3), (3, 1), (2, 5)):
        images = drawings(rng)
        seen, classes, _ = draw(student, images, rng, way, shot)
        support = classes[:-1]
        require(
            bool((support == support[0]).all()),
            f"{way}-way {shot}-shot: a support column mixes classes: the first rows are "
            f"{support[:2].tolist()}",
            "How are the drawings laid out before you reshape: class by class, or row by row?",
        )
        expected = np.tile(np.eye(way), (shot, 1, 1))
        require(
            bool((np.abs(seen["labels"][:-1] - expected) <= 1e-6).all()),
            f"{way}-way {shot}-shot: the labels of a support row are not 0, 1, … in column order",
            "Support rows stay in class order; the label of column n is the n-th unit vector.",
        )


@problem("1", points=2)
def test_without_replacement(student, rng):
    """Classes differ, and no drawing appears twice in a task"""
    # Small sets: drawing with replacement repeats itself in all but a share of (9!/5!/9^4) = 0.46 of
    # tasks by classes and 20·19·18·17/20^4 = 0.73 a column by drawings. Over 30 tasks of 4 columns a
    # sampler with replacement escapes with probability below 1e-10; a right one never fails.
    images = drawings(rng)
    for _ in range(30):
        _, classes, which = draw(student, images, rng)
        require(
            len(set(classes[0].tolist())) == WAY,
            f"one task holds a class twice: {classes[0].tolist()}",
            "A task has N different classes.",
        )
        for column, name in enumerate(classes[0]):
            query = int(np.argmax(classes[-1] == name))
            chosen = [*which[:-1, column].tolist(), int(which[-1, query])]
            require(
                len(set(chosen)) == len(chosen),
                f"the same drawing appears twice for one class: drawings {chosen}",
                "A query image that is also a support image can be answered by looking it up.",
            )


@problem("1", points=2)
def test_query(student, rng):
    """The query row shows the same classes, and its labels moved with its images"""
    for _ in range(12):
        images = drawings(rng)
        seen, classes, _ = draw(student, images, rng)
        require(
            sorted(classes[-1].tolist()) == sorted(classes[0].tolist()),
            f"support shows classes {classes[0].tolist()}, the query row {classes[-1].tolist()}",
            "The query row holds one new drawing of each support class.",
        )
        labels = seen["labels"][-1]
        require(
            bool((np.sort(labels, axis=1) == np.eye(WAY)[-1]).all()),
            "a label of the query row is not one-hot",
        )
        named = classes[0][labels.argmax(1)]
        require(
            bool((named == classes[-1]).all()),
            f"the query row shows classes {classes[-1].tolist()}, its labels say {named.tolist()}",
            "Images and labels of the query row must go through the same permutation.",
        )


@problem("1", points=2)
def test_chance(student, rng):
    """Every class, drawing and query order comes up"""
    # 400 tasks of 3 of 6 classes with 2 of 20 drawings. By the union bound, a right sampler fails
    # with probability below 6·(1/2)^400 (classes) + 20·(0.95)^1200 (drawings in row 0) +
    # 2·6·(5/6)^400 (orders of query and of classes), together under 1e-22.
    way, times = 3, 400
    images = np.zeros((6, DRAWINGS, 28, 28), np.uint8)
    images[..., 0, 0] = np.arange(6)[:, None] * 40 + 5
    images[..., 0, 1] = np.arange(DRAWINGS) * 12 + 3
    images[..., 5, :] = rng.randint(0, 256, size=28)
    seen = student.sampled_many(images, way, 1, int(rng.randint(2**31)), times)
    require(
        list(seen.shape) == [times, 2, way, 2],
        f"tasks of {way} classes and 1 shot have images of shape {[*seen.shape[1:3], 784]}; "
        f"expected {[2, way, 784]}",
    )
    classes, which = (seen[..., 0] - 5) / 40, (seen[..., 1] - 3) / 12
    require(
        set(np.unique(classes[:, 0])) == set(range(6)),
        f"only classes {np.unique(classes[:, 0]).tolist()} of 0 to 5 ever came up in 400 tasks",
        "Every class of the data set must be able to appear.",
    )
    for row, name in ((0, "support"), (1, "query")):
        require(
            set(np.unique(which[:, row])) == set(range(DRAWINGS)),
            f"only {len(np.unique(which[:, row]))} of the 20 drawings ever came up as {name}",
            "Every drawing must be able to appear in every row.",
        )
    orders = {tuple(np.argsort(np.argsort(row))) for row in classes[:, 0]}
    require(
        len(orders) == 6,
        "the support classes came only in some orders",
        "A class must be able to take any label.",
    )
    moved = {
        tuple(int(np.argmax(task[0] == name)) for name in task[1]) for task in classes
    }
    require(
        len(moved) == 6,
        f"the query row came in {len(moved)} of 6 possible orders in 400 tasks",
        "With a fixed order a network can read the label off the position.",
    )
