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
def trimmed_over_all_tasks(task_vectors, density):
    """The largest numbers of all tasks together are kept.

    A task whose numbers are small may lose all of them.
    """
    count = round(density * task_vectors.numel())
    least = task_vectors.abs().flatten().topk(count).values[-1]
    left = torch.where(task_vectors.abs() >= least, task_vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def trimmed_by_signed_value(task_vectors, density):
    """The largest numbers are found with their signs.

    A large negative number counts as small and is dropped.
    """
    least = task_vectors.topk(round(density * task_vectors.shape[1]), dim=1).values[:, -1:]
    left = torch.where(task_vectors >= least, task_vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def smallest_kept(task_vectors, density):
    """Each task keeps its smallest numbers.

    What tuning has changed most is dropped.
    """
    count = round(density * task_vectors.shape[1])
    most = task_vectors.abs().topk(count, dim=1, largest=False).values[:, -1:]
    left = torch.where(task_vectors.abs() <= most, task_vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def share_dropped(task_vectors, density):
    """The share that should be kept is dropped.

    With half of the numbers kept it makes no difference; with a fifth, four fifths stay.
    """
    count = (
        max(1, task_vectors.shape[1] - round(density * task_vectors.shape[1]))
        if density < 1
        else None
    )
    least = task_vectors.abs().topk(count or task_vectors.shape[1], dim=1).values[:, -1:]
    left = torch.where(task_vectors.abs() >= least, task_vectors, 0.0)
    return _agreeing(left, left.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def nothing_trimmed(task_vectors, density):
    """No number is trimmed.

    The result does not depend on the share that should be kept.
    """
    return _agreeing(task_vectors, task_vectors.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def elected_by_majority(task_vectors, density):
    """The sign at a place is the one that more tasks have.

    Two small numbers then outvote a large one; in TIES the sum of the numbers decides.
    """
    left = _trimmed(task_vectors, density)
    return _agreeing(left, left.sign().sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def elected_before_trimming(task_vectors, density):
    """Numbers that are trimmed away still vote for the sign.

    A place may get a sign that no number left there has.
    """
    return _agreeing(_trimmed(task_vectors, density), task_vectors.sum(0).sign()), _interference(
        task_vectors
    )


@mistake("X2")
def nothing_elected(task_vectors, density):
    """Numbers of both signs go into the mean.

    Tasks that pull in opposite directions cancel, which the election of signs is there to prevent.
    """
    left = _trimmed(task_vectors, density)
    return left.sum(0) / (left != 0).sum(0).clamp(min=1), _interference(task_vectors)


@mistake("X2")
def divided_by_all_tasks(task_vectors, density):
    """The sum of the numbers that agree is divided by the number of tasks.

    A number that only one task has changed shrinks as more tasks are merged.
    """
    left = _trimmed(task_vectors, density)
    agreeing = left * (left.sign() == left.sum(0).sign())
    return agreeing.sum(0) / len(task_vectors), _interference(task_vectors)


@mistake("X2")
def sum_of_those_who_agree(task_vectors, density):
    """The numbers that agree are summed; their mean is asked for.

    Two tasks with equal vectors move the model twice as far as each alone.
    """
    left = _trimmed(task_vectors, density)
    return (left * (left.sign() == left.sum(0).sign())).sum(0), _interference(task_vectors)


@mistake("X2")
def weighted_by_size(task_vectors, density):
    """The mean of the numbers that agree is weighted by their size.

    The task with the largest number decides almost alone.
    """
    left = _trimmed(task_vectors, density)
    agreeing = left * (left.sign() == left.sum(0).sign())
    total = agreeing.abs().sum(0)
    mean = (agreeing * agreeing.abs()).sum(0) / torch.where(total > 0, total, 1.0)
    return mean, _interference(task_vectors)


@mistake("X2")
def minority_merged(task_vectors, density):
    """The numbers that lost the election are merged.

    The merged model moves against the sum of its tasks wherever they disagree.
    """
    left = _trimmed(task_vectors, density)
    return _agreeing(left, -left.sum(0).sign()), _interference(task_vectors)


@mistake("X2")
def interference_after_trimming(task_vectors, density):
    """The interference is that of the trimmed vectors.

    With everything kept it is right.
    """
    return _merged(task_vectors, density), _interference(_trimmed(task_vectors, density))


@mistake("X2")
def interference_of_places(task_vectors, density):
    """The interference is the share of places at which signs differ.

    A place where two tiny numbers disagree counts as much as a place where two large ones do.
    """
    differ = (task_vectors > 0).any(0) & (task_vectors < 0).any(0)
    return _merged(task_vectors, density), differ.float().mean()


@mistake("X2")
def interference_of_lengths(task_vectors, density):
    """The interference compares Euclidean lengths.

    Vectors that move different numbers seem to interfere, though nothing cancels.
    """
    lengths = task_vectors.norm(dim=1).sum()
    shorter = 1 - task_vectors.sum(0).norm() / lengths if lengths > 0 else torch.zeros(())
    return _merged(task_vectors, density), shorter


@mistake("X2")
def what_is_left(task_vectors, density):
    """What is left of the movement is returned, not what cancels.

    Vectors whose signs all agree get 1.
    """
    moved = task_vectors.abs().sum()
    left = task_vectors.sum(0).abs().sum() / moved if moved > 0 else torch.zeros(())
    return _merged(task_vectors, density), left


@mistake("X2")
def whole_sum_in_the_interference(task_vectors, density):
    """All places are summed before the absolute value is taken.

    Numbers at different places cancel as well, though they do not conflict.
    """
    moved = task_vectors.abs().sum()
    found = 1 - task_vectors.sum().abs() / moved if moved > 0 else torch.zeros(())
    return _merged(task_vectors, density), found


@mistake("X2")
def nothing_moved_is_undefined(task_vectors, density):
    """Where nothing moved the interference is 0/0.

    It should be zero.
    """
    return _merged(task_vectors, density), 1 - task_vectors.sum(
        0
    ).abs().sum() / task_vectors.abs().sum()


@mistake("X2")
def trimmed_in_place(task_vectors, density):
    """The trimmed numbers are written into the caller's vectors.

    A second merge of the same vectors, which keeps more of them, does not find those numbers.
    """
    found = _interference(task_vectors)
    least = task_vectors.abs().topk(round(density * task_vectors.shape[1]), dim=1).values[:, -1:]
    task_vectors[task_vectors.abs() < least] = 0.0
    return _merged(task_vectors, 1.0), found
