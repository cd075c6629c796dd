"""The imports of handed-in files: all of them are found, by the names of modules."""

from importlib import metadata

from autograder.run import imports
from common import homework as homeworks
from common.kit.shadows import PACKAGES

HOMEWORK = homeworks.load("hw1")
BROKEN = "x = (\n\nimport numpy, helpers as h\nfrom hw1 import tools\nfrom .near import (one,\n"


def test_every_import_of_a_file_that_cannot_be_parsed_is_found():
    assert imports.imports_of(BROKEN, None) == [
        ("numpy", 3),
        ("helpers", 3),
        ("hw1", 4),
        ("hw1.tools", 4),
        (".near", 5),
    ]


def test_a_line_too_deep_to_be_parsed_names_its_first_module():
    assert imports.imports_of(f"import helpers; x = {'-' * 100_000}1\n", None) == [("helpers", 1)]


def test_what_pip_calls_a_package_is_no_module():
    assert imports.unknown(["PIL.Image", "markdown_it", "pyparsing"], HOMEWORK) == []
    assert imports.unknown(["pillow", "torch"], HOMEWORK) == ["pillow"]


def test_the_modules_that_a_file_may_not_hide_are_those_of_the_requirements():
    owners = metadata.packages_distributions()
    required = {name.casefold() for name in imports.required_packages(homeworks.ROOT)}
    own = {name.casefold().replace("_", "-") for module in PACKAGES for name in owners[module]}
    assert own - {"markupsafe"} == required  # jinja2 brings it along, and the kit names it
