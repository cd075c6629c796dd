"""Problem X (extra): the angle between gradients, and gradient surgery."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged


@problem("X1")
def test_cosine(student, reference, rng):
    """The cosine compares both whole gradients, and changes nothing else"""
    for shapes, scale in (([[2], [3], [3]], 0.01), ([[2, 2], [3], [5, 1]], 1.0)):
        first, second = rng.normal(size=(2, sum(map(np.prod, shapes)))).astype(np.float32)
        for sign in (1, -1):
            seen = student.cosine(first, (sign * second).astype(np.float32), shapes, scale)
            assert_matches(
                seen["cosine"],
                reference.cosine["cosine"],
                "Join all parameters into one vector. A parameter that a loss does not use has "
                "the gradient 0.",
                name="the cosine",
            )
            require(
                seen["grad_moved"] == 0,
                "the `.grad` of a parameter changed",
                "Compute the gradients without storing them in `.grad`: the training step comes "
                "later.",
            )
    nothing = student.cosine_of_nothing(first)
    assert_matches(
        nothing,
        0.0,
        "A zero gradient has no direction: the cosine is 0 by definition.",
        name="the cosine where one loss does not depend on the parameters",
    )


@problem("X2")
def test_two_tasks(student, reference, rng):
    """Two tasks: a conflicting part is removed, an agreeing gradient does not change"""
    for seed, conflict, scale in ((1, False, 1), (2, True, 1), (3, True, 0.1), (4, False, 0.1)):
        gradients = (scale * rng.normal(size=(2, 6))).astype(np.float32)
        gradients[1] *= 3
        agree = float(gradients[0] @ gradients[1]) > 0
        if agree == conflict:
            gradients[1] *= -1
        left = student.projected(gradients, seed)
        assert_matches(
            left,
            reference.projected,
            "Project only if the scalar product is negative, always on the other task's original "
            "gradient, and in the same way for both tasks.",
            name="what is left",
            start=gradients,
        )
        require_unchanged(student, "gradients")


@problem("X2")
def test_many_tasks(student, reference, rng):
    """More tasks: each meets every other task, in an order that changes

    False alarms: the last of three tasks conflicts with both others, and meets them in two orders.
    Over 60 calls a right function misses one of them with probability 2 / 2^60, below 2e-18.
    """
    gradients = np.array([[-0.9, 0.8, 0, 0.5], [-0.7, -0.9, 0.4, 0.6], [1.0, 0.1, 0.3, 0]])
    judge_orders(student, reference, gradients + 0.05 * rng.normal(size=gradients.shape), 60)


@problem("X2")
def test_orders_of_all_tasks(student, reference, rng):
    """Each task meets the others in its own order, and rng draws all orders

    False alarms: three tasks that all conflict meet the two others in two orders each, eight in all.
    Over 250 calls a right function misses one of them with probability below 8 (7/8)^250, below 3e-14.
    """
    cosines = np.array([[1, -0.3, -0.4], [-0.3, 1, -0.35], [-0.4, -0.35, 1]])
    gradients = np.hstack([np.linalg.cholesky(cosines), np.zeros((3, 2))])
    gradients = (3 * gradients + 0.05 * rng.normal(size=(3, 5))).astype(np.float32)
    seen = student.projected_together(gradients, int(rng.randint(2**31)), 250)
    expected = reference.projected_together
    require(
        bool(seen["repeated"]),
        "a generator made anew from the same seed led to other results",
        "All randomness must come from `rng`; otherwise a seed does not repeat a run.",
    )
    for task, (left, right) in enumerate(zip(seen["each"], expected["each"])):
        require(
            len(left) == len(right),
            f"in 250 calls there were {len(left)} different results for task {task}; {len(right)} "
            "are possible",
            "Each task meets the two others in both orders.",
        )
        assert_matches(
            left,
            right,
            "See the other checks of X2.",
            name=f"what is left of task {task}",
            atol=2e-3,
        )
    require(
        int(seen["together"]) == int(expected["together"]),
        f"in 250 calls {int(seen['together'])} different results were seen for the three tasks "
        f"together; {int(expected['together'])} are possible",
        "Draw a new order for each task: the order of one task must not depend on that of another.",
    )


@problem("X2")
def test_turned_away(student, reference, rng):
    """A task has no conflict with its own gradient, even if the rest points away from it

    False alarms: the last of four tasks meets three others in six orders. Over 200 calls a right
    function misses one of them with probability below 6 (5/6)^200, below 1e-15.
    """
    gradients = np.array([[-8.0, 8.0], [-8.0, 0.0], [-4.0, -8.0], [8.0, 0.0]])
    judge_orders(student, reference, gradients + 0.4 * rng.normal(size=gradients.shape), 200)


def judge_orders(student, reference, gradients, times):
    """Every order occurs, and gives the right result."""
    seen = student.projected_often(gradients.astype(np.float32), 5, times)
    expected = reference.projected_often
    require(
        len(seen) == len(expected),
        f"in {times} calls {len(seen)} different results were seen for the last task; "
        f"{len(expected)} are possible",
        "Draw a new order of the other tasks from rng every time. A task does not meet itself.",
    )
    assert_matches(
        seen,
        expected,
        "Both the test and the projection use what is left of the task's own gradient so far, "
        "and the original gradient of the other task.",
        name="what is left of the last task",
    )
