"""Pictures that the kit draws: two emblems side by side on a background, RGB, 32x32.

An emblem is of one of five kinds, and each kind comes in several forms. The class of a picture is the
pair of kinds, so that a network has something to do at every depth: edges and colours first, forms
next, then kinds, and last the pair. Place, size, turn, colours, filling and background vary and say
nothing about the class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

SIDE = 32
PLACES = ((-0.48, 0.0), (0.48, 0.0))  # centres of the two emblems, in half sides of the picture
SIZE = 0.40  # of an emblem, likewise
Range = tuple[float, float]
Form = Callable[[np.ndarray, np.ndarray], np.ndarray]

# --- forms: functions of the place that are negative inside --------------------------------------


def _box(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def _diagonal(form: Form) -> Form:
    """The form, turned by an eighth."""
    return lambda x, y: form((x + y) / np.sqrt(2), (y - x) / np.sqrt(2))


def _outline(form: Form, inwards: float, width: float) -> Form:
    """A line along the border of a form, a little inside it."""
    return lambda x, y: np.abs(form(x, y) + inwards) - width


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 0.85


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _box(x, y, 0.75, 0.75)


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(y - 0.65, (2 * np.abs(x) - y - 0.95) / np.sqrt(5))


def _plus(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x, y, 0.2, 0.9), _box(x, y, 0.9, 0.2))


def _bars(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x, y - 0.5, 0.9, 0.2), _box(x, y + 0.5, 0.9, 0.2))


def _cup(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    sides = np.minimum(_box(x - 0.6, y, 0.2, 0.8), _box(x + 0.6, y, 0.2, 0.8))
    return np.minimum(sides, _box(x, y - 0.6, 0.8, 0.2))


def _crescent(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.hypot(x, y) - 0.9, 0.75 - np.hypot(x - 0.45, y))


def _corner(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x + 0.6, y, 0.2, 0.8), _box(x, y - 0.6, 0.8, 0.2))


def _tee(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x, y, 0.2, 0.8), _box(x, y + 0.6, 0.8, 0.2))


def _asterisk(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    arms = [np.abs(x * np.cos(a) + y * np.sin(a)) - 0.15 for a in (0.0, np.pi / 3, -np.pi / 3)]
    return np.maximum(np.minimum.reduce(arms), np.hypot(x, y) - 0.9)


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (np.sqrt(np.abs(x) + 1e-9) + np.sqrt(np.abs(y) + 1e-9) - 1.0) / 1.5


def _dots(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(np.hypot(x - 0.5, y), np.hypot(x + 0.5, y)) - 0.35


def _split(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.hypot(x, y) - 0.9, 0.2 - np.abs(x))


KINDS = ("full", "hollow", "crossed", "double", "open")
FORMS: tuple[
    tuple[Form, ...], ...
] = (  # of each kind: the first two are the known ones, the last two the new ones
    (_disc, _square, _triangle, _diagonal(_square)),
    (
        _outline(_disc, 0.18, 0.16),
        _outline(_square, 0.18, 0.16),
        _outline(_triangle, 0.15, 0.13),
        _outline(_diagonal(_square), 0.18, 0.16),
    ),
    (_plus, _diagonal(_plus), _asterisk, _star),
    (_bars, lambda x, y: _bars(y, x), _dots, _split),
    (_cup, _crescent, _corner, _tee),
)
KNOWN, NEW = (0, 1), (2, 3)
CLASSES = len(KINDS) ** 2


@dataclass(frozen=True)
class Style:
    """The look of pictures, apart from their class.

    Attributes:
        hues: of the emblems, as shares of the colour circle: the least and the most.
        textured: whether backgrounds have stripes and emblems a pattern.
        spread: how far places, sizes and turns stray; 1 is as in pre-training.
        change: a function of finished pictures and the generator, such as `noisy`; or None.
    """

    hues: tuple[float, float] = (0.0, 1.0)
    textured: bool = True
    spread: float = 1.0
    change: str | None = None


INSIDE = Style(
    hues=(0.0, 0.15), textured=False, spread=0.2
)  # one range of colours, plain, in place
OUTSIDE = Style(hues=(0.3, 0.9), spread=2.0)  # other colours, textures, places that stray far


def draw(rng: np.random.RandomState, forms: np.ndarray, style: Style = Style()) -> np.ndarray:
    """Draw pictures.

    Args:
        rng: the source of everything that varies.
        forms: integers [n, 2]: kind * 4 + form of the left and of the right emblem.
        style: what they look like.

    Returns:
        float32 [n, 3, 32, 32] in [0, 1].
    """
    n = len(forms)
    axis = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1).astype(np.float32)
    ground = _colours(rng, n, (0.0, 1.0), (0.08, 0.40))
    picture = np.broadcast_to(ground[:, :, None, None], (n, 3, SIDE, SIDE)).copy()
    if style.textured:
        picture *= 1 + 0.35 * _stripes(rng, n, axis)[:, None]
    for place in range(2):
        ink = _ink(rng, forms[:, place], PLACES[place], axis, style.spread)[:, None]
        colour = _colours(rng, n, style.hues, (0.65, 1.0))[:, :, None, None]
        if style.textured:
            colour = colour * (1 - 0.25 * (1 + _stripes(rng, n, axis))[:, None] / 2)
        picture += ink * (colour - picture)
    picture += np.float32(rng.normal(0, 0.02, size=picture.shape))
    if style.change is not None:
        picture = CHANGES[style.change](picture, rng)
    return np.clip(picture, 0, 1).astype(np.float32)


def _ink(
    rng: np.random.RandomState,
    forms: np.ndarray,
    place: tuple[float, float],
    axis: np.ndarray,
    spread: float,
) -> np.ndarray:
    """Return the share of each pixel that the emblem covers, [n, 32, 32]."""
    n = len(forms)
    centre = np.array(place) + spread * rng.normal(0, 0.05, size=(n, 2))
    size = SIZE * (1 + spread * rng.uniform(-0.18, 0.12, size=n))
    angle = spread * rng.normal(0, 0.15, size=n)
    stray = [*centre.T, size, np.cos(angle), np.sin(angle)]
    right, below, size, cos, sin = np.array(stray, np.float32)[..., None, None]
    across, down = (axis[None, :] - right) / size, (axis[:, None] - below) / size
    x, y = cos * across + sin * down, cos * down - sin * across
    outside = np.empty_like(x)
    for form in np.unique(forms):
        rows = forms == form
        kind, which = divmod(int(form), 4)
        outside[rows] = FORMS[kind][which](x[rows], y[rows])
    return np.clip(0.5 - outside * size * SIDE / 2, 0, 1)


def _colours(rng: np.random.RandomState, n: int, hues: Range, values: Range) -> np.ndarray:
    """Random colours, [n, 3], of given hues and brightness."""
    hue = rng.uniform(*hues, size=(n, 1)) * 6
    saturation, value = rng.uniform(0.2, 0.9, size=(n, 1)), rng.uniform(*values, size=(n, 1))
    wheel = np.abs((hue + np.array([[0.0, 4.0, 2.0]])) % 6 - 3) - 1
    return (value * (1 - saturation * (1 - np.clip(wheel, 0, 1)))).astype(np.float32)


def _stripes(rng: np.random.RandomState, n: int, axis: np.ndarray) -> np.ndarray:
    """Waves of random direction and width, [n, 32, 32] in [-1, 1]; some are flat."""
    angle, phase = rng.uniform(0, np.pi, size=n), rng.uniform(0, 2 * np.pi, size=n)
    width, height = rng.uniform(3, 12, size=n), rng.choice([0.0, 0.5, 1.0], size=n)
    right, below = width * np.cos(angle), width * np.sin(angle)
    right, below, phase, height = np.array([right, below, phase, height], np.float32)[
        ..., None, None
    ]
    return height * np.sin(right * axis[None, :] + below * axis[:, None] + phase)


# --- changes of finished pictures ----------------------------------------------------------------


def invert(pictures: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Dark for bright, in every channel."""
    return 1 - pictures


def noisy(pictures: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Strong noise, independent in every pixel."""
    return pictures + rng.normal(0, 0.35, size=pictures.shape)


def blur(pictures: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Each pixel an average of its neighbourhood of five by five."""
    kernel = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    for _ in range(3):
        for axis in (2, 3):
            moved = [np.roll(pictures, shift, axis) for shift in range(-2, 3)]
            pictures = sum(weight * one for weight, one in zip(kernel, moved))
    return pictures


CHANGES = {"inverted": invert, "noisy": noisy, "blurred": blur}


def kinds_of(labels: np.ndarray) -> np.ndarray:
    """The two kinds of each class, [n, 2]."""
    return np.stack(np.divmod(labels, len(KINDS)), axis=1)


def forms_of(
    rng: np.random.RandomState, labels: np.ndarray, which: Sequence[int] = KNOWN
) -> np.ndarray:
    """Random forms of the kinds of each class, [n, 2], as `draw` takes them.

    Args:
        which: the forms that each kind may take: KNOWN or NEW.
    """
    kinds = kinds_of(labels)
    return kinds * 4 + rng.choice(which, size=kinds.shape)


def draw_classes(
    rng: np.random.RandomState,
    labels: np.ndarray,
    which: Sequence[int] = KNOWN,
    style: Style = Style(),
) -> np.ndarray:
    """Draw a picture of each label's class, in random forms: see `forms_of` and `draw`."""
    return draw(rng, forms_of(rng, labels, which), style)
