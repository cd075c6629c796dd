"""The rehearsal before a training: what it finds odd, and that it leaves no trace."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from common.errors import KitError
from common.training import rehearsal
from common.training.rehearsal import rehearse

CLASSES = 3


class Toy:
    """A classifier of three classes, whose labels are learnable from one batch."""

    def __init__(self):
        torch.manual_seed(0)
        self.rng = np.random.default_rng(0)
        self.module = nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, CLASSES)
        )
        nn.init.normal_(self.module[3].weight, std=1e-2)
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=0.1, momentum=0.9)
        self.scale = 1.0

    def loss(self):
        x = torch.as_tensor(self.rng.normal(size=(12, 8)), dtype=torch.float32)
        noise = torch.rand(())  # torch's generator is used as well
        logits = self.scale * self.module(x) + 0 * noise
        return nn.functional.cross_entropy(logits, x[:, :CLASSES].argmax(-1)), {"figure": 1.0}

    def train(self, steps=3):
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.loss()[0].backward()
            self.optimizer.step()
        return [*self.module.state_dict().values(), torch.rand(3), torch.tensor(self.rng.random())]


def rehearsed(toy, **more):
    known = {"loss": math.log(CLASSES)}
    return rehearse(toy.module, toy.optimizer, toy.rng, toy.loss, known, **more)


def test_a_sound_training_has_nothing_odd():
    found = rehearsed(Toy())
    assert found.odd == [] and found.last < 0.01 * found.first
    assert found.first == pytest.approx(math.log(CLASSES), abs=0.2)
    assert set(found.slopes) == {"0", "1", "3"} and found.lines()[-1] == "nothing odd"


def test_a_rehearsal_leaves_every_bit_as_it_was():
    plain = Toy().train()
    tried = Toy()
    rehearsed(tried)
    found = tried.train()
    assert len(found) == len(plain) and all(map(torch.equal, plain, found))


def test_what_is_odd_is_said():
    toy = Toy()
    toy.loss_before = toy.loss
    toy.loss = lambda: (2 * toy.loss_before()[0], {})
    assert "the first loss is 2." in rehearsed(toy).odd[0]
    toy = Toy()
    toy.module[3].requires_grad_(True)
    toy.scale = 0.0  # nothing the network says counts
    told = " ".join(rehearsed(toy).odd)
    assert "cannot be learned by heart" in told and "the gradient of 0 is next to nothing" in told
    toy = Toy()
    toy.unused = nn.Linear(2, 2)
    toy.module.add_module("unused", nn.Identity())
    both = nn.ModuleDict({"used": toy.module, "unused": toy.unused})
    found = rehearse(both, torch.optim.Adam(both.parameters(), lr=0.1), toy.rng, toy.loss)
    assert "unused gets no gradient" in found.odd


def test_a_loss_that_cannot_be_trained_ends_it():
    toy = Toy()
    with pytest.raises(KitError, match="loss is nan before the first step"):
        rehearse(toy.module, toy.optimizer, toy.rng, lambda: (torch.tensor(math.nan), {}))
    with pytest.raises(KitError, match="does not depend on any parameter"):
        rehearse(toy.module, toy.optimizer, toy.rng, lambda: (toy.loss()[0].detach(), {}))


@pytest.mark.parametrize(
    "steps, odd", [(1, False), (rehearsal.FEW - 1, False), (rehearsal.FEW, True)]
)
def test_a_slow_machine_is_not_taken_for_a_loss_that_does_not_fall(steps, odd):
    found = rehearsal.Findings(2.3, 2.2, steps)
    assert bool(rehearsal.odd(found)) == odd
    assert any("so few steps" in line for line in found.lines()) == (not odd)


def test_time_is_bounded():
    assert rehearsed(Toy(), seconds=-1.0).steps == 0
    assert rehearsal.MOST_STEPS <= 500
