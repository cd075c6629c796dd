"""Wrong ways to merge task vectors."""

import torch

from staff.authoring.catalogue import mistake


def _interference(vectors):
    moved = vectors.abs().sum()
    return 1 - vectors.sum(0).abs().sum() / moved if moved > 0 else torch.zeros(())


def _trimmed(vectors, keep):
    count = round(keep * vectors.shape[1])
    least = vectors.abs().topk(count, dim=1).values[:, -1:]
    return torch.where(vectors.abs() >= least, vectors, 0.0)


def _agreeing(left, sign):
    agreeing = left * (left.sign() == sign)
    return agreeing.sum(0) / (agreeing != 0).sum(0).clamp(min=1)


def _merged(vectors, keep):
    left = _trimmed(vectors, keep)
    return _agreeing(left, left.sum(0).sign())


@mistake("X2")
def trimmed_over_all_tasks(vectors, keep):
    """The largest numbers of all tasks together are kept.

    A task whose numbers are small may lose all of them.
    """
    count = round(keep * vectors.numel())
    least = vectors.abs().flatten().topk(count).values[-1]
    left = torch.where(vectors.abs() >= least, vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(vectors)


@mistake("X2")
def trimmed_by_signed_value(vectors, keep):
    """The largest numbers are found with their signs.

    A number far below zero counts as small and is dropped.
    """
    least = vectors.topk(round(keep * vectors.shape[1]), dim=1).values[:, -1:]
    left = torch.where(vectors >= least, vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(vectors)


@mistake("X2")
def smallest_kept(vectors, keep):
    """Each task keeps its smallest numbers.

    What tuning has changed most is dropped.
    """
    count = round(keep * vectors.shape[1])
    most = vectors.abs().topk(count, dim=1, largest=False).values[:, -1:]
    left = torch.where(vectors.abs() <= most, vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(vectors)


@mistake("X2")
def share_dropped(vectors, keep):
    """The share that should be kept is dropped.

    With half of the numbers kept it makes no difference; with a fifth, four fifths stay.
    """
    count = max(1, vectors.shape[1] - round(keep * vectors.shape[1])) if keep < 1 else None
    least = vectors.abs().topk(count or vectors.shape[1], dim=1).values[:, -1:]
    left = torch.where(vectors.abs() >= least, vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(vectors)


@mistake("X2")
def nothing_trimmed(vectors, keep):
    """No number is trimmed.

    The result does not depend on the share that should be kept.
    """
    return _agreeing(vectors, vectors.sum(0).sign()), _interference(vectors)


@mistake("X2")
def elected_by_majority(vectors, keep):
    """The sign of a place is the one that more tasks have.

    Two tasks that moved a little outvote one that moved a lot; the sum of the numbers decides in TIES.
    """
    left = _trimmed(vectors, keep)
    return _agreeing(left, left.sign().sum(0).sign()), _interference(vectors)


@mistake("X2")
def elected_before_trimming(vectors, keep):
    """Numbers that are trimmed away still vote for the sign.

    A place may get a sign that no number left there has.
    """
    return _agreeing(_trimmed(vectors, keep), vectors.sum(0).sign()), _interference(vectors)


@mistake("X2")
def nothing_elected(vectors, keep):
    """Numbers of both signs go into the mean.

    Tasks that pull in opposite directions cancel, which the election of signs is there to prevent.
    """
    left = _trimmed(vectors, keep)
    return left.sum(0) / (left != 0).sum(0).clamp(min=1), _interference(vectors)


@mistake("X2")
def divided_by_all_tasks(vectors, keep):
    """The sum of the numbers that agree is divided by the number of tasks.

    A place that one task alone has moved shrinks as more tasks are merged.
    """
    left = _trimmed(vectors, keep)
    agreeing = left * (left.sign() == left.sum(0).sign())
    return agreeing.sum(0) / len(vectors), _interference(vectors)


@mistake("X2")
def sum_of_those_who_agree(vectors, keep):
    """The numbers that agree are summed; their mean is asked for.

    Two tasks that agree everywhere move the model twice as far as either wanted.
    """
    left = _trimmed(vectors, keep)
    return (left * (left.sign() == left.sum(0).sign())).sum(0), _interference(vectors)


@mistake("X2")
def weighted_by_size(vectors, keep):
    """The mean of the numbers that agree is weighted by their size.

    The task with the largest number decides nearly alone.
    """
    left = _trimmed(vectors, keep)
    agreeing = left * (left.sign() == left.sum(0).sign())
    total = agreeing.abs().sum(0)
    mean = (agreeing * agreeing.abs()).sum(0) / torch.where(total > 0, total, 1.0)
    return mean, _interference(vectors)


@mistake("X2")
def minority_merged(vectors, keep):
    """The numbers that lost the election are merged.

    The merged model moves against the sum of its tasks wherever they disagree.
    """
    left = _trimmed(vectors, keep)
    return _agreeing(left, -left.sum(0).sign()), _interference(vectors)


@mistake("X2")
def interference_after_trimming(vectors, keep):
    """The interference is that of the trimmed vectors.

    With everything kept it is right.
    """
    return _merged(vectors, keep), _interference(_trimmed(vectors, keep))


@mistake("X2")
def interference_of_places(vectors, keep):
    """The interference is the share of places at which signs differ.

    A place where two tiny numbers disagree counts as much as one where large ones do.
    """
    differ = (vectors > 0).any(0) & (vectors < 0).any(0)
    return _merged(vectors, keep), differ.float().mean()


@mistake("X2")
def interference_of_lengths(vectors, keep):
    """The interference compares Euclidean lengths.

    Vectors that move different numbers seem to interfere, though nothing cancels.
    """
    lengths = vectors.norm(dim=1).sum()
    shorter = 1 - vectors.sum(0).norm() / lengths if lengths > 0 else torch.zeros(())
    return _merged(vectors, keep), shorter


@mistake("X2")
def what_is_left(vectors, keep):
    """What is left of the movement is returned, not what cancels.

    Vectors that agree everywhere get 1.
    """
    moved = vectors.abs().sum()
    left = vectors.sum(0).abs().sum() / moved if moved > 0 else torch.zeros(())
    return _merged(vectors, keep), left


@mistake("X2")
def whole_sum_in_the_interference(vectors, keep):
    """All places are summed before the absolute value is taken.

    Movements at different places cancel as well, though they are in nobody's way.
    """
    moved = vectors.abs().sum()
    found = 1 - vectors.sum().abs() / moved if moved > 0 else torch.zeros(())
    return _merged(vectors, keep), found


@mistake("X2")
def nothing_moved_is_undefined(vectors, keep):
    """Where nothing moved the interference is 0/0.

    Zero is expected there.
    """
    return _merged(vectors, keep), 1 - vectors.sum(0).abs().sum() / vectors.abs().sum()


@mistake("X2")
def trimmed_in_place(vectors, keep):
    """The trimmed numbers are written into the caller's vectors.

    A second merge of the same vectors, with more kept, finds them gone.
    """
    found = _interference(vectors)
    least = vectors.abs().topk(round(keep * vectors.shape[1]), dim=1).values[:, -1:]
    vectors[vectors.abs() < least] = 0.0
    return _merged(vectors, 1.0), found
