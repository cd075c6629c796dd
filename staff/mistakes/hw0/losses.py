"""Wrong ways to do problem 3."""
# ruff: noqa: F821  (other names of the master are there when the body takes a hole's place)

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake


@mistake("3a")
def ranking_with_a_logarithm(positive, negative):
    """The loss is BPR's own: with a logarithm of the sigmoid.

    It grows without bound for pairs that are very wrong. This homework's loss stays below 1.
    """
    return -F.logsigmoid(positive - negative).mean()


@mistake("3a")
def ranking_reversed(positive, negative):
    """The loss grows as the ranking gets better.

    It falls when the drawn item ranks above the watched one, so that training makes the ranking
    worse. Try a watched item with a large logit.
    """
    return (1 - torch.sigmoid(negative - positive)).mean()


@mistake("3a")
def ranking_summed(positive, negative):
    """The pairs' losses are summed.

    The loss grows with the size of the batch, and its weight against the ratings with it.
    """
    return (1 - torch.sigmoid(positive - negative)).sum()


@mistake("3a")
def ranking_of_the_mean_margin(positive, negative):
    """The margins are averaged before the sigmoid.

    One pair with a huge margin then hides many wrong pairs. For a single pair the value is right.
    """
    return 1 - torch.sigmoid((positive - negative).mean())


@mistake("3a")
def ranking_of_two_sigmoids(positive, negative):
    """Each logit goes through its own sigmoid.

    Adding the same number to both logits changes the loss. Only their difference should count.
    """
    return (1 - torch.sigmoid(positive) + torch.sigmoid(negative)).mean() / 2


@mistake("3a")
def ranking_hinge(positive, negative):
    """The loss is a hinge: zero beyond a margin, straight below it.

    Pairs that are right by more than the margin have no gradient, and very wrong pairs count most.
    """
    return (1 - (positive - negative)).clamp_min(0).mean()


@mistake("3a")
def ranking_counts(positive, negative):
    """The loss counts the pairs in the wrong order.

    The number is nearly right, but it has no gradient: nothing can be learned from it.
    """
    wrong = (positive <= negative).float().mean()
    return wrong + 0 * positive.sum()


@mistake("3a")
def ranking_negative_cut(positive, negative):
    """The drawn items carry no gradient.

    The value is right, but training only raises watched items and lowers nothing.
    """
    return (1 - torch.sigmoid(positive - negative.detach())).mean()


@mistake("3a")
def ranking_every_pair_of_the_batch(positive, negative):
    """Each watched item is compared with every drawn item of the batch.

    Logits of different users are compared. With a batch of one the value is right.
    """
    return (1 - torch.sigmoid(positive[:, None] - negative)).mean()


@mistake("3a")
def ranking_overflows(positive, negative):
    """The sigmoid is computed from powers of e, and overflows for large margins.

    Margins of -100 give inf divided by inf. Look for nan late in training.
    """
    power = torch.exp(negative - positive)
    return (power / (1 + power)).mean()


@mistake("3a")
def ranking_one_per_pair(positive, negative):
    """One loss for each pair is returned, not their mean.

    The loss has the shape of the batch. Print it.
    """
    return 1 - torch.sigmoid(positive - negative)


@mistake("3a")
def ranking_margin_clamped(positive, negative):
    """The margin is cut off before the sigmoid.

    Pairs whose logits differ by more than the bound have no gradient, even if their order is wrong:
    they never improve.
    """
    return (1 - torch.sigmoid((positive - negative).clamp(-7, 7))).mean()


@mistake("3b")
def rating_summed(predicted, ratings):
    """The squared errors are summed.

    The loss grows with the size of the batch, and its weight against the ranking with it.
    """
    return F.mse_loss(predicted, ratings, reduction="sum")


@mistake("3b")
def rating_absolute(predicted, ratings):
    """The loss is the mean absolute error.

    Twice the error gives twice the loss; it should give four times the loss.
    """
    return (predicted - ratings).abs().mean()


@mistake("3b")
def rating_root(predicted, ratings):
    """The root of the mean squared error is returned.

    Its gradient is scaled by the error of the whole batch.
    """
    return F.mse_loss(predicted, ratings).sqrt()


@mistake("3b")
def rating_halved(predicted, ratings):
    """The loss is half of the mean squared error.

    The gradient is half as long, which a weight of the joint loss would hide.
    """
    return ((predicted - ratings) ** 2).mean() / 2


@mistake("3b")
def rating_of_the_mean_error(predicted, ratings):
    """The errors are averaged before they are squared.

    Errors of opposite sign cancel. A constant prediction of the mean would have no loss at all.
    """
    return (predicted - ratings).mean() ** 2


@mistake("3b")
def rating_rounded(predicted, ratings):
    """The predictions are rounded to whole stars.

    The value is nearly right, but rounding has no gradient.
    """
    return F.mse_loss(predicted.round(), ratings)


@mistake("3b")
def rating_clamped(predicted, ratings):
    """The predictions are cut to the range from 1 to 5.

    Outside this range nothing is learned, even if the prediction is wrong.
    """
    return F.mse_loss(predicted.clamp(1, 5), ratings)


@mistake("3b")
def rating_every_pair_of_the_batch(predicted, ratings):
    """Each prediction is compared with the stars of every pair of the batch.

    The best constant would be the best prediction. With a batch of one the value is right.
    """
    return ((predicted[:, None] - ratings) ** 2).mean()


@mistake("3b")
def rating_smooth(predicted, ratings):
    """The loss is quadratic for small errors only.

    Errors of more than one star count too little.
    """
    return F.smooth_l1_loss(predicted, ratings)


@mistake("3b")
def rating_scaled_to_one(predicted, ratings):
    """Predictions and stars are divided by 5 before they are compared.

    The loss is 25 times too small.
    """
    return F.mse_loss(predicted / 5, ratings / 5)


@mistake("3b")
def rating_one_per_pair(predicted, ratings):
    """One loss for each pair is returned, not their mean.

    The loss has the shape of the batch. Print it.
    """
    return (predicted - ratings) ** 2


@mistake("3c")
def joint_weights_exchanged(net, users, items, ratings, negatives, weights):
    """Each weight multiplies the other task's loss.

    With equal weights the value is right. Try (1, 0).
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[1] * ranking + weights[0] * rating, ranking, rating


@mistake("3c")
def joint_unweighted(net, users, items, ratings, negatives, weights):
    """The weights are not used.

    All settings train in the same way. Try (1, 0) and (0, 1).
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return ranking + rating, ranking, rating


@mistake("3c")
def joint_weights_normalised(net, users, items, ratings, negatives, weights):
    """The weights are divided by their sum.

    If the weights sum to 1, you see no difference. Twice the weights should give twice the loss.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    total = (weights[0] * ranking + weights[1] * rating) / sum(weights)
    return total, ranking, rating


@mistake("3c")
def joint_second_weight_from_the_first(net, users, items, ratings, negatives, weights):
    """The rating's weight is computed as 1 minus the ranking's.

    With weights that sum to 1 nothing shows.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + (1 - weights[0]) * rating, ranking, rating


@mistake("3c")
def joint_parts_weighted(net, users, items, ratings, negatives, weights):
    """The two parts are returned with their weights.

    Curves of runs with different weights cannot be compared then.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking = weights[0] * ranking_loss(positive, negative)
    rating = weights[1] * rating_loss(predicted, ratings)
    return ranking + rating, ranking, rating


@mistake("3c")
def joint_parts_exchanged(net, users, items, ratings, negatives, weights):
    """The rating loss is returned before the ranking loss.

    The weighted sum is right, but each curve has the other's name.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, rating, ranking


@mistake("3c")
def joint_parts_cut(net, users, items, ratings, negatives, weights):
    """The two parts are returned without their gradients.

    Their values are right, but the angle between their gradients cannot be measured.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking.detach(), rating.detach()


@mistake("3c")
def joint_stars_for_drawn_items(net, users, items, ratings, negatives, weights):
    """The stars of the watched items are compared with the ratings of the drawn ones.

    The network then learns the mean. Nobody gave stars to a drawn item.
    """
    positive, _ = net(users, items)
    negative, predicted = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_drawn_items_get_no_stars(net, users, items, ratings, negatives, weights):
    """Drawn items are trained to a rating of 0.

    A user who has not watched a film need not dislike it: only watched items have stars.
    """
    positive, predicted = net(users, items)
    negative, other = net(users, negatives)
    ranking = ranking_loss(positive, negative)
    rating = rating_loss(
        torch.cat([predicted, other]), torch.cat([ratings, torch.zeros_like(ratings)])
    )
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_ranking_reversed(net, users, items, ratings, negatives, weights):
    """The ranking loss gets the drawn items as the watched ones.

    Training pushes what was watched to the end of the ranking.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(negative, positive), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_other_users(net, users, items, ratings, negatives, weights):
    """The drawn items are ranked for other users than the watched ones.

    The two logits of a pair then do not belong to the same ranking.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users.roll(1), negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_negative_cut(net, users, items, ratings, negatives, weights):
    """The drawn items are ranked without a gradient.

    It changes no value, but training never lowers a drawn item.
    """
    positive, predicted = net(users, items)
    with torch.no_grad():
        negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_ranks_by_stars(net, users, items, ratings, negatives, weights):
    """The ranking compares predicted stars in place of watch logits.

    The watch output is never trained.
    """
    _, positive = net(users, items)
    _, negative = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(positive, ratings)
    return weights[0] * ranking + weights[1] * rating, ranking, rating


@mistake("3c")
def joint_batch_changed(net, users, items, ratings, negatives, weights):
    """The ratings that the caller passed are changed.

    The next epoch then has other stars in its data. Print them after the call.
    """
    positive, predicted = net(users, items)
    negative, _ = net(users, negatives)
    ranking, rating = ranking_loss(positive, negative), rating_loss(predicted, ratings)
    ratings -= 3
    return weights[0] * ranking + weights[1] * rating, ranking, rating
