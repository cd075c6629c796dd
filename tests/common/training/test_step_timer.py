"""--profile: time counts once, for the innermost part."""

import time

import numpy as np
import torch
from torch import nn

from common.training.runs import RunFolder
from common.training.step_timer import StepTimer
from common.training.trainer import Trainer


def test_nested_parts_share_their_time_and_lose_none():
    timer = StepTimer(on=True)
    timer.start()
    began = time.perf_counter()
    with timer("forward"):
        time.sleep(0.02)
        with timer("data"):
            time.sleep(0.05)
        time.sleep(0.02)
    timer.stop()
    spent = time.perf_counter() - began
    assert timer.seconds["data"] >= 0.05
    assert 0.04 <= timer.seconds["forward"] <= spent - 0.05
    assert abs(sum(timer.seconds.values()) - spent) < 0.01


def test_a_clock_that_is_off_measures_nothing():
    timer = StepTimer()
    with timer("data"):
        pass
    assert not timer.seconds


def test_the_loop_counts_every_part(tmp_path, capsys):
    module, timer = nn.Linear(2, 1), StepTimer(on=True)
    trainer = Trainer(
        RunFolder(tmp_path, {"data": "none"}),
        module,
        torch.optim.Adam(module.parameters()),
        np.random.default_rng(0),
        4,
        2,
        timer=timer,
    )

    def loss_of():
        with timer("data"):
            time.sleep(0.01)
        return module(torch.ones(3, 2)).square().mean(), {}

    trainer.fit(loss_of, lambda: {"val_loss": time.sleep(0.01) or 0.0})
    assert {"data", "forward", "backward", "optimizer", "evaluation", "saving"} <= set(
        timer.seconds
    )
    assert timer.seconds["data"] >= 0.04 and timer.seconds["evaluation"] >= 0.02
    said = capsys.readouterr().out
    assert "4 steps in" in said and "steps/s, of which" in said and "  data " in said
