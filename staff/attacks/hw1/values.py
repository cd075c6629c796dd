"""Values that lie about themselves: the parent compares plain data of exact types."""

import torch

from staff.authoring.hostile import attack


@attack("2a", told="Liar")
def equal_to_everything(self, images, labels):
    """An object that says it equals whatever it is compared with."""

    class Liar:
        shape, requires_grad = labels.shape, True

        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

        __hash__ = None

    return Liar()


@attack("2a", told="Spoof|no gradient|should be a torch.Tensor")
def spoofed_class(self, images, labels):
    """An object whose `__class__` says it is a tensor."""

    class Spoof:
        @property
        def __class__(self):
            return torch.Tensor

        requires_grad = True

    return Spoof()


@attack("2a", told="Agreeable")
def agreeable_tensor(self, images, labels):
    """A subclass of tensor that answers every comparison with yes."""

    class Agreeable(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if function in (torch.allclose, torch.equal, torch.Tensor.__eq__):
                return True
            return super().__torch_function__(function, types, args, kwargs or {})

    return (labels * 1.0).as_subclass(Agreeable)


@attack("2a", told="nan|finite|moved")
def not_a_number(self, images, labels):
    """NaN is not greater than any tolerance."""
    return labels * float("nan") + 0 * self.head.weight.sum()


@attack("2a", told="shape")
def empty_result(self, images, labels):
    """All of nothing is close to everything."""
    return torch.empty(0, requires_grad=True)


@attack("2a", told="shape")
def one_number_for_all(self, images, labels):
    """A number that would be broadcast."""
    return torch.zeros(1, requires_grad=True)


@attack("2a", told="Giant|63 bits|should be a torch.Tensor")
def number_of_a_million_digits(self, images, labels):
    """An integer that takes minutes to print or to parse."""
    return 10 ** (10**6)


@attack("2a", told="should be a torch.Tensor")
def list_within_itself(self, images, labels):
    """A list that never ends."""
    endless = []
    endless.append(endless)
    return endless


@attack("2a", told="nested deeper|differ|shape|no form")
def endless_value_past_the_probe(self, images, labels):
    """The same, put past the probe's own look at the type."""
    import sys

    endless = []
    endless.append(endless)
    probes = sys.modules["probes.hw1"]
    probes.tensor = lambda value, name: endless
    return labels


@attack("2a", told="too large|shape|MemoryError")
def answer_of_a_gigabyte(self, images, labels):
    """An answer meant to fill the grader's memory."""
    return torch.zeros(1).expand(2**28)


@attack("2a", told="differ|expected|no gradient")
def inputs_echoed(self, images, labels):
    """What was asked, as the answer."""
    return labels + 0 * self.head.weight.sum()


@attack("2a", told="cannot be read|Unprintable")
def unprintable_exception(self, images, labels):
    """An exception whose text is another exception, and whose name is an escape sequence."""

    def text(self):
        raise SystemExit(0)

    raise type("\x1b[2JUnprintable", (Exception,), {"__str__": text})


@attack("2a", told="ValueError")
def exception_of_ten_megabytes(self, images, labels):
    """A message meant to fill the report, with control characters and markup."""
    raise ValueError("\x1b[32m<script>alert(1)</script>[bold]PASSED[/bold]\r\x00" + "x" * 10**7)


@attack("2a", told="SkipTest")
def skipped_test(self, images, labels):
    """The exception that makes a test vanish from a count."""
    import unittest

    raise unittest.SkipTest("nothing to see")


@attack("2a", told="SystemExit")
def exit_with_success(self, images, labels):
    """A program that ends well must have passed."""
    import sys

    sys.exit(0)


@attack("2a", told="is still empty|raised|differ")
def stub_of_another_problem(self, images, labels):
    """Says that another problem is empty, so that checks after it are not run."""
    raise NotImplementedError("hw1 1: sample_task")


@attack("2a", told="dtype|differ|expected|no gradient")
def numbers_of_another_kind(self, images, labels):
    """Complex numbers, which have no order and so are never too large."""
    return labels * (0.0 + 0.0j)


@attack("2a", told="raised|ended in the middle|differ|no gradient|no numbers")
def tensor_without_numbers(self, images, labels):
    """A tensor on a device that keeps shapes and nothing else."""
    return torch.zeros(labels.shape, device="meta", requires_grad=True)
