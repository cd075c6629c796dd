"""Problems 1 and 2: the tables, the head and both forward passes."""

import math

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

COUNTS, DIM = (13, 9), 4  # users, items, length of a vector: all different
SURE = 6.5  # standard deviations; see test_drawn


@problem("1a", points=1)
def test_tables(student, rng):
    """The tables have the right sizes, are shared or separate as asked, and can be trained"""
    for shared in (True, False):
        ids = rng.randint(0, 7, size=10)
        weights = rng.normal(size=(10, 1)).astype(np.float32)
        seen = student.tables_lookup(COUNTS, DIM, shared, ids, weights)
        users, items = COUNTS
        for index, (rows, columns) in enumerate([(users, DIM), (items, DIM), (items, 1)] * 2):
            table = ("users", "items", "bias")[index % 3]
            require(
                list(seen["shapes"][index]) == [rows, columns],
                f"{table} of the {('watch', 'rate')[index // 3]} tables has shape "
                f"{list(seen['shapes'][index])}; expected {[rows, columns]}",
                "Each user and each item has a row of dim numbers. Each item also has one number: its bias.",
            )
        wanted = 3 if shared else 6
        require(
            seen["distinct"] == wanted,
            f"shared={shared}: there are {seen['distinct']} different parameters in both Tables "
            f"together; expected {wanted}",
            "Shared tables are the same object for both tasks. Separate tables have nothing in "
            "common.",
        )
        require(
            seen["equal"] == int(shared),
            f"shared={shared}: users and items of both tasks start with "
            f"{'the same' if seen['equal'] else 'different'} numbers",
            "Only shared tables are equal. A copy would start both tasks from the same numbers.",
        )
        require(
            seen["sparse"] == 0,
            "the tables give sparse gradients, which Adam cannot use",
        )
        require(
            seen["moved"] <= 1e-7,
            f"looking up rows changed the tables, by up to {seen['moved']:.3g}",
            "Looking up a row must not change its length.",
        )
        expected = np.zeros(8)
        np.add.at(expected, ids, weights[:, 0])
        for index, gradient in enumerate(seen["gradients"]):
            columns = 1 if index % 3 == 2 else DIM
            assert_matches(
                gradient,
                columns * expected[: ids.max() + 2],
                "Every use of an id trains its row, row 0 included.",
                name=f"the gradient of looked-up rows of {('users', 'items', 'bias')[index % 3]}",
            )


@problem("1a", points=1, random=True)
def test_drawn(student, rng):
    """Vectors are drawn from N(0, 1/dim), each table by itself; biases are 0

    False alarms: in units of its standard deviation the mean, the root mean square and the mean
    absolute value of n normal numbers are 1/sqrt(n)-Lipschitz functions of them, and the cosine of
    two independent rows of n is sub-Gaussian: each strays by more than t/sqrt(n) with probability
    below 2·exp(-t²/2). The standard deviation of the lengths of m rows is a 1/sqrt(m)-Lipschitz
    function of all numbers. With t = 6.5 and 58 figures that is less than 8e-8. (A uniform distribution of
    the same variance has a mean absolute value .068 higher; the tolerance is below .05.)
    """
    for shared, users, items, dim in ((True, 470, 400, 48), (False, 400, 430, 60)):
        seen = student.tables_statistics([users, items], dim, shared, int(rng.randint(2**31)))
        names = (
            ["users", "items"]
            if shared
            else [f"{part} ({task})" for task in ("watch", "rate") for part in ("users", "items")]
        )
        scale = 1 / math.sqrt(dim)
        for index, name in enumerate(names):
            count = (users if index % 2 == 0 else items) * dim
            for key, expected in (
                ("root_mean_square", scale),
                ("mean", 0.0),
                ("mean_absolute", 0.79788 * scale),
            ):
                value = seen[key][index]
                like = _spread_like(value, count // dim, dim) if key == "root_mean_square" else ""
                require(
                    bool(abs(value - expected) <= SURE * scale / math.sqrt(count)),
                    f"{name}, dim = {dim}: the {key.replace('_', ' ')} is {value:.4g}; "
                    f"expected about {expected:.4g}{like}",
                    "A normal distribution; 1/dim is its variance, dim the length of a vector.",
                )
            rows = count // dim
            value = seen["spread_of_lengths"][index]
            require(
                bool(abs(value - scale / math.sqrt(2)) <= SURE * scale / math.sqrt(rows)),
                f"{name}, dim = {dim}: the lengths of the rows have a standard deviation of "
                f"{value:.4g}; expected about {scale / math.sqrt(2):.4g}",
                "If the numbers are drawn independently, the rows have different lengths: scale "
                "nothing after the draw.",
            )
        half = min(users, items) // 2 * dim
        worst = float(np.abs(seen["cosines"]).max())
        require(
            worst <= SURE / math.sqrt(half),
            f"shared={shared}: rows of the tables are similar: a cosine of {worst:.3g} between "
            "rows that should be independent",
            "Draw every row of every table independently. A copy would start both tasks from the "
            "same numbers.",
        )
        require(
            bool((seen["bias"] == 0).all()),
            f"a bias starts at {seen['bias'].max():.3g}; expected 0",
        )


def _spread_like(value, rows, dim):
    """In words, which other rule gives a spread like this one; the rows belong to a table."""
    rules = {
        "that of variance 1": 1.0,
        "the standard deviation has the value that the variance should have": 1 / dim,
        "that of variance 1 over the rows of the table": rows**-0.5,
        "that of Xavier's rule, over rows and columns": math.sqrt(2 / (rows + dim)),
    }
    for words, spread in rules.items():
        if abs(value - spread) <= SURE * spread / math.sqrt(rows * dim):
            return f" ({words})"
    return ""


@problem("1b", points=1)
def test_head(student, reference, rng):
    """The head is linear layers with ReLUs between them, of the sizes that were asked for"""
    for sizes in ([9, 7], [10, 6, 4], [12], [3, 8, 5, 2]):
        features = rng.normal(size=(6, sizes[0])).astype(np.float32) * 2
        weights = rng.normal(size=(6, 1)).astype(np.float32)
        seen = student.head_outputs(sizes, features, weights)
        expected = reference.head_outputs
        require(
            seen["parameters"] == expected["parameters"],
            f"layer_sizes={sizes}: the parameters have shapes {_shapes(seen['parameters'])}; "
            f"expected {_shapes(expected['parameters'])}",
            "Each layer has a weight and a bias. PyTorch does not find layers in a plain Python "
            "list.",
        )
        assert_matches(
            seen["outputs"],
            expected["outputs"],
            "Check the order of the layers, what is between two layers, and what is after the "
            "last one.",
            name=f"the head of layer_sizes={sizes}",
        )


@problem("1b", points=1)
def test_head_trains(student, reference, rng):
    """Gradients pass through the head, and its input and layer_sizes do not change"""
    for sizes in ([8, 5], [6, 11, 3]):
        features = rng.normal(size=(7, sizes[0])).astype(np.float32)
        weights = rng.normal(size=(7, 1)).astype(np.float32)
        seen = student.head_outputs(sizes, features, weights)
        expected = reference.head_outputs
        assert_matches(
            seen["outputs"], expected["outputs"], "See the first check of 1b.", name="the outputs"
        )
        assert_matches(
            seen["gradient"],
            expected["gradient"],
            "The values may be right and the gradient cut.",
            name="the gradient by the features",
        )
        require(
            seen["alive"] == 1,
            "the untrained head gives the same number for every input",
            "Weights that start equal stay equal. torch's default initialisation is fine.",
        )
        require(
            seen["sizes"] == sizes,
            f"the caller's list layer_sizes became {seen['sizes']}; it was {sizes}",
            "The caller still needs it: make a new list.",
        )
        require_unchanged(student, "layer_sizes", "features", "weights")


def _shapes(shapes):
    return ", ".join("x".join(str(int(side)) for side in shape) for shape in shapes) or "(none)"


def pairs(rng, batch):
    """Ids of users and of items [B], with repetitions; some users have ids that no item has."""
    users = rng.randint(0, COUNTS[0], size=batch)
    users[0] = COUNTS[0] - 1
    return users, rng.randint(0, COUNTS[1], size=batch)


def assert_outputs(seen, expected):
    """Both outputs have the shape [B] and the recorded values."""
    assert_matches(
        seen["watch"],
        expected["watch"],
        "Each pair gets one number: the scalar product of its two vectors, plus the bias of its "
        "item. Do not mix the shapes [B] and [B, 1].",
        name="the watch logits",
    )
    assert_matches(
        seen["rating"],
        expected["rating"],
        "Check the three parts of the features, their order, which tables they come from, and the "
        "shape of the head's output.",
        name="the ratings",
    )


@problem("2a", points=1)
def test_shared(student, reference, rng):
    """Shared: both outputs have the right value for every pair"""
    for batch, dim, seed in ((6, 4, 20), (11, 5, 21)):
        users, items = pairs(rng, batch)
        seen = student.shared(users, items, COUNTS, dim, seed)
        assert_outputs(seen, reference.shared)
        require_unchanged(student, "users", "items")


@problem("2a", points=1)
def test_shared_gradients(student, reference, rng):
    """Shared: both tasks train the tables, and only the rating trains the head"""
    users, items = pairs(rng, 8)
    weights = rng.normal(size=(2, 8)).astype(np.float32)
    seen = student.shared_gradients(users, items, weights, COUNTS, DIM, 22)
    assert_gradients(seen, reference.shared_gradients, "tables")


@problem("2b", points=1)
def test_separate(student, reference, rng):
    """Separate: both outputs have the right value for every pair"""
    for batch, dim, seed in ((7, 4, 23), (10, 6, 24)):
        users, items = pairs(rng, batch)
        seen = student.separate(users, items, COUNTS, dim, seed)
        assert_outputs(seen, reference.separate)
        require_unchanged(student, "users", "items")


@problem("2b", points=2)
def test_separate_gradients(student, reference, rng):
    """Separate: each task trains its own tables and not those of the other"""
    users, items = pairs(rng, 9)
    weights = rng.normal(size=(2, 9)).astype(np.float32)
    seen = student.separate_gradients(users, items, weights, COUNTS, DIM, 25)
    assert_gradients(seen, reference.separate_gradients, "rate")


def assert_gradients(seen, expected, rating_tables):
    """Each output reaches what it should and nothing else; `rating_tables`: whose it trains."""
    for output, parts in expected.items():
        for part, numbers in parts.items():
            owner = part.split(".")[0]
            if not np.any(numbers):
                require(
                    not np.any(seen[output][part]),
                    f"the gradient of the {output} output reaches {part}",
                    "Which task may train which parameters?",
                )
                continue
            idea = (
                "The value may be right and the gradient cut, or sent to other parameters: look "
                "for detach, no_grad, and tables that are looked up and not used."
            )
            if output == "rating" and owner == rating_tables:
                idea = "The rating trains the head and the tables: is the gradient cut somewhere?"
            assert_matches(
                seen[output][part],
                numbers,
                idea,
                name=f"the gradient of the {output} output by {part} (three numbers)",
            )
