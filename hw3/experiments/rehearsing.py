"""A rehearsal of seconds: your own step on one batch, again and again, and what of it is odd."""

from __future__ import annotations

import contextlib
import math
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from common import plots
from common.experiments.training import CHECK
from common.files import write_text
from common.training.rehearsal import SECONDS, Findings, odd, slopes
from hw3.data import photos as photographs
from hw3.data import stories
from hw3.data.pictures import CLASSES
from hw3.data.tasks import Pair, Task, grades, opinions, stars
from hw3.experiments import photos, real_language, shifts, shots, summaries
from hw3.experiments.adapting import fine_tune, label_probabilities
from hw3.experiments.tuning import Pictures, Tuning
from hw3.models.classifier import Classifier
from hw3.models.hub import NAMES, hub_model
from hw3.models.language import Language, kit_model
from hw3.models.loading import PREPARATIONS, load
from hw3.models.stories import story_model
from hw3.prompting import in_context_prompt

# experiment → the modes that are tried; none: it asks a model, and tunes nothing
VISION: dict[str, tuple[str, ...]] = {
    "shifts": ("middle", "full"),
    "shots": ("bias", "lora3", "full"),
    "probe-then-tune": ("linear", "full"),
    "watch-block": ("middle",),
    "watch-probe": ("linear", "full"),
    "photos": ("linear", "lora4"),
}
LANGUAGE: dict[str, tuple[str, ...]] = {
    "stars": ("full",),
    "in-context": (),
    "orders": (),
    "tune-or-ask": ("lora3", "full"),
    "summaries": ("lora3", "full"),
    "watch-lora": ("lora3",),
    "merging": ("lora3",),
    "real-language": ("lora4", "full"),
}
MODES = VISION | LANGUAGE  # the one that is not here has a trainer, which rehearses by itself
SHORT = ("in-context", "orders", "watch-block", "watch-probe", "watch-lora")  # only with --check
RATES = shots.RATES | shifts.RATES | {"lora4": 1e-2}
STEPS, BATCH, SHOWN = 60, 20, 10
MOVED = 3  # steps after which a head and an up-projection that begin at zero let gradients through
SEED = 170_000  # of the batch: no experiment has it
Look = Callable[[float, nn.Module], None]


class _Enough(Exception):
    """The batch is learned, or the time is over."""


def wanted(name: str, chosen: Namespace, folder: Path) -> bool:
    """Whether to rehearse: with --check, and by itself before the first long run of its kind."""
    kind = VISION if name in VISION else LANGUAGE
    if chosen.check or chosen.tiny or chosen.no_check or name in SHORT:
        return chosen.check
    begun = any((folder / file).is_file() for file in ("metrics.csv", "checkpoint.pt"))
    before = (folder.parent.glob(f"{one}-seed*/{CHECK}.txt") for one in kind)
    return not begun and not any(path for paths in before for path in paths)


def rehearse(name: str, chosen: Namespace, folder: Path) -> None:
    """Tune copies on one batch in the modes of an experiment; say and keep what is seen."""
    print(f"{name}: {folder}\nrehearsal:", flush=True)
    lines = []
    with torch.random.fork_rng(devices=[]):  # the experiment draws as if there had been none
        for line in _vision(name, chosen, folder) if name in VISION else _language(name, chosen):
            print(f"  {line}", flush=True)
            lines.append(line)
    write_text(folder / f"{CHECK}.txt", "\n".join(lines) + "\n")


# --- pictures -----------------------------------------------------------------------------------


def _vision(name: str, chosen: Namespace, folder: Path) -> Iterator[str]:
    batch, classes = _pictures(name, chosen)
    for mode in MODES[name]:
        model = load(chosen.model or "kit", chosen.data)
        model.new_head(classes)

        def tune(look: Look, model: Classifier = model, mode: str = mode) -> None:
            torch.manual_seed(SEED)
            size = len(batch.labels)
            tuning = Tuning(model, batch, size, SEED, True, lambda loss: look(loss, model))
            tuning.run(mode, STEPS, RATES[mode])

        yield from _tried(mode, tune, model, len(MODES[name]), {"loss": math.log(classes)})
    folder.mkdir(parents=True, exist_ok=True)
    yield f"the batch with its labels: {_draw(batch, folder / f'{CHECK}.png')}"


def _pictures(name: str, chosen: Namespace) -> tuple[Pictures, int]:
    """A batch as the experiment tunes on, and how many classes there are."""
    if name == "photos":
        how, (data, *_) = PREPARATIONS[chosen.model], photographs.SETS
        some = photographs.load(data, how, chosen.data, 2 * photos.SHOT)
        return some.task(SEED, photos.WAY, photos.SHOT, photos.SHOT)[0], photos.WAY
    if name == "shots":
        return shots.tasks(SEED, BATCH // shots.CLASSES, 0)[0], shots.CLASSES
    return shifts.task("feature", SEED, BATCH), CLASSES


def _draw(batch: Pictures, path: Path) -> Path:
    """Draw the first pictures of a batch with their labels."""
    figure, axes = plots.new(width=1.3, height=1.6, panels=SHOWN, across=SHOWN // 2)
    for axis, image, label in zip(axes, batch.images, batch.labels.tolist()):
        low, high = image.min(), image.max()
        axis.imshow(((image - low) / (high - low)).permute(1, 2, 0), interpolation="nearest")
        axis.set_title(f"label {label}", fontsize=9)
        axis.axis("off")
    return plots.save(figure, path)


# --- language -----------------------------------------------------------------------------------


def _language(name: str, chosen: Namespace) -> Iterator[str]:
    rng = np.random.default_rng(SEED)
    language, pairs, task, style = _asked(name, chosen, rng)
    for mode in MODES[name]:

        def tune(look: Look, mode: str = mode) -> None:
            fine_tune(
                language,
                pairs,
                mode,
                style,
                STEPS,
                chosen.lr or RATES[mode],
                SEED,
                after_step=lambda loss, now: look(loss, now.model),
            )

        yield from _tried(mode, tune, language.model, len(MODES[name]))
    (text, answer), *others = pairs
    shown = [] if MODES[name] else others[:2]
    yield "a prompt, and the answer that is right:"
    for line in in_context_prompt(shown, text, style, rng).splitlines():
        yield f"  | {line}"
    yield f"  > {answer}"
    if not MODES[name] and task is not None:
        (beliefs,) = label_probabilities(
            language, [in_context_prompt(others, text, style, rng)], task.names
        ).tolist()
        said = ", ".join(f"{label} {belief:.2f}" for label, belief in zip(task.names, beliefs))
        yield f"after all {len(others)} examples the model says: {said}; nothing is tuned here"


def _asked(
    name: str, chosen: Namespace, rng: np.random.Generator
) -> tuple[Language, list[Pair], Task | None, str]:
    """The model, a few texts with answers, their task where it has labels, and their style."""
    if name == "real-language":
        by_name = chosen.model in NAMES
        real = hub_model(chosen.model) if by_name else story_model(chosen.data)
        known, _ = real_language.examples(real_language.BABI[0], 1, SEED, chosen.data)
        return real, known[:BATCH], None, "question"
    if name == "summaries":
        drawn = [stories.story(rng, summaries.WORDING) for _ in range(BATCH)]
        return kit_model("large"), [(s.text, s.answer) for s in drawn], None, summaries.STYLE
    task = stars() if name == "stars" else grades(rng) if name == "orders" else opinions(rng)
    return kit_model("large"), task.draw(rng, 6 if name == "orders" else BATCH), task, task.style


# --- one mode -----------------------------------------------------------------------------------


def _tried(
    mode: str,
    tune: Callable[[Look], None],
    model: nn.Module,
    modes: int,
    known: dict[str, float] | None = None,
) -> Iterator[str]:
    """Yield what is seen when one mode is tuned on one batch.

    Args:
        tune: takes the steps, and shows the loss of each and the model.
        model: as it is before.
        modes: that share the time.
        known: as in `rehearse` of common.training.rehearsal.
    """
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses: list[float] = []
    last, sizes = model, dict[str, float]()
    until = 0.0  # counted from the first step, before which torch loads what it needs

    def look(loss: float, now: nn.Module) -> None:
        nonlocal last, until
        last = now
        until = until or time.monotonic() + SECONDS / modes
        losses.append(loss)
        if len(losses) == MOVED:
            sizes.update(slopes(now))
        if time.monotonic() > until or not loss > 1e-3 * losses[0]:
            raise _Enough

    with contextlib.suppress(_Enough):
        tune(look)
    found = Findings(losses[0], losses[-1], len(losses) - 1, known=known or {})
    if not all(map(math.isnan, sizes.values())):  # a step may clear its gradients at its end
        found.slopes = sizes
    found.odd = odd(found) + list(_statistics_that_moved(last, before))
    found.slopes = _by_block(found.slopes)
    count = sum(p.numel() for p in last.parameters() if p.requires_grad)
    yield f"{mode}: {count:,} of {sum(p.numel() for p in last.parameters()):,} parameters tuned"
    yield from (f"  {line}" for line in found.lines())


def _by_block(sizes: dict[str, float]) -> dict[str, float]:
    """The root mean square over the layers of each block."""
    blocks: dict[str, list[float]] = {}
    for name, size in sizes.items():
        blocks.setdefault(".".join(name.split(".")[:2]), []).append(size)
    return {name: math.hypot(*found) / math.sqrt(len(found)) for name, found in blocks.items()}


def _statistics_that_moved(model: nn.Module, before: dict[str, torch.Tensor]) -> Iterator[str]:
    """Say which frozen BatchNorm layers have changed their running statistics."""
    for name, module in model.named_modules():
        frozen = not any(p.requires_grad for p in module.parameters(recurse=False))
        if isinstance(module, _BatchNorm) and frozen:
            old, new = before.get(f"{name}.running_mean"), module.running_mean
            if old is not None and new is not None and not torch.equal(old, new):
                yield f"the running statistics of {name} move, though none of its parameters does"
