"""The settings of homework 2's trainings, and the numbers of tasks to evaluate on, in one table."""

from __future__ import annotations

from dataclasses import dataclass, replace

WAY = 5  # N of every task that a network is chosen or tested by
CHOOSING_TASKS = 200  # for validation during training
REPORTED_TASKS = 600  # for validation and test at the end
SUPPORT_SIZES = (1, 2, 4, 6, 8, 10)  # of a class, at test time (question 4p)
CHOOSE_SEED, VAL_SEED, TEST_SEED = 20, 21, 22  # tasks of every evaluation are the same for all runs
PANELS = ("val_accuracy", "query_accuracy", "support_accuracy", "loss")
TINY = {"steps": 8, "way": 10, "choosing": 20, "reported": 20}


@dataclass(frozen=True)
class Setting:
    """One experiment: what it trains, and on which tasks.

    Attributes:
        method: protonet or maml.
        shot: K of the tasks that it is chosen and tested by.
        way, train_shot, query: N, K and Q of training tasks.
        batch: tasks of a step.
        shift: pixels by which a training drawing is moved at most.
        lr: the largest learning rate of Adam.
        inner_rate, inner_steps, learned, first_order: MAML's inner loop.
        rate_factor: learned rates are stepped by lr times this.
    """

    method: str
    shot: int
    steps: int
    way: int = WAY
    train_shot: int = 1
    query: int = 5
    batch: int = 4
    shift: int = 2
    lr: float = 2e-3
    inner_rate: float = 0.4
    inner_steps: int = 1
    learned: bool = False
    first_order: bool = False
    rate_factor: float = 5.0


# ProtoNet trains on one large task a step: more classes than in a test, and as many shots (Snell et
# al., section 2.6). With five shots in training, one in the test was less accurate, by three in a thousand.
# A rate of 6e-3 comes in half the steps as far as one of 2e-3.
_PROTONET = Setting("protonet", shot=5, steps=1000, way=60, train_shot=5, batch=1, lr=6e-3)
_ONE_SHOT = replace(_PROTONET, shot=1, train_shot=1, steps=2500)
_MAML = Setting("maml", shot=1, steps=6000)
_SHORT = replace(_MAML, steps=1500)  # the comparisons, all equally long

REQUIRED = {
    "protonet-5-shot": _PROTONET,
    "protonet-1-shot": _ONE_SHOT,
    "maml": _MAML,
}
COMPARISON = {
    "rate-0.4": _SHORT,
    "rate-0.04": replace(_SHORT, inner_rate=0.04),
    "rate-0.04-5-steps": replace(_SHORT, inner_rate=0.04, inner_steps=5),
    "learned-rates": replace(_SHORT, inner_rate=0.04, learned=True),
    "first-order": replace(_SHORT, inner_rate=0.04, inner_steps=5, first_order=True),
}
LONG = {
    "protonet-long": replace(_ONE_SHOT, steps=10000, lr=2e-3),
    "maml-long": replace(_MAML, steps=40000),
}
SETTINGS = REQUIRED | COMPARISON | LONG
GROUPS = {"required": REQUIRED, "comparison": COMPARISON, "all": REQUIRED | COMPARISON}
