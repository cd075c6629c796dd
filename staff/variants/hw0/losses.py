"""Other right ways to do problem 3."""
# ruff: noqa: F821  (other names of the master are there when the body takes a hole's place)

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import variant


@variant("3a")
def ranking_other_sign(positive, negative):
    """1 - sigmoid(x) is sigmoid(-x)."""
    return torch.mean(torch.sigmoid(negative - positive))


@variant("3a")
def ranking_one_less_the_mean(positive, negative):
    """The mean first."""
    return 1 - (positive - negative).sigmoid().mean()


@variant("3a")
def ranking_by_tanh(positive, negative):
    """A sigmoid is a tanh."""
    return (0.5 - 0.5 * torch.tanh((positive - negative) / 2)).mean()


@variant("3a")
def ranking_by_softmax(positive, negative):
    """The share that the drawn item gets of two."""
    both = torch.stack([positive, negative], dim=1)
    return both.softmax(1)[:, 1].mean()


@variant("3a")
def ranking_by_loop(positive, negative):
    """Pair by pair."""
    total = 0.0
    for p, n in zip(positive, negative):
        total = total + (1 - torch.sigmoid(p - n))
    return total / len(positive)


@variant("3a")
def ranking_by_log(positive, negative):
    """Through the stable logarithm, in double precision."""
    return torch.exp(F.logsigmoid(negative.double() - positive.double())).sum() / positive.shape[0]


@variant("3b")
def rating_by_hand(predicted, ratings):
    """Squared and averaged."""
    return ((predicted - ratings) ** 2).mean()


@variant("3b")
def rating_by_module(predicted, ratings):
    """torch's module."""
    return torch.nn.MSELoss()(predicted, ratings)


@variant("3b")
def rating_other_way_round(predicted, ratings):
    """Arguments exchanged, which changes nothing."""
    return F.mse_loss(ratings, predicted)


@variant("3b")
def rating_by_product(predicted, ratings):
    """A scalar product of the error with itself."""
    error = ratings.to(predicted.dtype) - predicted
    return error @ error / error.numel()


@variant("3b")
def rating_in_double(predicted, ratings):
    """In double precision, one number in a row."""
    return torch.square(predicted.double() - ratings.double()).mean().reshape(1)


@variant("3b")
def rating_by_norm(predicted, ratings):
    """The norm, squared."""
    return torch.linalg.vector_norm(predicted - ratings).pow(2) / len(ratings)


@variant("3c")
def joint_in_one_call(net, users, items, ratings, negatives, weights):
    """Watched and drawn items in one batch."""
    logits, predicted = net(torch.cat([users, users]), torch.cat([items, negatives]))
    positive, negative = logits.chunk(2)
    ranking = ranking_loss(positive, negative)
    rating = rating_loss(predicted[: len(users)], ratings)
    first, second = weights
    return first * ranking + second * rating, ranking, rating


@variant("3c")
def joint_by_hand(net, users, items, ratings, negatives, weights):
    """Without the functions of 3a and 3b."""
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking = (1 - torch.sigmoid(positive - negative)).mean()
    rating = F.mse_loss(predicted, ratings)
    return ranking * weights[0] + rating * weights[1], ranking, rating


@variant("3c")
def joint_by_tensor(net, users, items, ratings, negatives, weights):
    """A scalar product of tensors; a list."""
    positive, predicted = net(users, items)
    parts = torch.stack(
        [ranking_loss(positive, net(users, negatives)[0]), rating_loss(predicted, ratings)]
    )
    return [(parts * torch.tensor(weights)).sum(), parts[0], parts[1]]


@variant("3c")
def joint_by_zip(net, users, items, ratings, negatives, weights):
    """A sum over pairs of weight and loss; drawn items first."""
    negative = net(users, negatives)[0]
    positive, predicted = net(users, items)
    losses = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    print("joint loss", [loss.item() for loss in losses])
    return sum(w * loss for w, loss in zip(weights, losses)), *losses


@variant("3c")
def joint_half_by_hand(net, users, items, ratings, negatives, weights):
    """A net that is asked three times, keyword arguments."""
    positive = net(users, items)[0]
    negative = net(users, negatives)[0]
    predicted = net(users, items)[1]
    ranking = ranking_loss(positive=positive, negative=negative)
    rating = rating_loss(predicted=predicted, ratings=ratings)
    loss = weights[0] * ranking
    loss = loss + weights[1] * rating
    return loss, ranking, rating
