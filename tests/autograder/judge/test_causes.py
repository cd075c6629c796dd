"""The engine of explanations, on made-up outputs: it knows nothing of homeworks."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.judge import require
from autograder.judge.causes import causes
from autograder.judge.exceptions import meaning
from autograder.judge.fingerprints import close, fingerprint
from autograder.judge.knowledge import CauseTable, pack, unpack
from autograder.judge.known import CHANGE, MISTAKE, Cause, OfProblem, may_be, take_fingerprints
from autograder.judge.quantities import quantities, settings
from autograder.judge.relations import bounded, nearly, relation
from autograder.judge.seen import Seen
from autograder.judge.survey import Condition, Survey, survey
from autograder.judge.units import numbers_said, of_free_numbers, units

RNG = np.random.RandomState(0)
CHECK = "test_made_up::test_all"
SIZES = (4, 6)  # of one axis, in two calls
INPUTS = [RNG.normal(size=(size, 3)) for size in SIZES]


def run(loss=lambda x: (x**2).mean(), gradient=lambda x: 2 * x / x.size, changed=(), error=None):
    """What a check sees of one version: two calls, each with a value and its gradient."""
    outcomes = []
    for x in INPUTS:
        value = {"loss": float(loss(x)), "gradient": np.asarray(gradient(x), np.float64)}
        outcomes.append({"error": error} if error else {"value": value, "changed": list(changed)})
    given = [{"`size`": float(size)} for size in SIZES]
    return Survey(["loss", "loss"], outcomes, [], given)


SOLUTION = units(CHECK, run(), False)
KNOWN = {
    "summed": run(lambda x: (x**2).sum(), lambda x: 2 * x),
    "absolute": run(lambda x: np.abs(x).mean(), lambda x: np.sign(x) / x.size),
    "cut": run(gradient=np.zeros_like),
    "first_row": run(
        lambda x: (x[0] ** 2).mean(), lambda x: 2 * x / 3 * (np.arange(len(x)) == 0)[:, None]
    ),
    "loss_doubled": run(lambda x: 2 * (x**2).mean()),
}


def thing(slug, survey, kind=MISTAKE):
    cause = Cause(kind, slug, f"It is {slug}.")
    return take_fingerprints((cause,), units(CHECK, survey, False), SOLUTION, ())


THINGS = [thing(slug, survey) for slug, survey in KNOWN.items()]


def told(seen, things=THINGS, random=False):
    seen_here = Seen({CHECK: seen}, {CHECK} if random else set())
    return causes(seen_here, SOLUTION, OfProblem(things=things))


def names(found, *kinds):
    return [one.slug for one in found if one.kind in (kinds or (MISTAKE, CHANGE))]


# --- known things -------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", KNOWN)
def test_a_recorded_run_is_named_and_surely(slug):
    found = told(KNOWN[slug])
    assert names(found) == [slug] and found[0].sure


def test_nothing_is_said_of_a_right_run():
    assert told(run()) == []


def test_a_run_of_nothing_known_has_no_cause():
    assert names(told(run(np.max, lambda x: x == x.max()))) == []


def test_two_things_in_two_outputs_are_both_named():
    both = run(lambda x: 2 * (x**2).mean(), np.zeros_like)
    assert sorted(names(told(both))) == ["cut", "loss_doubled"]


def test_two_things_that_add_up_are_both_named():
    def loss(x):
        return (x**2).mean() + ((x**2).sum() - (x**2).mean()) + (np.abs(x).mean() - (x**2).mean())

    both = run(loss, lambda x: 2 * x + np.sign(x) / x.size - 2 * x / x.size)
    assert sorted(names(told(both))) == ["absolute", "summed"]


def test_two_effects_that_are_multiples_of_each_other_are_no_explanation():
    """Any third one is a sum of some multiples: 3 times an offset, by 1 and 2 times it."""

    def off(times):
        return run(lambda x: (x**2).mean() + 0.3 * times * x.size)

    things = [thing("once", off(1)), thing("twice", off(2))]
    assert names(told(off(3), things)) == []


def test_a_thing_times_a_quantity_is_named_with_the_quantity():
    found = told(run(lambda x: np.abs(x).mean() * len(x), lambda x: np.sign(x) / x.size * len(x)))
    assert names(found) == ["absolute"] and not found[0].sure
    (factor,) = [one for one in found if one.kind == "relation"]
    assert "`size`" in factor.text


def test_two_things_whose_effects_multiply_are_both_named():
    both = run(lambda x: np.abs(x).sum(), np.sign)
    found = told(both)
    assert names(found) == ["absolute", "summed"] and not any(one.sure for one in found[:2])


def test_what_would_be_seen_and_is_not_did_not_happen():
    """The gradient is right: what spoils it as well is no explanation."""
    assert names(told(run(lambda x: (x**2).sum()))) == []


def test_changes_that_no_check_tells_apart_are_not_sure():
    alike = thing("absolute", KNOWN["absolute"], CHANGE)
    alike.others = ((Cause(CHANGE, "another", "It is another."),),)
    found = told(KNOWN["absolute"], [alike])
    assert names(found) == ["absolute"] and not found[0].sure


def test_a_change_is_sure_beside_one_that_says_less():
    alike = thing("one_step_less", KNOWN["absolute"], CHANGE)
    alike.others = ((Cause(CHANGE, "one_too_near", "It is too small by one."),),)
    (found,) = [one for one in told(KNOWN["absolute"], [alike]) if one.kind == CHANGE]
    assert found.slug == "one_step_less" and found.sure


def test_what_speaks_of_the_writing_is_never_sure():
    found = told(KNOWN["absolute"], [thing("another_number", KNOWN["absolute"], CHANGE)])
    assert names(found) == ["another_number"] and not found[0].sure


def test_a_mistake_of_the_catalogue_comes_before_a_change():
    found = told(KNOWN["cut"], [thing("gradient_cut", KNOWN["cut"], CHANGE), *THINGS])
    assert names(found) == ["cut"] and found[0].sure


def test_an_exception_is_explained_by_its_own_words():
    error = {
        "kind": "raised",
        "type": "IndexError",
        "text": "index 7 is out of range",
        "where": None,
    }
    other = {"kind": "raised", "type": "ValueError", "text": "no", "where": None}
    raised = thing("raises", run(error=other))
    found = told(run(error=error), [raised])
    assert names(found) == [] and names(found, "fact") == ["index_too_large"]


def test_no_name_against_the_numbers_of_a_random_check():
    """The conditions are alike and the range is not: values run from 1 to 3, not from -1 to 1."""

    def drawn(low):
        outcome = {"value": {"range": [low, low + 2]}, "changed": []}
        return Survey(["drawn"], [outcome], [Condition("range:1#1", False, "another range")], [{}])

    right = {f"{CHECK}/0/error": "", f"{CHECK}/condition/range:1#1": True}
    cause = Cause(MISTAKE, "negative", "Numbers are negative.")
    negative = take_fingerprints((cause,), units(CHECK, drawn(-1.0), True), right, ())
    row = np.array([-1.0, 0.0, 1.0, 0.0])
    negative.bands[f"{CHECK}/0/range"] = np.array([row - 0.01, row + 0.01])
    problem = OfProblem([f"{CHECK}/condition/range:1#1"], [], [negative])
    for low, expected in ((-1.0, ["negative"]), (1.0, [])):
        found = causes(Seen({CHECK: drawn(low)}, {CHECK}), {f"{CHECK}/0/error": ""}, problem)
        assert names(found) == expected


def test_no_name_against_the_whole_numbers_that_a_check_says():
    """One order of six came with the thing that is known; where three came, it is another."""

    def drawn(count):
        says = f"{count} of the 6 orders came in 2400 prompts"
        outcome = {"value": "a prompt", "changed": []}
        return Survey(["drawn"], [outcome], [Condition("orders:1#1", False, says)], [{}])

    right = {f"{CHECK}/0/error": "", f"{CHECK}/condition/orders:1#1": True}
    cause = Cause(MISTAKE, "one_order", "There is one order.")
    one_order = take_fingerprints((cause,), units(CHECK, drawn(1), True), right, ())
    said = numbers_said(CHECK, drawn(1), True)
    one_order.bands = {key: np.array([numbers, numbers]) for key, numbers in said.items()}
    problem = OfProblem([f"{CHECK}/condition/orders:1#1"], [], [one_order])
    for count, expected in ((1, ["one_order"]), (3, [])):
        found = causes(Seen({CHECK: drawn(count)}, {CHECK}), {f"{CHECK}/0/error": ""}, problem)
        assert names(found) == expected


@pytest.mark.parametrize(
    "low, high, fits",
    [(0.0002, 1.0, True), (0.5, 1.5, False), (-1.0, 1.0, False), (0.0009, 3.1, True)],
)
def test_other_numbers_in_a_text_have_about_the_size_that_they_had(low, high, fits):
    key = f"{CHECK}/condition/range:1#1"
    bands = {key: np.array([[6000.0, 0.0001, 0.99], [6000.0, 0.0003, 1.0]])}
    narrow = replace(thing("narrow", run()), bands=bands)
    assert may_be(narrow, {key: np.array([6000.0, low, high])}) == fits
    assert not may_be(narrow, {key: np.array([400.0, low, high])})


def test_no_name_for_an_error_with_other_sizes():
    """Two mistakes end in the same words of torch, and the sizes in them differ."""

    def failing(size):
        text = f"The size of tensor a ({size}) must match the size of tensor b (5)"
        return run(error={"kind": "raised", "type": "RuntimeError", "text": text, "where": None})

    padded = thing("padded", failing(7))
    said = numbers_said(CHECK, failing(7), False)
    padded.bands = {key: np.array([numbers, numbers]) for key, numbers in said.items()}
    assert names(told(failing(7), [padded])) == ["padded"]
    found = told(failing(6), [padded])
    assert names(found) == [] and names(found, "fact") == ["shapes_do_not_fit"]


def test_a_change_is_not_sure_by_errors_alone():
    """A mistake of the catalogue is: its text is read by people."""
    error = {"kind": "raised", "type": "TypeError", "text": "no", "where": None}
    for kind, sure in ((MISTAKE, True), (CHANGE, False)):
        (found,) = told(run(error=error), [thing("raises", run(error=error), kind)])
        assert found.slug == "raises" and found.sure == sure


def test_a_record_keeps_bands_of_any_length():
    bands = {"a/0/x": np.arange(8.0).reshape(2, 4), "a/condition/c": np.array([[3.0], [3.0]])}
    one = take_fingerprints(
        (Cause(MISTAKE, "one", "It is one."),), {"a/0/x": 1.0}, {"a/0/x": 2.0}, ()
    )
    things = [one, replace(one, bands=bands), replace(one, bands={})]
    causes_ = CauseTable([])
    (bare, banded, last) = unpack(pack(OfProblem(things=things), causes_), causes_).things
    assert bare.bands == last.bands == {}
    assert {key: band.tolist() for key, band in banded.bands.items()} == {
        key: band.tolist() for key, band in bands.items()
    }


# --- fingerprints -------------------------------------------------------------------------------


def test_fingerprints_of_different_arrays_differ_and_of_noisy_ones_agree():
    array = RNG.normal(size=(3, 4, 5))
    mark, numbers = fingerprint(array)
    noisy = fingerprint(array * (1 + 1e-5 * RNG.normal(size=array.shape)))
    assert noisy[0] == mark and close(noisy[1], numbers)
    for other in (array * 1.01, array[::-1], array + 0.01):
        assert not close(fingerprint(other)[1], numbers)
    assert fingerprint(array.ravel())[0] != mark


# --- relations ----------------------------------------------------------------------------------

X = RNG.normal(size=(3, 4))
SQUARE = RNG.normal(size=(4, 4))


@pytest.mark.parametrize(
    "came, expected, slug",
    [
        (np.zeros_like(X), X, "zero"),
        (-6 * X, X, "factor"),
        (X + 0.5, X, "offset"),
        (SQUARE.T, SQUARE, "transposed"),
        (X[::-1], X, "reversed"),
        (np.roll(X, 1, 1), X, "shifted"),
        (X[:, [2, 0, 3, 1]], X, "permuted"),
        (X**2, X, "square"),
        (np.sqrt(np.abs(X)), np.abs(X), "root"),
        (np.exp(X), X, "exponential"),
        (1 / (1 + np.exp(-X)), X, "sigmoid"),
        (np.exp(X) / np.exp(X).sum(1, keepdims=True), X, "softmax"),
        (np.maximum(X, 0), X, "clamped"),
        (np.cumsum(X, 0), X, "cumulative"),
        (X + np.arange(3)[:, None] ** 2, X, "offset_along"),
        (np.where(np.arange(4) == 3, X, X + 1 + X**2), X, "right_at"),
        (np.where(np.arange(3) == 0, 9 * SQUARE[:, :3], SQUARE[:, :3]), SQUARE[:, :3], "wrong_at"),
        (X.ravel(), X, "reshaped"),
        (X.T, X, "transposed"),
        (X.sum(0), X, "summed"),
        (X.mean(1), X, "averaged"),
        (X[:2], X, "cut"),
    ],
)
def test_a_simple_relation_is_seen(came, expected, slug):
    assert relation(came, expected).slug == slug


E = np.array([0.2, 0.9, 3.0, 12.0, 20.0])


@pytest.mark.parametrize(
    "came, slug",
    [
        (np.minimum(E, 2.5), "bounded"),
        (np.maximum(E, 2.5), "bounded"),
        (E * [1.01, 0.98, 1.0, 1.02, 1.0], "nearly"),
        (np.where(E > 2, 2.5, E + 0.3), None),
        (E * [1, 1, 1, 1, 2], None),
        (np.where(E < 2, 2.5, 2.5 + E), None),
    ],
)
def test_what_can_be_seen_over_all_calls(came, slug):
    found = bounded(came, E) or nearly(came, E)
    assert (found and found.slug) == slug


def test_noise_has_no_relation():
    """False hits over 2,000 pairs of arrays of twelve numbers."""
    rng = np.random.RandomState(1)
    hits = sum(
        relation(rng.normal(size=(3, 4)), rng.normal(size=(3, 4))) is not None for _ in range(2000)
    )
    assert hits == 0


def test_one_number_is_no_relation_and_the_same_in_two_calls_is():
    def scaled(*factors):
        outcomes = [
            {
                "value": {"loss": factor * float((x**2).mean()), "gradient": 2 * x / x.size},
                "changed": [],
            }
            for x, factor in zip(INPUTS, factors)
        ]
        return Survey(["loss", "loss"], outcomes, [], [{}, {}])

    assert names(told(scaled(0.5, 0.5), []), "relation") == ["factor"]
    assert names(told(scaled(0.5, 0.83), []), "relation") == []
    assert names(told(scaled(0.5, 1.0), []), "relation") == []


# --- facts --------------------------------------------------------------------------------------


def test_gradients_alone_wrong_are_a_fact():
    assert set(names(told(KNOWN["cut"], []), "fact")) == {
        "only_gradients_are_wrong",
        "gradient_zero",
    }


def test_gradients_alone_are_not_wrong_where_there_is_no_value():
    """A hole that gives a gradient, and whether something was written."""
    x = RNG_OF_THREE["a"]
    right, came = ({"gradient": factor * x, "written": False} for factor in (1.0, -1.0))
    solution = units(CHECK, Survey(["f"], [{"value": right, "changed": []}]), False)
    seen = Survey(["f"], [{"value": came, "changed": []}], [], [{}])
    found = causes(Seen({CHECK: seen}, set()), solution, OfProblem())
    assert "only_gradients_are_wrong" not in names(found, "fact")


@pytest.mark.parametrize(
    "kind, text, slug",
    [
        (
            "RuntimeError",
            "mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)",
            "shapes_do_not_fit",
        ),
        (
            "RuntimeError",
            "element 0 of tensors does not require grad and does not have a grad_fn",
            "no_gradient",
        ),
        ("RuntimeError", "Trying to backward through the graph a second time", "graph_used_twice"),
        ("BdbQuit", "", "asks_the_keyboard"),
        ("ModuleNotFoundError", "No module named 'sampling'", "import_not_found"),
        ("RuntimeError", "DataLoader worker (pid 3) exited", "starts_processes"),
        ("KeyError", "'body'", "key_unknown"),
    ],
)
def test_exceptions_are_put_into_words(kind, text, slug):
    assert meaning({"kind": "raised", "type": kind, "text": text}).slug == slug


# --- surveys ------------------------------------------------------------------------------------


def test_a_survey_makes_the_calls_that_a_verdict_did_not_reach():
    from autograder.judge import assert_matches, require

    def test_check(student):
        assert_matches(student.one(1), 1.0)
        require(student.two(2) == 4, "the second is not 4")
        assert_matches(student.three(3), 9.0)

    asked = []

    def ask(probe, args, kwargs):
        asked.append(probe)
        return {"value": 9.0, "changed": []}

    known_calls = [("one", {"value": 7.0, "changed": []})]
    solution = [{"value": value, "changed": []} for value in (1.0, 4.0, 9.0)]
    found = survey(test_check, known_calls, ask, solution, {"two": ["x"]})
    assert asked == ["two", "three"]
    assert [outcome["value"] for outcome in found.outcomes] == [7.0, 9.0, 9.0]
    assert [(c.holds, c.compares) for c in found.conditions] == [
        (False, True),
        (False, False),
        (True, False),
    ]
    assert found.quantities[1] == {"`x`": 2.0}


def test_a_survey_begins_anew_where_the_check_does():
    """What was drawn from a global generator would else come again in a record, and in none other."""

    def test_check(student):
        first = student.drawn()
        student.begin_anew()
        require(student.drawn() == first, "the second process draws something else")

    processes = iter((1.0, 2.0, 3.0))
    now = [next(processes)]
    found = survey(
        test_check,
        [],
        lambda probe, args, kwargs: {"value": now[0], "changed": []},
        [{"value": 1.0, "changed": []}] * 2,
        {},
        lambda: now.__setitem__(0, next(processes)),
    )
    assert [outcome["value"] for outcome in found.outcomes] == [1.0, 2.0]
    assert [condition.holds for condition in found.conditions] == [False]


def test_a_survey_goes_on_after_an_exception_and_stops_calling_after_a_hang():
    def test_check(student):
        for probe in (student.one, student.two, student.three):
            probe()

    def ask(probe, args, kwargs):
        asked.append(probe)
        kind = "timeout" if probe == "two" else "raised"
        return {"error": {"kind": kind}}

    asked = []
    solution = [{"value": 0.0, "changed": []}] * 3
    found = survey(test_check, [], ask, solution, {})
    assert asked == ["one", "two"]
    assert [outcome["error"]["kind"] for outcome in found.outcomes] == [
        "raised",
        "timeout",
        "timeout",
    ]


def seen_with_settings(wrong):
    """Four calls of two settings; a call is wrong where `wrong` says so of its settings."""
    chosen = [{"`mode`": mode, "`size`": size} for mode in ("mean", "sum") for size in (1.0, 2.0)]
    inputs = [np.arange(3.0) + index for index in range(4)]
    right = [{"value": {"loss": x.mean(), "gradient": x}, "changed": []} for x in inputs]
    came = [
        {"value": {"loss": x.mean() + 1, "gradient": x}, "changed": []} if wrong(one) else fine
        for x, one, fine in zip(inputs, chosen, right)
    ]
    numbers = [{} for _ in chosen]
    solution = units(CHECK, Survey(["loss"] * 4, right, [], numbers), False)
    survey_ = Survey(["loss"] * 4, came, [], numbers, [], chosen)
    return causes(Seen({CHECK: survey_}, set()), solution, OfProblem())


@pytest.mark.parametrize(
    "wrong, where",
    [
        (lambda one: one["`mode`"] == "sum", "wrong where `mode` is 'sum'"),
        (lambda one: one["`size`"] > 1, "wrong where `size` is 2"),
        (lambda one: one["`size`"] < 2, "wrong where `size` is 1"),
        (lambda one: one["`mode`"] == "sum" and one["`size`"] > 1, None),
        (lambda one: True, None),
    ],
)
def test_the_setting_that_tells_wrong_calls_from_right_ones(wrong, where):
    texts = {one.slug: one.text for one in seen_with_settings(wrong)}
    assert (where in texts["wrong_where"]) if where else "wrong_where" not in texts
    assert texts["only_outputs"] == "Only `loss` is wrong; `gradient` never."


def rows_told(came, answers):
    """One call with three rows, each with a list of its own."""
    right = np.arange(9.0).reshape(3, 3)
    seen = Survey(["rows"], [{"value": came, "changed": []}], [], [{}], [{"answers": answers}])
    solution = units(CHECK, Survey(["rows"], [{"value": right, "changed": []}]), False)
    found = causes(Seen({CHECK: seen}, set()), solution, OfProblem())
    return [one.text for one in found if one.slug == "rows_where"]


def test_rows_are_told_by_what_their_inputs_hold():
    """The row of the empty list is wrong; another row besides is another matter."""
    came = np.arange(9.0).reshape(3, 3)
    came[1, 2] = 7.5
    (text,) = rows_told(came, [[1], [], [2, 3]])
    assert "`answers` is empty" in text
    assert rows_told(came, [[1], [4], []]) == []
    came[0, 0] = 7.5
    assert rows_told(came, [[1], [], [2, 3]]) == []


def copied(value, inputs):
    """What is told of two outputs, given an input of the same shape."""
    right = {"one": RNG_OF_THREE["a"], "two": RNG_OF_THREE["b"]}
    solution = units(CHECK, Survey(["f"], [{"value": right, "changed": []}]), False)
    seen = Survey(["f"], [{"value": right | value, "changed": []}], [], [{}], [inputs])
    found = causes(Seen({CHECK: seen}, set()), solution, OfProblem())
    return {one.slug: one.text for one in found if one.kind == "relation"}


def test_an_input_or_another_output_in_the_place_of_an_output_is_a_relation():
    """An output of few different numbers may be another one by chance."""
    given = {"mean": RNG_OF_THREE["c"]}
    assert "`mean`" in copied({"one": given["mean"]}, given)["input"]
    assert "`two`" in copied({"one": RNG_OF_THREE["b"]}, given)["other_output"]
    assert copied({"one": np.eye(3)}, {"mean": np.eye(3)}) == {}


def test_an_offset_that_grows_with_a_quantity_names_it():
    sizes = (3, 5, 9)
    values = [{"loss": 0.31 * size + 0.5 * size**2} for size in sizes]
    right = [{"value": value, "changed": []} for value in values]
    came = [
        {"value": {"loss": one["loss"] + 0.9189 * size}, "changed": []}
        for one, size in zip(values, sizes)
    ]
    solution = units(CHECK, Survey(["loss"] * 3, right), False)
    seen = Survey(["loss"] * 3, came, [], [{"`n`": float(size)} for size in sizes])
    (told_,) = [
        one
        for one in causes(Seen({CHECK: seen}, set()), solution, OfProblem())
        if one.kind == "relation"
    ]
    assert "plus 0.9189 times `n`" in told_.text


def offsets_told(*calls):
    """What is told of single numbers: (expected, came) of each call."""
    right, came = (
        [{"value": {"loss": pair[side]}, "changed": []} for pair in calls] for side in (0, 1)
    )
    probes, sizes = ["loss"] * len(calls), [{} for _ in calls]
    solution = units(CHECK, Survey(probes, right), False)
    found = causes(Seen({CHECK: Survey(probes, came, [], sizes)}, set()), solution, OfProblem())
    return [one.text for one in found if one.kind == "relation"]


def test_a_constant_offset_is_told_of_three_different_numbers_and_not_of_one_asked_twice():
    pairs = [(1.31, 2.04), (2.77, 3.5), (5.19, 5.92)]
    (text,) = offsets_told(*pairs)
    assert text == "`loss` is what was expected plus 0.73."
    assert offsets_told(pairs[0], pairs[0], pairs[0]) == []
    assert offsets_told((0.5, 0.25), (0.75, 0.5), (1.0, 0.75)) == []  # accuracies


def test_a_relation_that_holds_in_some_calls_says_so():
    """In one of three calls it is not told at all."""

    def of(*came):
        x = RNG_OF_THREE["a"]
        right = [{"value": {"y": x + n}, "changed": []} for n in range(3)]
        seen = [{"value": {"y": one(x + n)}, "changed": []} for n, one in enumerate(came)]
        solution = units(CHECK, Survey(["y"] * 3, right), False)
        survey_ = Survey(["y"] * 3, seen, [], [{}] * 3)
        found = causes(Seen({CHECK: survey_}, set()), solution, OfProblem())
        return [one.text for one in found if one.kind == "relation"]

    assert of(np.square, np.square, np.square) == ["`y` is the square of what was expected."]
    (text,) = of(np.square, np.square, lambda y: y**3 + np.arange(3))
    assert text == "In some calls `y` is the square of what was expected."
    assert of(np.square, lambda y: y**3, lambda y: y**5) == []


@pytest.mark.parametrize("factors, named", [((4.0, 6.0), True), ((1.7, 2.9), False)])
def test_a_thing_times_factors_without_a_name_is_no_explanation(factors, named):
    """The sizes are 4 and 6."""
    of = dict(zip(SIZES, factors))
    found = told(
        run(
            lambda x: np.abs(x).mean() * of[len(x)],
            lambda x: np.sign(x) / x.size * of[len(x)],
        )
    )
    assert bool(names(found)) == named


def of_three(**spoilt):
    """One call with three outputs of nine numbers each, some of them spoilt."""
    value = {name: RNG_OF_THREE[name] for name in "abc"} | spoilt
    return Survey(["three"], [{"value": value, "changed": []}], [], [{}])


RNG_OF_THREE = {name: np.random.RandomState(7).normal(size=(3, 3)) + ord(name) for name in "abc"}


@pytest.mark.parametrize("b, named", [(RNG_OF_THREE["b"] ** 3, ["cubed"]), (np.zeros((3, 3)), [])])
def test_a_thing_that_gives_one_whole_output_looks_like_it(b, named):
    """It is seen in one of three wrong outputs; zeros there would say nothing."""
    solution = units(CHECK, of_three(), False)
    cause = (Cause(MISTAKE, "cubed", "It is cubed."),)
    things = [take_fingerprints(cause, units(CHECK, of_three(b=b), False), solution, ())]
    own = {name: RNG_OF_THREE[name] * np.arange(9).reshape(3, 3) for name in "ac"}
    found = causes(Seen({CHECK: of_three(b=b, **own)}, set()), solution, OfProblem(things=things))
    assert names(found) == named and not any(one.sure for one in found if one.kind == MISTAKE)


def test_numbers_that_are_not_finite_are_a_fact():
    found = told(run(gradient=lambda x: np.full_like(x, np.inf)))
    assert "not_finite" in names(found, "fact")


def of_a_sum(times):
    """Two calls, each with a sum of two terms, the second of which counts some times."""
    outcomes = [
        {"value": {"bound": x.sum(1) - times(len(x)) * (x**2).sum(1)}, "changed": []}
        for x in INPUTS
    ]
    return Survey(["bound"] * 2, outcomes, [], [{"`size`": float(len(x))} for x in INPUTS])


@pytest.mark.parametrize(
    "times, said",
    [
        (lambda n: n, "`size` times"),
        (lambda n: 1 / n, "one divided by `size`"),
        (lambda n: 3, "3"),
        (lambda n: n / 4, "None"),
    ],
)
def test_a_term_that_counts_otherwise_is_seen_by_the_one_that_is_left_out(times, said):
    solution = units(CHECK, of_a_sum(lambda n: 1), False)
    cause = (Cause(CHANGE, "term_left_out", "A term is left out."),)
    things = [take_fingerprints(cause, units(CHECK, of_a_sum(lambda n: 0), False), solution, ())]
    seen = Seen({CHECK: of_a_sum(times)}, set())
    named = [one for one in causes(seen, solution, OfProblem(things=things)) if one.level == 3]
    if said == "None":  # one call is right by it, and the factor of the other is no quantity
        assert named == []
    else:
        (found,) = named
        assert found.slug == "term_counted_otherwise" and said in found.text and not found.sure


def test_a_term_that_counts_by_a_size_is_right_where_the_size_is_one():
    """Of three calls one has a single row: there the term counts as it should."""
    inputs = [RNG.normal(size=(size, 3)) for size in (1, 3, 5)]

    def seen(times):
        outcomes = [
            {"value": {"bound": x.sum() - times(len(x)) * (x**2).sum()}, "changed": []}
            for x in inputs
        ]
        return Survey(["f"] * 3, outcomes, [], [{"`size`": float(len(x))} for x in inputs])

    solution = units(CHECK, seen(lambda n: 1), False)
    cause = (Cause(CHANGE, "term_left_out", "A term is left out."),)
    left_out = units(CHECK, seen(lambda n: 0), False)
    things = [take_fingerprints(cause, left_out, solution, ())]
    found = causes(Seen({CHECK: seen(lambda n: n)}, set()), solution, OfProblem(things=things))
    (text,) = [one.text for one in found if one.level == 3]
    assert "`size` times" in text


@pytest.mark.parametrize("power, named", [(2, ["spoilt"]), (5, [])])
def test_a_thing_that_leaves_one_output_right_looks_like_it(power, named):
    """All that is wrong must be as recorded; `a` would be wrong too, and is right."""
    solution = units(CHECK, of_three(), False)
    wrong = {name: RNG_OF_THREE[name] ** 2 for name in "bc"}
    cause = (Cause(MISTAKE, "spoilt", "It is spoilt."),)
    spoilt = units(CHECK, of_three(a=RNG_OF_THREE["a"] ** 3, **wrong), False)
    things = [take_fingerprints(cause, spoilt, solution, ())]
    came = of_three(b=wrong["b"], c=RNG_OF_THREE["c"] ** power)
    found = causes(Seen({CHECK: came}, set()), solution, OfProblem(things=things))
    assert names(found) == named and not any(one.sure for one in found if one.kind == MISTAKE)


def test_single_numbers_are_tried_with_functions_too():
    pairs = [(4.03, 1 / 4.03), (0.31, 1 / 0.31), (15.2, 1 / 15.2)]
    assert offsets_told(*pairs) == ["`loss` is one divided by what was expected."]
    assert offsets_told((0.5, 2.0), (0.25, 4.0), (0.2, 5.0)) == []  # fractions


def test_an_output_without_numbers_costs_no_explanation():
    """Nothing was to be returned in one call; what the others say is told all the same."""
    right = [np.arange(3.0) + 0.5, np.zeros(0), np.arange(4.0) + 0.5]
    outcomes = [[{"value": {"y": k * y}, "changed": []} for y in right] for k in (1, -1)]
    solution, seen = (Survey(["y"] * 3, one, [], [{}] * 3) for one in outcomes)
    found = causes(Seen({CHECK: seen}, set()), units(CHECK, solution, False), OfProblem())
    assert "factor" in names(found, "relation")


def told_of(came, expected, given=({},)):
    """What is told of one output of some calls, as relations."""
    right, seen = ([{"value": {"y": one}, "changed": []} for one in of] for of in (expected, came))
    probes, sizes = ["y"] * len(came), [quantities(one) for one in given]
    solution = units(CHECK, Survey(probes, right), False)
    surveyed = Survey(probes, seen, [], sizes, list(given))
    found = causes(Seen({CHECK: surveyed}, set()), solution, OfProblem())
    return {one.slug: one.text for one in found if one.kind == "relation"}


def test_a_step_of_another_length_is_told_from_where_it_began():
    start, step = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
    text = told_of([start - 6 * step], [start + step], [{"weights": start}])["moved"]
    assert "-6 times as far from the input `weights`" in text
    assert "moved" not in told_of([start + step**2], [start + step], [{"weights": start}])


def test_the_only_wrong_number_is_named_by_the_settings():
    given = [{"probe": 4, "tune": 7}, {"probe": 6, "tune": 2}]
    right = [RNG.normal(size=(3, 3)) for _ in given]
    came = [one.copy() for one in right]
    for one, chosen in zip(came, given):
        one[1, 1] = chosen["probe"] + chosen["tune"]
    text = told_of(came, right, given)["one_place"]
    assert "right except at [1, 1]; there it is `probe` plus `tune`" in text


def test_one_factor_is_named_by_a_setting_and_never_by_a_size():
    x = RNG.normal(size=(3, 5))
    assert "That is one divided by `scale`" in told_of([x / 1.7], [x], [{"scale": 1.7}])["factor"]
    assert "That is" not in told_of([x / 3], [x], [{"x": x}])["factor"]


def test_rows_that_sum_to_one_are_probabilities():
    x = RNG.normal(size=(4, 5))
    soft = np.exp(x * 3 + x**2) / np.exp(x * 3 + x**2).sum(-1, keepdims=True)
    assert "probabilities" in told_of([soft], [x]) and "log_probabilities" in told_of(
        [np.log(soft)], [x]
    )
    assert "probabilities" not in told_of([soft], [soft[::-1] ** 1.0])


def test_whole_numbers_have_orders_too():
    assert "reversed" in told_of([[33, 21], [40, 8]], [[21, 33], [8, 40]], [{}, {}])


def test_a_size_tells_calls_apart_where_it_is_none_or_one():
    """That calls of three rows are wrong says nothing; that those of one row are says much."""

    def told_where(sizes, wrong):
        given = [{"x": np.zeros(size)} for size in sizes]
        right = [{"value": {"y": RNG.normal(size=9)}, "changed": []} for _ in sizes]
        came = [
            {"value": {"y": np.cos(one["value"]["y"]) if bad else one["value"]["y"]}, "changed": []}
            for one, bad in zip(right, wrong)
        ]
        chosen = [settings(one) for one in given]
        seen = Survey(["y"] * len(sizes), came, [], [{}] * len(sizes), given, chosen)
        solution = units(CHECK, Survey(["y"] * len(sizes), right), False)
        found = causes(Seen({CHECK: seen}, set()), solution, OfProblem())
        return [one.text for one in found if one.slug == "wrong_where"]

    assert told_where((3, 3, 5), (True, True, False)) == []
    assert len(told_where((1, 1, 5), (True, True, False))) == 1


def test_a_single_number_that_is_free_has_a_size_all_the_same():
    solution = {f"{CHECK}/0/typical": 0.5, f"{CHECK}/0/rank": 3}
    cause = (Cause(MISTAKE, "constant", "All numbers begin alike."),)
    constant = take_fingerprints(cause, solution | {f"{CHECK}/0/rank": 1}, solution, ())
    band = of_free_numbers({f"{CHECK}/0/typical": 0.2}, [f"{CHECK}/0/typical"])
    constant.bands = {key: np.array([one, one], np.float32) for key, one in band.items()}
    fits = [
        may_be(constant, of_free_numbers({f"{CHECK}/0/typical": size}, band)) for size in (0.7, 2e5)
    ]
    assert fits == [True, False]


def test_sizes_that_do_not_fit_are_told():
    text = (
        "The size of tensor a (5) must match the size of tensor b (9) at non-singleton dimension 3"
    )
    said = meaning({"kind": "raised", "type": "RuntimeError", "text": text}).text
    assert "Along axis 3 one has 5 places and the other 9" in said
    text = "mat1 and mat2 shapes cannot be multiplied (6x7 and 5x3)"
    assert "[6, 7]" in meaning({"kind": "raised", "type": "RuntimeError", "text": text}).text


def test_a_survey_passes_advice_over():
    """It is no call: what it asks was asked with the verdict."""

    def check(student):
        student.advise("a text", "probe", 1)
        student.probe(1)

    outcome = {"value": 1, "changed": []}
    seen = survey(check, [("probe", outcome)], None, [outcome], {})
    assert seen.probes == ["probe"]


def test_accuracies_in_a_check_of_gradients_are_no_gradients():
    """No gradient reaches what is zero there, but for shares such as accuracies."""
    key = "test_made_up::test_gradient"

    def seen(**value):
        return Survey(["f"], [{"value": value, "changed": []}], [], [{}])

    right = {"accuracies": np.array([0.5, 0.75]), "by_rates": 0.731}
    solution = units(key, seen(**right), False)
    came = seen(accuracies=np.zeros(2), by_rates=0.0)
    found = causes(Seen({key: came}, set()), solution, OfProblem())
    text = {one.slug: one.text for one in found}["gradient_zero"]
    assert "`by_rates`" in text and "accuracies" not in text
