"""Problem 4: the online last layer, calibration error, scores and the temperature."""

import numpy as np

from autograder.checks.hw4.quadrature import Grid, normalised
from autograder.judge import assert_matches, problem, require, require_unchanged


def beliefs(rng, batch, dim):
    """A belief for each task: mean [B, d] and covariance [B, d, d]."""
    root = rng.normal(size=(batch, dim, dim)) * 0.4 + np.eye(dim)
    return rng.uniform(0.4, 1.2, size=(batch, dim)), root @ np.swapaxes(root, 1, 2)


NAMES = ("mean", "covariance", "features", "target", "noise_variance")

# --- 4a -----------------------------------------------------------------------------------------


@problem("4a", points=1)
def test_condition_by_integration(student, rng):
    """One point changes the belief exactly, as integration over the weights gives it"""
    for dim in (1, 2):
        mean, spread = beliefs(rng, 2, dim)
        features, target = rng.normal(size=(2, dim)) + 0.5, rng.normal(size=2) * 2
        seen = student.condition(mean, spread, features, target, 0.4)
        for i in range(2):
            grid = Grid(mean[i], 9 * np.sqrt(np.diag(spread[i])))
            likelihood = grid.log_likelihood(features[i : i + 1], target[i : i + 1], 0.4)
            joint = grid.gaussian(mean[i], spread[i]) + likelihood
            centre, smaller = grid.moments(normalised(joint))
            idea = (
                "The mean moves towards the new target by a gain, which weighs the belief's own "
                "variance there against the noise. The covariance shrinks by what is now known."
            )
            assert_matches(seen["covariance"][i], smaller, idea, name="the covariance")
            assert_matches(seen["mean"][i], centre, idea, name="the mean")


@problem("4a", points=1)
def test_condition_on_all(student, reference, rng):
    """Point after point, in any order, gives the same belief"""
    mean, spread = beliefs(rng, 4, 3)
    features, targets = rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5))
    order = [0, 1, 2, 3, 4]
    seen = student.condition_on_all(mean, spread, features, targets, 0.3, order)
    expected = reference.condition_on_all
    assert_matches(
        seen,
        expected,
        "If the check of a single point passes, does each task of the batch keep its own belief?",
    )
    turned = student.condition_on_all(mean, spread, features, targets, 0.3, [3, 1, 4, 0, 2])
    assert_matches(turned, expected, "The order of the points must not matter.")


@problem("4a", points=1)
def test_condition_leaves_the_old_belief(student, reference, rng):
    """The earlier belief does not change, and a point without information changes nothing"""
    mean, spread = beliefs(rng, 3, 4)
    features, target = rng.normal(size=(3, 4)), rng.normal(size=3)
    seen = student.condition(mean, spread, features, target, np.array(0.2))
    expected = reference.condition
    require_unchanged(student, *NAMES)
    assert_matches(seen, expected, "Here the noise variance is a tensor of one number.")
    mute = student.condition(mean, spread, np.zeros_like(features), target, 0.2)
    assert_matches(
        mute,
        {"mean": mean, "covariance": spread},
        "Zero features say nothing about the weights.",
    )


# --- 4b -----------------------------------------------------------------------------------------


def sure(confidences, right, classes):
    """Probabilities [n, K] with these confidences, and labels that are hit or missed."""
    count = len(confidences)
    said = np.arange(count) % classes
    rest = (1 - np.asarray(confidences)) / (classes - 1)
    probabilities = np.repeat(rest[:, None], classes, axis=1)
    probabilities[np.arange(count), said] = confidences
    return probabilities, np.where(right, said, (said + 1) % classes)


@problem("4b", points=1)
def test_coin(student, rng):
    """Always certain about a fair coin gives an error of 1/2; bins count by their size"""

    def ask(confidences, right, classes, **more):
        probabilities, labels = sure(confidences, np.asarray(right, bool), classes)
        order = rng.permutation(len(labels))
        return student.expected_calibration_error(probabilities[order], labels[order], **more)

    idea = "In each bin, compare the mean confidence with the share of right predictions."
    certain = ask([1.0] * 8, [1, 0] * 4, 2)
    assert_matches(
        certain, 0.5, idea, name="the error of a forecaster who is always certain about a coin"
    )
    honest = ask([0.75] * 8 + [0.55] * 20, [1, 1, 1, 0] * 2 + [1] * 11 + [0] * 9, 3)
    assert_matches(honest, 0.0, idea, name="the error of calibrated predictions", atol=1e-6)
    groups = ask([0.95] * 10 + [0.65] * 30, [1] * 5 + [0] * 5 + [1] * 27 + [0] * 3, 4)
    assert_matches(
        groups,
        0.25 * 0.45 + 0.75 * 0.25,
        "A quarter of the predictions are overconfident by .45, the others underconfident by .25. "
        "Each bin counts by its share, and errors of different signs must not cancel between "
        "bins.",
        name="the error of two groups",
    )
    within = ask([0.62, 0.66], [1, 0], 3, bins=5)
    assert_matches(
        within,
        0.14,
        "Two predictions in one bin, one right: their mean confidence is .64, half are right.",
        name="the error within one bin",
    )


def predictions(rng, count, classes, sharpness=2.0):
    """Random probabilities [n, K] whose labels are drawn from flatter ones."""
    logits = rng.normal(size=(count, classes))
    sharp = np.exp(sharpness * logits)
    flat = np.exp(0.6 * logits)
    flat /= flat.sum(1, keepdims=True)
    labels = np.array([rng.choice(classes, p=row) for row in flat])
    return sharp / sharp.sum(1, keepdims=True), labels


@problem("4b", points=1)
def test_calibration_error(student, reference, rng):
    """The error of many predictions of several classes, with 15 bins"""
    for count, classes in ((400, 4), (300, 2), (37, 6)):
        probabilities, labels = predictions(rng, count, classes)
        seen = student.expected_calibration_error(probabilities, labels)
        expected = reference.expected_calibration_error
        require_unchanged(student, "probabilities", "labels")
        assert_matches(
            seen,
            expected,
            "Which number of a row is the confidence? Where do the 15 bins begin and end, what "
            "weight does each have, and what happens to the last and to empty ones?",
            name="the calibration error",
            rtol=1e-4,
        )


@problem("4b", points=1)
def test_bins(student, reference, rng):
    """The number of bins matters; the order of predictions and the names of classes do not"""
    probabilities, labels = predictions(rng, 200, 3, sharpness=1.2)
    for bins in (1, 4, 30):
        seen = student.expected_calibration_error(probabilities, labels, bins=bins)
        expected = reference.expected_calibration_error
        assert_matches(
            seen,
            expected,
            f"Bins of equal width divide [0, 1] into {bins}.",
            name=f"the error with {bins} bins",
            rtol=1e-4,
        )
    rows, names = rng.permutation(200), rng.permutation(3)
    turned = student.expected_calibration_error(
        probabilities[rows][:, names], np.argsort(names)[labels[rows]], bins=30
    )
    assert_matches(
        turned,
        expected,
        "Rows were reordered, classes renamed: the error is the same.",
        name="the error after reordering",
        rtol=1e-4,
    )


# --- 4c -----------------------------------------------------------------------------------------


@problem("4c", points=1)
def test_known_scores(student, rng):
    """Uniform and nearly certain predictions have known scores"""
    labels = rng.randint(5, size=12)
    seen = student.scores(np.full((12, 5), 0.2), labels)
    idea = (
        "Uniform over 5 classes: the label's log probability is -log 5; the squared distances to "
        "the one-hot label sum to (1 - 1/5)² + 4 (1/5)²."
    )
    expected = {"negative log likelihood": np.log(5), "Brier score": 0.8}
    assert_matches(seen, expected, idea)
    probabilities, labels = sure([0.7] * 10, np.array([1] * 8 + [0] * 2, bool), 3)
    seen = student.scores(probabilities, labels)
    expected = {
        "negative log likelihood": -(8 * np.log(0.7) + 2 * np.log(0.15)) / 10,
        "Brier score": 0.3**2 + 2 * 0.15**2 + 0.2 * 2 * 0.55,
    }
    assert_matches(
        seen,
        expected,
        "Eight of ten predictions were right, with a probability of .7; the other classes had "
        ".15 each.",
    )
    probabilities, labels = sure([1 - 1e-5] * 4, np.array([1, 1, 1, 0], bool), 3)
    seen = student.scores(probabilities, labels)
    assert_matches(
        seen["negative log likelihood"],
        -(3 * np.log(1 - 1e-5) + np.log(5e-6)) / 4,
        "One of four labels had a probability of 5e-6: do not add anything to a probability, and "
        "do not clamp it.",
        name="the negative log likelihood of a confident and wrong prediction",
    )


@problem("4c", points=1)
def test_scores(student, reference, rng):
    """Both scores of random predictions are means over rows"""
    for count, classes in ((50, 4), (7, 2)):
        probabilities, labels = predictions(rng, count, classes, sharpness=1.0)
        seen = student.scores(probabilities, labels)
        expected = reference.scores
        require_unchanged(student, "probabilities", "labels")
        assert_matches(
            seen,
            expected,
            "The arguments are probabilities, not logits; the Brier score sums over all classes of "
            "a row, not only the label's; both average over rows.",
        )


# --- 4d -----------------------------------------------------------------------------------------


def two_levels(height, right, count, classes):
    """Logits with one number above zero in each row, at the label in `right` of `count` rows."""
    said = np.arange(count) % classes
    logits = np.zeros((count, classes), np.float32)
    logits[np.arange(count), said] = height
    hit = np.arange(count) < right
    return logits, np.where(hit, said, (said + 1) % classes)


@problem("4d", points=1)
def test_known_temperature(student):
    """If all rows are equally confident, T makes the confidence equal to the accuracy"""
    for height, right, count, classes in ((6.0, 30, 40, 2), (0.5, 36, 40, 3), (9.0, 28, 40, 5)):
        logits, labels = two_levels(height, right, count, classes)
        seen = student.fit_temperature(logits, labels)
        require_unchanged(student, "logits", "labels")
        require(
            seen["temperature"] > 0,
            f"the temperature is {seen['temperature']:.4g}",
            "T must be positive; then the order of the classes does not change.",
        )
        confidence = 1 / (1 + (classes - 1) * np.exp(-height / seen["temperature"]))
        assert_matches(
            confidence,
            right / count,
            "Are the logits divided by T, is T fitted to the likelihood of the labels, and has "
            "the fit converged?",
            name=f"the confidence at T = {seen['temperature']:.3g}",
            rtol=3e-3,
        )
        assert_matches(
            seen["accuracy"],
            right / count,
            "A temperature does not change the accuracy.",
            name="the accuracy",
        )


@problem("4d", points=1)
def test_temperature(student, reference, rng):
    """T of random logits, overconfident and underconfident, in float32 and float64"""
    for scale, dtype in ((4.0, np.float32), (0.3, np.float64), (15.0, np.float32)):
        truth = rng.normal(size=(300, 4))
        chances = np.exp(truth) / np.exp(truth).sum(1, keepdims=True)
        labels = np.array([rng.choice(4, p=row) for row in chances])
        seen = student.fit_temperature((scale * truth).astype(dtype), labels)
        expected = reference.fit_temperature
        assert_matches(
            seen,
            expected,
            f"The logits are {scale} times those that the labels were drawn from, so T should be "
            "near that number. Fit it to three digits.",
            rtol=3e-3,
        )
