"""Homework 4: what mathematics says of the solutions, to the last digits."""

import json

import numpy as np
import pytest
import torch

from tests.conftest import HOMEWORKS
from tests.helpers.homeworks import solution

pytestmark = pytest.mark.skipif("hw4" not in HOMEWORKS, reason="homework 4 is not here")
EXACT = 1e-8


@pytest.fixture(scope="module")
def gaussian():
    return solution("hw4", "gaussian")


@pytest.fixture
def task():
    """Some tasks at once: x, y, prior mean, prior covariance, noise variance; in float64."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    root = normal(3, 3)
    covariance = root @ root.mT + 0.5 * torch.eye(3, dtype=torch.float64)
    return normal(6, 5, 3), normal(6, 5), normal(3), covariance, 0.3


def far(one, other):
    """The largest difference of two tensors."""
    return (one - other).abs().max().item()


def test_the_bound_at_the_posterior_is_the_log_evidence(gaussian, task):
    x, y, mean, covariance, noise = task
    q = gaussian.posterior(*task)
    kl = gaussian.gaussian_kl(*q, mean, covariance)
    bound = gaussian.evidence_bound(x, y, *q, noise, kl)
    assert far(bound, gaussian.log_evidence(*task)) < EXACT


def test_elsewhere_the_bound_is_lower_by_a_kl(gaussian, task):
    x, y, mean, covariance, noise = task
    exact = gaussian.posterior(*task)
    q = exact[0] + 0.2, 0.5 * exact[1] + 0.1 * torch.eye(3, dtype=torch.float64)
    kl = gaussian.gaussian_kl(*q, mean, covariance)
    bound = gaussian.evidence_bound(x, y, *q, noise, kl)
    lost = gaussian.gaussian_kl(*q, *exact)
    assert (lost > 0.01).all()
    assert far(bound + lost, gaussian.log_evidence(*task)) < EXACT


@pytest.mark.parametrize("cut", [0, 1, 3, 5])
def test_sequential_equals_batch(gaussian, task, cut):
    x, y, mean, covariance, noise = task
    first = gaussian.posterior(x[:, :cut], y[:, :cut], mean, covariance, noise)
    both = gaussian.posterior(x[:, cut:], y[:, cut:], *first, noise)
    for one, other in zip(both, gaussian.posterior(*task)):
        assert far(one, other) < EXACT


def test_no_data_gives_the_prior(gaussian, task):
    x, y, mean, covariance, noise = task
    for one, other in zip(
        gaussian.posterior(x[:, :0], y[:, :0], mean, covariance, noise), (mean, covariance)
    ):
        assert far(one, other) < EXACT


def test_the_evidence_is_the_product_of_predictions(gaussian, task):
    x, y, mean, covariance, noise = task
    total = torch.zeros(len(x), dtype=torch.float64)
    for point in range(x.shape[1]):
        belief = gaussian.posterior(x[:, :point], y[:, :point], mean, covariance, noise)
        centre, variance = gaussian.predictive(x[:, point : point + 1], *belief, noise)
        density = torch.distributions.Normal(centre[:, 0], variance[:, 0].sqrt())
        total += density.log_prob(y[:, point])
    assert far(total, gaussian.log_evidence(*task)) < EXACT


def test_the_evidence_and_the_kl_are_those_of_torch(gaussian, task):
    x, y, mean, covariance, noise = task
    targets = x @ covariance @ x.mT + noise * torch.eye(5, dtype=torch.float64)
    own = torch.distributions.MultivariateNormal(x @ mean, targets)
    assert far(own.log_prob(y), gaussian.log_evidence(*task)) < EXACT
    q = gaussian.posterior(*task)
    one = torch.distributions.MultivariateNormal(*q)
    two = torch.distributions.MultivariateNormal(mean, covariance)
    kl = torch.distributions.kl_divergence(one, two)
    assert far(kl, gaussian.gaussian_kl(*q, mean, covariance)) < EXACT


@pytest.mark.parametrize("points, steps", [(5, 1), (5, 12), (2, 7)])
def test_early_stopping_is_map(gaussian, task, points, steps):
    x, y, start = task[0][0, :points], task[1][0, :points], task[2]
    rate = 0.7 / torch.linalg.eigvalsh(x.mT @ x).max().item()
    weights = start.clone()
    for _ in range(steps):
        weights = weights + rate * x.mT @ (y - x @ weights)
    prior = gaussian.early_stopping_prior(x, rate, steps)
    estimate, _ = gaussian.posterior(x, y, start, prior, 1.0)
    assert far(estimate, weights) < EXACT


def test_the_online_last_layer_is_the_exact_posterior(gaussian, task):
    x, y, mean, covariance, noise = task
    belief = mean.expand(6, 3), covariance.expand(6, 3, 3)
    condition = solution("hw4", "calibration").condition
    for point in range(x.shape[1]):
        belief = condition(*belief, x[:, point], y[:, point], noise)
    for one, other in zip(belief, gaussian.posterior(*task)):
        assert far(one, other) < EXACT


def test_the_always_certain_coin_has_an_error_of_one_half():
    calibration = solution("hw4", "calibration")
    certain = torch.tensor([[1.0, 0.0]] * 10, dtype=torch.float64)
    labels = torch.tensor([0, 1] * 5)
    assert calibration.expected_calibration_error(certain, labels).item() == 0.5
    fair = torch.full((10, 2), 0.5, dtype=torch.float64)
    assert calibration.expected_calibration_error(fair, labels).item() == pytest.approx(0)


def test_temperature_leaves_the_accuracy_and_helps_the_likelihood():
    calibration = solution("hw4", "calibration")
    generator = torch.Generator().manual_seed(1)
    truth = torch.randn(500, 4, generator=generator, dtype=torch.float64)
    labels = torch.multinomial(truth.softmax(-1), 1, generator=generator).squeeze(-1)
    logits = 5 * truth
    temperature = calibration.fit_temperature(logits, labels)
    assert temperature == pytest.approx(5, rel=0.2)
    assert ((logits / temperature).argmax(-1) == logits.argmax(-1)).all()
    before, _ = calibration.scores(logits.softmax(-1), labels)
    after, _ = calibration.scores((logits / temperature).softmax(-1), labels)
    assert after < before - 0.1


def test_no_price_for_weights_that_know_nothing():
    loss = solution("hw4", "memorisation").regularised_loss
    y = torch.randn(3, 4, 1)
    nothing = [(torch.zeros(5, 2), torch.zeros(5, 2))]
    assert loss(y, y, 0.1, nothing, 1.0).item() == pytest.approx(0, abs=1e-6)


def test_the_exact_posterior_of_a_gaussian_process():
    """The kit's second opinion of problem 2, against conditioning by hand."""
    from hw4.experiments import data

    x, y = data.gaussian_process(np.random.default_rng(0), 3, 9)
    mean, covariance = data.gaussian_process_posterior(x[:, :6], y[:, :6], x[:, 6:])
    distance = x.double() - x.mT.double()
    joint = torch.exp(-0.5 * (distance / data.LENGTH) ** 2)
    joint = joint + data.NOISE**2 * torch.eye(9, dtype=torch.float64)
    precision = torch.linalg.inv(joint)
    assert far(torch.linalg.inv(precision[:, 6:, 6:]), covariance) < EXACT
    pull = -precision[:, 6:, :6] @ y[:, :6].double()
    assert far((covariance @ pull).squeeze(-1), mean) < EXACT


def test_the_experiments_run_through(train, tmp_path):
    """All five with the solutions, on little data; every run folder is whole."""
    done = train("hw4", "--experiment", "all", "--tiny", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 5
    for folder in folders:
        names = {path.name for path in folder.iterdir()}
        assert {"config.json", "metrics.csv", "checkpoint.pt", "curves.png", "result.json"} <= names
        assert json.loads((folder / "config.json").read_text())["data"] == "generated"
