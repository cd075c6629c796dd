"""One problem, several answers: what the program of a method reads, measures and writes.

Every homework has a module `hwN/experiments/compared_method.py` that trains its method for a short while and answers tasks
it has never seen. `common/compare/comparison.py` draws the tasks, starts these programs one after the other, and
sees them through two files alone: the problem and the answers. The right answers are in neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common.errors import KitError
from common.files import replacing
from common.options.command_line import Parser
from common.training.memory import keep_large_blocks, peak_bytes

TINY_STEPS = 4


@dataclass(frozen=True)
class Problem:
    """N-way 1-shot tasks, and what may be learned before they come.

    Attributes:
        training: uint8 [classes, drawings, 28, 28], of other classes than the tasks'.
        support: uint8 [T, N, 28, 28]: one image of every class, in the order of the classes.
        query: uint8 [T, R·N, 28, 28]: R rows of N images, in which every class is shown once.
        seed: of weights and of training.
        tiny: only try the path.
    """

    training: np.ndarray
    support: np.ndarray
    query: np.ndarray
    seed: int
    tiny: bool

    @property
    def way(self) -> int:
        return self.support.shape[1]

    def steps(self, wanted: int) -> Iterator[int]:
        """Count training steps, and say how far it is."""
        count = min(wanted, TINY_STEPS) if self.tiny else wanted
        for step in range(count):
            if step * 20 // count != (step - 1) * 20 // count:
                print(f"progress {step / count:.2f}", flush=True)
            yield step


@dataclass(frozen=True)
class Method:
    """A trained method.

    Attributes:
        modules: whose parameters it keeps from task to task.
        answer: support [N, 1, 28, 28] and query [Q, 1, 28, 28], float32 in [0, 1] → probabilities
            [Q, N]; adapts to one task, and forgets it.
    """

    modules: tuple
    answer: Callable


def main(methods: dict[str, Callable[[Problem], Method]]) -> None:
    """The program of a homework: train one of its methods, answer every task, write it down.

    Args:
        methods: name → what trains it.
    """
    parser = Parser(
        description="One method's answers to the tasks of `python -m common.compare`, which starts "
        "this program.",
        epilog="example:\n  python -m common.compare",
    )
    names = ", ".join(methods)
    parser.add_argument("--method", choices=methods, default=next(iter(methods)), help=names)
    parser.add_argument("--tasks", type=Path, required=True, metavar="FILE", help="the problem")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the answers")
    parser.add_argument("--seed", type=int, default=0, help="of weights and training (0)")
    parser.add_argument("--tiny", action="store_true", help="only try the path")
    chosen = parser.parse_args()

    keep_large_blocks()  # before the first large tensor
    torch.manual_seed(chosen.seed)
    with np.load(chosen.tasks, allow_pickle=False) as file:
        problem = Problem(**file, seed=chosen.seed, tiny=chosen.tiny)
    began = time.perf_counter()
    method = methods[chosen.method](problem)
    trained = time.perf_counter() - began
    with replacing(chosen.out) as temporary, temporary.open("wb") as file:
        np.savez(file, training_seconds=trained, **answers(method, problem))


def answers(method: Method, problem: Problem) -> dict:
    """Every task by itself: probabilities [T, Q, N], and what a task costs in time and memory."""
    found, seconds = [], []
    tasks = [
        [torch.from_numpy(part).float()[:, None] / 255 for part in task]
        for task in zip(problem.support, problem.query)
    ]
    for support, query in tasks:
        began = time.perf_counter()
        probabilities = method.answer(support, query).detach()
        seconds.append(time.perf_counter() - began)
        found.append(probabilities.cpu().double().numpy())
    kept = [p for module in method.modules for p in module.parameters()]
    return {
        "probabilities": check_probabilities(np.stack(found), problem),
        "seconds": np.median(seconds),
        "parameters": sum(p.numel() for p in kept),
        "kept_bytes": sum(p.numel() * p.element_size() for p in kept),
        "peak_bytes": peak_bytes(lambda: method.answer(*tasks[0])),
    }


def check_probabilities(probabilities: np.ndarray, problem: Problem) -> np.ndarray:
    """The probabilities as they are.

    Raises:
        KitError: when they are none.
    """
    wanted = (*problem.query.shape[:2], problem.way)
    if probabilities.shape != wanted:
        raise KitError(f"probabilities of shape {probabilities.shape}, expected {wanted}")
    off = np.abs(probabilities.sum(-1) - 1).max()
    if not np.isfinite(probabilities).all() or probabilities.min() < -1e-6 or off > 1e-3:
        raise KitError(
            "its answers are not probabilities: not finite, negative, or with a sum that is not 1"
        )
    return probabilities
