"""Problem 2: the inner loop, the loss after it, learned rates and the first-order switch.

The network of these checks makes cross-entropy a quadratic function of seven parameters, each of
which moves by itself. What gradient descent does there is known exactly, and what the derivatives of
the outcome are is found here by central differences, which are exact for quadratics.
"""

import numpy as np

from autograder.judge import Mismatch, assert_matches, problem, require
from autograder.run.student import StudentError

SHAPES = {"body.weight": (2, 2), "norm.bias": (1,), "head.bias": (2,)}  # names like a network's
SIZES = [4, 1, 2]
SIZE = sum(SIZES)
WAY = 3
OTHER = "This was found with known functions in place of the holes that this one calls."


def parts_of(vector):
    """Seven numbers as the network's parameters."""
    pieces = np.split(vector, np.cumsum(SIZES)[:-1])
    return {name: piece.reshape(SHAPES[name]) for name, piece in zip(SHAPES, pieces)}


def flat(parts):
    """The network's parameters as seven numbers."""
    return np.concatenate([np.ravel(parts[name]) for name in SHAPES])


def images_of(rng, count):
    """Rows (label, least, curvature[7], centre[7]) and their labels; see the probe `Quadratic`."""
    labels = rng.permutation(np.arange(count) % WAY)
    least = rng.uniform(0.3, 0.6, size=(count, 1))
    curvature = rng.uniform(0.2, 0.9, size=(count, SIZE))
    centre = rng.normal(0, 0.6, size=(count, SIZE))
    return np.hstack([labels[:, None], least, curvature, centre]), labels


def costs(images, place):
    """The cross-entropy of every image at one place."""
    curvature, centre = images[:, 2 : 2 + SIZE], images[:, 2 + SIZE :]
    return images[:, 1] + (curvature * (place - centre) ** 2).sum(1) / 2


def path(images, place, rates, steps):
    """Where gradient descent on the mean cost stands after 0, 1, … steps: known in closed form.

    The mean of quadratics is a quadratic around one bottom; the distance to it shrinks by the same
    factor at every step.
    """
    curvature, centre = images[:, 2 : 2 + SIZE], images[:, 2 + SIZE :]
    total = curvature.mean(0)
    bottom = (curvature * centre).mean(0) / total
    factor = 1 - spread(rates) * total
    return [bottom + factor**count * (place - bottom) for count in range(steps + 1)]


def shares(images, places):
    """The accuracy at each place: an image is right when its cost is below log(WAY)."""
    return [float((costs(images, place) < np.log(WAY)).mean()) for place in places]


def slope(function, at, width=1e-4):
    """The derivative of a function of several numbers, by central differences."""
    found = np.zeros(len(at))
    for index in range(len(at)):
        step = np.zeros(len(at))
        step[index] = width
        found[index] = (function(at + step) - function(at - step)) / (2 * width)
    return found


def spread(rates):
    """One rate for each of the seven numbers."""
    return np.repeat([rates[name] for name in SHAPES], SIZES)


def telling(images, places):
    """No accuracy hangs on the last digit, and the first two differ."""
    right = shares(images, places)
    margins = np.abs([costs(images, one) - np.log(WAY) for one in places])
    return bool(margins.min() > 1e-3 and right[0] != right[1])


def situation(rng, count):
    """Parameters, rates, support images and labels whose accuracies tell the steps apart.

    They do so for the inner loop and for what stands in for its gradient: a pull towards zero.
    """
    while True:
        place = rng.normal(0, 1.1, size=SIZE)
        low, high = [0.2, 0.9, 1.1], [0.9, 1.6, 1.5]
        rates = dict(zip(SHAPES, map(float, rng.uniform(low, high))))
        images, labels = images_of(rng, count)
        pulled = [place]
        for _ in range(3):
            pull = 0.4 * costs(images, pulled[-1]).mean() * spread(rates)
            pulled.append(pulled[-1] * (1 - pull))
        places = path(images, place, rates, 3)
        if telling(images, places) and telling(images, pulled):
            return place, rates, images, labels


def both_ways(call, cases):
    """Every case with the student's own earlier holes, and with other functions in their place.

    All calls are made whatever comes out, so that their order never changes.
    """
    ways = []
    for stand_ins in (False, True):
        outcomes = []
        for case in cases:
            try:
                outcomes.append(call(case, stand_ins))
            except StudentError as error:
                outcomes.append((error, None))
        ways.append(outcomes)
    return ways


def decide(ways, own, other):
    """Pass when one of the two ways is right for all cases; else raise what the first one lacks.

    So a hole can be right where those before it are wrong, and code that does their work itself is
    judged by what comes out.
    """
    failures = []
    for outcomes, judge in zip(ways, (own, other)):
        failures.append(None)
        try:
            for index, (seen, expected) in enumerate(outcomes):
                if isinstance(seen, StudentError):
                    raise seen
                require(
                    not seen["moved"],
                    "the given parameters, rates or images changed, or the network's own "
                    "parameters",
                    "The caller still needs them for the next task: make new tensors, and do not "
                    "change the given ones.",
                )
                judge(index, seen, expected)
        except (Mismatch, StudentError) as failure:
            failures[-1] = failure
    if all(failure is not None for failure in failures):
        unfinished = isinstance(failures[0], StudentError) and isinstance(failures[1], Mismatch)
        raise failures[1 if unfinished else 0]


# --- 2a -----------------------------------------------------------------------------------------


def judge_adapt(student, reference, cases, own, keys):
    """Judge some inner loops: own(case, seen) for the student's own way."""

    def call(case, stand_ins):
        place, rates, images, labels, weights, steps, first_order = case
        seen = student.adapted(
            parts_of(place),
            {name: np.array(rate) for name, rate in rates.items()},
            images,
            labels,
            parts_of(weights),
            steps,
            first_order,
            WAY,
            stand_ins=stand_ins,
        )
        return seen, reference.adapted

    def other(index, seen, expected):
        for key in keys:
            assert_matches(seen[key], expected[key], OTHER, name=key)

    ways = both_ways(call, cases)
    decide(ways, lambda index, seen, expected: own(cases[index], seen, expected), other)


def adapt_cases(rng, step_counts, first_order=False):
    return [
        (*situation(rng, count), rng.normal(size=SIZE), steps, first_order)
        for count, steps in zip((6, 9, 6), step_counts)
    ]


@problem("2a", points=2)
def test_adapted(student, reference, rng):
    """The adapted parameters are those of gradient descent on the mean support loss"""

    def own(case, seen, expected):
        place, rates, images, _, _, steps, _ = case
        places = path(images, place, rates, steps)
        assert_matches(
            flat(seen["after"]),
            places[-1],
            "Check the direction of a step, where its gradient is taken (at the newest "
            "parameters), the number of steps, each parameter's own rate, and the loss: the mean "
            "over the support images.",
            name=f"the parameters after {steps} steps",
            start=place,
        )

    judge_adapt(student, reference, adapt_cases(rng, (1, 2, 3)), own, ["after"])


@problem("2a", points=3)
def test_meta_gradient(student, reference, rng):
    """Gradients flow through the inner loop to the parameters and to the rates"""

    def own(case, seen, expected):
        place, rates, images, _, weights, steps, _ = case

        def outcome(start, rates):
            return float(weights @ path(images, start, rates, steps)[-1])

        def by_rates(pair):
            return outcome(place, dict(zip(SHAPES, pair)))

        assert_matches(
            flat(seen["after"]),
            path(images, place, rates, steps)[-1],
            "The adapted parameters themselves are wrong: begin with the check of their values.",
            name="the adapted parameters",
        )
        idea = (
            "The values are right and the gradient is wrong. Either the path through the inner "
            "gradient is cut (is create_graph missing, is something detached or taken by .data?), "
            "or it is first-order where the full gradient is asked for."
        )
        assert_matches(
            flat(seen["by_params"]),
            slope(lambda start: outcome(start, rates), place),
            idea,
            name=f"the gradient by the first parameters, through {steps} steps",
        )
        assert_matches(
            [float(seen["by_rates"][name]) for name in SHAPES],
            list(slope(by_rates, np.array([rates[name] for name in SHAPES]))),
            "The rates are learned, so the new parameters must depend on each rate. An update in "
            "place, through .data or with rates turned into numbers, loses this dependence.",
            name="the gradient by the rates",
        )

    cases = adapt_cases(rng, (1, 3, 2))
    judge_adapt(student, reference, cases, own, ["after", "by_params", "by_rates"])


@problem("2a", points=1)
def test_adapt_first_order(student, reference, rng):
    """The first-order switch reaches the inner gradient, and the rates still learn"""

    def own(case, seen, expected):
        for key in ("after", "by_params", "by_rates"):
            assert_matches(
                seen[key],
                expected[key],
                "With first_order=True the inner gradient becomes a constant, and nothing else "
                "changes: the new parameters still depend on the old ones and on the rates.",
                name=f"{key} with first_order={case[-1]}",
            )

    cases = adapt_cases(rng, (2, 1, 3), first_order=True)
    cases += [(*case[:-1], False) for case in cases]  # a switch that 2d turns round is no help
    judge_adapt(student, reference, cases, own, ["after", "by_params", "by_rates"])


@problem("2a", points=1)
def test_adapt_accuracies(student, reference, rng):
    """steps + 1 accuracies on the support images: before the first step and after each"""

    def own(case, seen, expected):
        place, rates, images, _, _, steps, _ = case
        places = path(images, place, rates, steps)
        assert_matches(
            seen["accuracies"],
            shares(images, places),
            "Compute one accuracy before the loop and one after each step, with the parameters at "
            "that time.",
            name=f"the accuracies of {steps} steps",
            atol=1e-4,
        )
        assert_matches(
            flat(seen["after"]),
            places[-1],
            "See the first check of 2a.",
            name="the adapted parameters",
        )

    judge_adapt(student, reference, adapt_cases(rng, (2, 3, 1)), own, ["accuracies", "after"])


# --- 2b -----------------------------------------------------------------------------------------


def judge_task_loss(student, reference, rng, own, keys, switches=(False,)):
    """Judge the losses of some tasks: own(case, seen, expected) for the student's own way.

    Args:
        switches: the values of first_order with which each task is judged.
    """
    cases = []
    for count, queries, steps in ((6, 12, 1), (9, 6, 3), (3, 9, 2)):
        place, rates, images, labels = situation(rng, count)
        mark = (np.linspace(0.5, 1.5, count) * labels).mean()  # as the stand-in for 2a has it
        pulls = [images[:, 2:].mean() * steps + mark * (2 if one else 1) for one in switches]
        ends = [path(images, place, rates, steps)[-1]]
        ends += [place * (1 - 0.2 * spread(rates) * pull) for pull in pulls]
        while True:
            query, targets = images_of(rng, queries)
            if all(telling(query, [place, end]) for end in ends):
                break
        cases += [
            (place, rates, images, labels, query, targets, steps, switch) for switch in switches
        ]

    def call(case, stand_ins):
        place, rates, images, labels, query, targets, steps, first_order = case
        seen = student.task_loss(
            parts_of(place),
            {name: np.array(rate) for name, rate in rates.items()},
            [images, labels, query, targets],
            steps,
            first_order,
            WAY,
            stand_ins=stand_ins,
        )
        return seen, reference.task_loss

    def other(index, seen, expected):
        for key in keys:
            assert_matches(seen[key], expected[key], OTHER, name=key)

    ways = both_ways(call, cases)
    decide(ways, lambda index, seen, expected: own(cases[index], seen, expected), other)


def outer_loss(case, start, rates):
    """The mean query cost where the inner loop ends."""
    _, _, images, _, query, _, steps, _ = case
    return float(costs(query, path(images, start, rates, steps)[-1]).mean())


@problem("2b", points=2)
def test_task_loss(student, reference, rng):
    """The loss is that of the query images with the adapted parameters"""

    def own(case, seen, expected):
        place, rates, images, _, query, _, steps, _ = case
        support = float(costs(images, path(images, place, rates, steps)[-1]).mean())
        unadapted = float(costs(query, place).mean())
        loss = float(seen["loss"])
        what = f"the loss is {loss:.5g}"
        require(
            not abs(loss - support) <= 1e-4 * abs(support),
            f"{what}: that of the support images, after adaptation",
            "The outer loop measures the adapted parameters on images that they have not seen.",
        )
        require(
            not abs(loss - unadapted) <= 1e-4 * abs(unadapted),
            f"{what}: that of the query images before adaptation",
            "Evaluate the query images with the parameters that `adapt` returns.",
        )
        assert_matches(
            seen["loss"],
            outer_loss(case, place, rates),
            "Which images are used to adapt, which to evaluate, with which parameters, and is it "
            "the mean?",
            name=f"the loss after {steps} steps",
        )

    judge_task_loss(student, reference, rng, own, ["loss"])


@problem("2b", points=2)
def test_task_loss_gradient(student, reference, rng):
    """Its gradient is the full meta-gradient, by the parameters and by the rates"""

    keys = ["loss", "by_params", "by_rates"]

    def own(case, seen, expected):
        place, rates, first_order = *case[:2], case[-1]
        if first_order:
            for key in keys:
                assert_matches(
                    seen[key],
                    expected[key],
                    "With first_order=True the loss is the same and the gradient differs: pass "
                    "the switch on to the inner loop.",
                    name=f"{key} with first_order=True",
                )
            return
        names = list(SHAPES)

        def by_rates(pair):
            return outer_loss(case, place, dict(zip(names, pair)))

        idea = (
            "This is the derivative of the loss itself, with the second derivatives of the "
            "support loss. If the value is right and this is wrong, the gradient is cut "
            "somewhere: detach, no_grad, .item(), a copy of the numbers, or first order."
        )
        assert_matches(
            seen["loss"],
            outer_loss(case, place, rates),
            "See the first check of 2b.",
            name="the loss",
        )
        assert_matches(
            flat(seen["by_params"]),
            slope(lambda start: outer_loss(case, start, rates), place),
            idea,
            name="the gradient by the parameters",
        )
        assert_matches(
            [float(seen["by_rates"][name]) for name in names],
            list(slope(by_rates, np.array([rates[name] for name in names]))),
            idea,
            name="the gradient by the rates",
        )

    judge_task_loss(student, reference, rng, own, keys, switches=(False, True))


@problem("2b", points=1)
def test_task_loss_figures(student, reference, rng):
    """The accuracies: on the support images at every step, on the query images at the end"""

    def own(case, seen, expected):
        place, rates, images, _, query, _, steps, _ = case
        places = path(images, place, rates, steps)
        assert_matches(
            seen["support"],
            shares(images, places),
            "`adapt` returns these: one before the first step, one after each step.",
            name="the support accuracies",
            atol=1e-4,
        )
        assert_matches(
            seen["query"],
            shares(query, places[-1:])[0],
            "This is the share of query images that the adapted parameters classify correctly.",
            name="the query accuracy",
            atol=1e-4,
        )
        assert_matches(
            seen["loss"],
            outer_loss(case, place, rates),
            "See the first check of 2b.",
            name="the loss",
        )

    judge_task_loss(student, reference, rng, own, ["support", "query", "loss"])


def twice(function, at, weights, width=1e-3):
    """The derivative of the weighted sum of a function's slopes."""
    return slope(lambda place: float(weights @ slope(function, place, width)), at, width)


# --- 2c -----------------------------------------------------------------------------------------


def params_of(rng, dtype=np.float32):
    """Three parameters, none like another, in an order that is not that of their names."""
    shapes = {"head.weight": (2, 3), "body.weight": (4,), "head.bias": (2,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


@problem("2c", points=2)
def test_rates(student, rng):
    """Every parameter gets its own rate, one number of its dtype, learned only if asked for"""
    for rate, learned, dtype in (
        (0.4, True, np.float32),
        (0.05, False, np.float64),
        (1, True, np.float64),
        (0.3, False, np.float32),
    ):
        params = params_of(rng, dtype)
        weights = {name: float(rng.uniform(0.5, 2)) for name in params}
        seen = student.rates(params, rate, learned, weights, 0.0)
        assert_matches(
            seen["values"],
            {name: np.array(float(rate)) for name in params},
            "Each parameter tensor has one number, a tensor without axes.",
            name="the rates",
            rtol=1e-6,
        )
        name = np.dtype(dtype).name
        require(
            seen["dtypes"] == [f"torch.{name}"] * len(params),
            f"the rates of {name} parameters have dtypes {', '.join(sorted(set(seen['dtypes'])))}",
            "A rate has the dtype of its parameter, even if the given rate is an integer.",
        )
        require(
            seen["learned"] == [learned] * len(params),
            f"with learned={learned}, requires_grad of the rates is {seen['learned']}",
            "A rate requires a gradient if and only if the rates are learned.",
        )
        require(
            not seen["moved"],
            "the parameters themselves have changed",
            "A rate is a new tensor: it must not share memory with a parameter.",
        )


@problem("2c", points=2)
def test_rates_learn(student, rng):
    """Each learned rate has its own gradient, and an outer step uses it"""
    for rate in (0.4, 0.07):
        params = params_of(rng)
        weights = {name: float(w) for name, w in zip(params, rng.permutation([0.7, 1.1, -1.9]))}
        outer = 0.2
        seen = student.rates(params, rate, True, weights, outer)
        slopes = {name: np.array(2 * rate * weight) for name, weight in weights.items()}
        assert_matches(
            seen["gradients"],
            slopes,
            "If all rates are the same tensor, it gets the sum of all gradients. A rate that is "
            "cut off gets none.",
            name="the gradients of the rates",
        )
        require(
            all(seen["leaves"]),
            "the rates are results of an operation, not leaves: an optimizer refuses them",
            "An optimizer cannot step a tensor that was calculated from another one.",
        )
        assert_matches(
            seen["stepped"],
            {name: rate - outer * value for name, value in slopes.items()},
            "Each rate changes by its own gradient.",
            name="the rates after an outer step",
        )


# --- 2d -----------------------------------------------------------------------------------------


def cubic(rng):
    """Parameters and the coefficients of the probe's loss; the loss as a function of one vector."""
    params = params_of(rng, np.float64)
    curvature, slopes, weights, own = (params_of(rng, np.float64) for _ in range(4))

    def stretched(parts):
        return np.concatenate([np.ravel(parts[name]) for name in params])

    c, s = stretched(curvature), stretched(slopes)

    def loss(vector):
        return float((c * vector**3).sum() / 6 + (s @ vector) ** 2 / 2)

    return params, (curvature, slopes, weights, own), stretched, loss


@problem("2d", points=2)
def test_inner_gradient(student, rng):
    """The gradient of the loss, as a function of the parameters that can be differentiated again"""
    for params, parts, stretched, loss in (cubic(rng), cubic(rng)):
        seen = student.inner_gradient(params, *parts, first_order=False)
        weights, own = stretched(parts[2]), stretched(parts[3])
        require_clean(seen)
        gradient = slope(loss, stretched(params))
        assert_matches(
            stretched(seen["gradient"]),
            gradient,
            "The gradient of which loss, at which parameters?",
            name="the gradient",
        )
        through = twice(loss, stretched(params), weights)
        assert_matches(
            stretched(seen["through"]),
            own + through,
            "The gradient is right, but the derivatives through it are wrong: it must stay a "
            "function of the parameters (create_graph, not only retain_graph).",
            name="the gradient of a sum of parameters and inner gradient",
        )


@problem("2d", points=2)
def test_first_order(student, rng):
    """With first_order=True the same gradient, as a constant"""
    for params, parts, stretched, loss in (cubic(rng), cubic(rng)):
        seen = student.inner_gradient(params, *parts, first_order=True)
        require_clean(seen)
        assert_matches(
            stretched(seen["gradient"]),
            slope(loss, stretched(params)),
            "First order changes only what flows back, not the gradient itself.",
            name="the gradient",
        )
        assert_matches(
            stretched(seen["through"]),
            stretched(parts[3]),
            "Nothing flows back through the inner gradient; all other paths remain. Is the switch "
            "used, and the right way round?",
            name="the gradient of a sum of parameters and inner gradient",
        )


def require_clean(seen):
    """No parameter changed, and no .grad was written."""
    require(
        not seen["moved"] and not seen["written"],
        "the function changed the parameters, or wrote their .grad",
        "Do not change the caller's parameters: return the gradient, and do nothing else.",
    )
