"""What an exception says about the code that raised it, in words; and what lies outside of any hole."""

from __future__ import annotations

import re
from dataclasses import dataclass

FACT, OUTSIDE = "fact", "outside"


@dataclass(frozen=True)
class Meaning:
    """What exceptions of one kind mean: a fact about the hole, or a cause outside of it."""

    kind: str
    slug: str
    text: str


# (what the type and text of an exception hold, its meaning); the first that fits is taken.
MEANINGS = [
    # outside of any hole
    (r"^BdbQuit|^EOFError|reading from stdin|lost sys.stdin",
     OUTSIDE, "asks_the_keyboard",
     "The code waits for the keyboard (breakpoint() or input()), and nobody answers here. Remove "
     "that line, or run with --in-process."),
    (r"[Dd]ataLoader|can't start new (thread|process)|Resource temporarily unavailable|"
     r"_start_new_thread|unable to fork|daemonic processes",
     OUTSIDE, "starts_processes",
     "The code starts processes or threads (multiprocessing, or a DataLoader with workers). A check "
     "runs in one process: work in that one."),
    (r"dynamo|inductor|torch\.compile|C\+\+ compiler",
     OUTSIDE, "compiles",
     "The code asks torch to compile itself, which needs a compiler that checks do not have. Call "
     "the function as it is."),
    (r"^ModuleNotFoundError|^ImportError",
     OUTSIDE, "import_not_found",
     "An import finds no module. Files of a homework import each other by their full name, as the "
     "given code does."),
    (r"^PermissionError|Read-only file system|^URLError|Name or service not known|"
     r"Network is unreachable|Connection refused",
     OUTSIDE, "leaves_its_folder",
     "The code opens a file or a connection that a check may not open. A hole needs neither."),
    (r"^MemoryError|can't allocate memory|not enough memory",
     OUTSIDE, "memory", "The code asks for more memory than a check has."),
    # facts about the hole
    (r"does not require grad|carries no gradient|no grad_fn",
     FACT, "no_gradient",
     "There is no path from this value to what the gradient is taken by: gradients are switched "
     "off, something is detached, or a tensor was made anew from numbers."),
    (r"backward through the graph a second time|saved intermediate values of the graph",
     FACT, "graph_used_twice",
     "The graph of a loss is freed after its first use, but is needed again."),
    (r"not to have been used in the graph|not have been used in the graph",
     FACT, "not_in_the_graph",
     "A gradient is taken by something that this loss does not depend on. The input is not wrong: "
     "such a gradient is zero."),
    (r"modified by an inplace operation|leaf Variable that requires grad|in-place operation",
     FACT, "written_in_place",
     "A tensor that gradients still need is overwritten in place."),
    (r"index out of range|^IndexError|out of bounds|Class values must be",
     FACT, "index_too_large",
     "An index is larger than the table or axis that it selects from. Does each id go to the "
     "table of its own kind, and does each axis have the size that you think?"),
    (r"shapes? .{0,80}(cannot|can't) be multiplied|must match|[Ee]xpected input batch_size|invalid for "
     r"input of size|[Ss]izes of tensors|size mismatch|inconsistent tensor size|not broadcastable|"
     r"could not be broadcast|[Dd]imension out of range|dimension mismatch|must be batches of square|"
     r"[Gg]iven groups|expected input.{0,80}channels|split_with_sizes|same number of dimensions",
     FACT, "shapes_do_not_fit",
     "Two shapes do not fit together."),
    (r"same dtype|scalar type|[Ff]ound dtype|dtype mismatch|can't be cast|result type",
     FACT, "dtypes_do_not_fit",
     "Tensors of different dtypes are combined. Give new tensors the dtype of the inputs."),
    (r"takes .{0,60}positional argument|missing \d+ required|unexpected keyword argument",
     FACT, "called_otherwise",
     "The function cannot be called as the handout says."),
    (r"Need attn_mask", FACT, "mask_needed",
     "To say that attention is causal is a hint that hides nothing: the mask itself is needed beside "
     "it."),
    (r"NoneType", FACT, "nothing_returned",
     "There is None in place of a value: some function returns nothing."),
    (r"^(NameError|UnboundLocalError)", FACT, "name_unknown",
     "A name is used that has no value at that point."),
    (r"^KeyError", FACT, "key_unknown", "A key is looked up that does not exist."),
    (r"^AttributeError", FACT, "attribute_unknown",
     "An attribute is used that the object does not have."),
    (r"^ZeroDivisionError", FACT, "divided_by_zero", "Something is divided by zero."),
    (r"^RecursionError", FACT, "calls_itself", "A function calls itself without end."),
    (r"not positive.definite|singular", FACT, "matrix_singular",
     "A matrix cannot be factorised or inverted: it is singular, or not positive definite."),
]  # fmt: skip


OF_SIZES = {"shapes_do_not_fit", "index_too_large"}  # their numbers belong to the mistake

ENDLESS = Meaning(FACT, "endless", "The call does not end in time.")


def meanings() -> list[Meaning]:
    """Everything that may be said of an exception."""
    return [Meaning(kind, slug, text) for _, kind, slug, text in MEANINGS] + [ENDLESS]


def meaning(error: dict) -> Meaning | None:
    """Return what an exception means; None where nothing is known of it.

    Args:
        error: an error's record: kind, type and text.
    """
    if error.get("kind") == "timeout":
        return ENDLESS
    if error.get("kind") == "empty":
        return None
    line = f"{error.get('type', '')}: {error.get('text', '')}"
    for words, kind, slug, text in MEANINGS:
        if re.search(words, line):
            sizes = _sizes(line) if slug == "shapes_do_not_fit" else ""
            return Meaning(kind, slug, f"{text} {sizes}".rstrip())
    return None


_ALONG = re.compile(
    r"tensor a \((\d+)\) must match .{0,20}tensor b \((\d+)\).{0,30}dimension (\d+)"
)
_PRODUCT = re.compile(r"\((\d+)x(\d+) and (\d+)x(\d+)\)")


def _sizes(line: str) -> str:
    """The sizes that torch names, in words."""
    if found := _ALONG.search(line):
        one, other, axis = found.groups()
        return f"Along axis {axis} one has {one} places and the other {other}."
    if found := _PRODUCT.search(line):
        a, b, c, d = found.groups()
        return f"[{a}, {b}] is multiplied with [{c}, {d}]: {b} and {c} should be equal."
    return ""
