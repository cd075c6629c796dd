"""Problem X2: task vectors, merged; how much they interfere."""

import numpy as np

from autograder.judge import assert_matches, problem, require_unchanged


def merged(student, task_vectors, density):
    """The merged vector, after the requirement that holds everywhere."""
    seen = student.merge_task_vectors(np.asarray(task_vectors, np.float32), density)
    require_unchanged(student, "task_vectors")
    return seen


@problem("X2")
def test_interference(student, reference, rng):
    """The interference is the share of the movement that cancels"""
    one = rng.normal(size=7).astype(np.float32)
    cases = {(1, -1): 1.0, (1, 2): 0.0, (2, -1): 2 / 3, (0.02, -0.01): 2 / 3, (0, 0): 0.0}
    for factors, expected in cases.items():
        assert_matches(
            merged(student, np.outer(factors, one), 1.0)["interference"],
            expected,
            "Two tasks that move the same numbers, by these factors: "
            f"{' and '.join(map(str, factors))}.",
            name="the interference",
        )
    assert_matches(
        merged(student, [[3, -1, 0, 2], [-1, -2, 4, 0], [-2, 1, 1, 1]], 0.5)["interference"],
        1 - 10 / 18,
        "Three tasks; of 18 in all, 10 are left when they are added.",
        name="the interference",
    )
    assert_matches(
        merged(student, rng.normal(size=(3, 10)), 0.3)["interference"],
        reference.merge_task_vectors["interference"],
        "Compute it from the given vectors, not from what merging leaves of them.",
        name="the interference",
    )


@problem("X2")
def test_signs(student, reference, rng):
    """The sum elects the sign, and the mean is over the numbers with that sign"""
    seen = merged(student, [[3, -1, 0, 2], [-1, -2, 4, 0], [-1, 4, 0, 2.5]], 1.0)["merged"]
    assert_matches(
        seen,
        np.array([3.0, 4.0, 4.0, 2.25]),
        "Nothing is trimmed. At the first place one task has +3 and two have -1 each; at the "
        "third place only one task is not zero.",
        name="the merged vector",
    )
    one = rng.normal(size=6).astype(np.float32)
    assert_matches(
        merged(student, [one, 3 * one], 1.0)["merged"],
        2 * one,
        "The second task's vector is three times the first's: their signs agree everywhere.",
        name="the merged vector",
    )
    assert_matches(
        merged(student, rng.normal(size=(4, 9)), 1.0)["merged"],
        reference.merge_task_vectors["merged"],
        "Four tasks, nothing trimmed.",
        name="the merged vector",
    )


@problem("X2")
def test_trimming(student, reference, rng):
    """Each task keeps its own largest numbers, and only those are elected and merged"""
    seen = merged(student, [[8, -6, 1, 2], [-0.3, 0.1, 0.4, -0.2]], 0.5)["merged"]
    assert_matches(
        seen,
        np.array([8.0, -6.0, 0.4, 0.0]),
        "Each task keeps two numbers, the second task too, although its numbers are small.",
        name="the merged vector",
    )
    seen = merged(student, [[3, 9, 0.5, 0.1], [-2, 7, 8, 0], [-2, 5, -6, 1]], 0.5)["merged"]
    assert_matches(
        seen,
        np.array([3.0, 7.0, 8.0, 0.0]),
        "At the first place only the first task has a number left, 3, so nothing is against it.",
        name="the merged vector",
    )
    for tasks, size, keep in ((2, 10, 0.2), (3, 12, 0.5), (5, 8, 0.25)):
        assert_matches(
            merged(student, rng.normal(size=(tasks, size)), keep)["merged"],
            reference.merge_task_vectors["merged"],
            f"{tasks} tasks of {size} numbers, of which each keeps {round(keep * size)}.",
            name="the merged vector",
        )
