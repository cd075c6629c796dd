"""Wrong ways to do problems 1 and 2."""
# ruff: noqa: F821  (other names of the master are there when the body takes a hole's place)

import copy

import torch
from torch import nn

from staff.authoring.catalogue import mistake


def made(num_users, num_items, dim, std):
    tables = Tables(
        nn.Embedding(num_users, dim), nn.Embedding(num_items, dim), nn.Embedding(num_items, 1)
    )
    nn.init.normal_(tables.users.weight, std=std)
    nn.init.normal_(tables.items.weight, std=std)
    nn.init.zeros_(tables.bias.weight)
    return tables


@mistake("1a")
def tables_drawn_by_torchs_default(num_users, num_items, dim, shared):
    """The numbers of the vectors have variance 1, the default of nn.Embedding.

    The logits of untrained tables then have a wide spread; look at their histogram.
    """

    def draw():
        tables = Tables(
            nn.Embedding(num_users, dim), nn.Embedding(num_items, dim), nn.Embedding(num_items, 1)
        )
        nn.init.zeros_(tables.bias.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_variance_taken_for_deviation(num_users, num_items, dim, shared):
    """The standard deviation of the vectors has the value that their variance should have.

    With dim = 32 the numbers are more than five times too small. The length of a drawn vector
    should be about 1.
    """
    watch = made(num_users, num_items, dim, 1 / dim)
    return watch, watch if shared else made(num_users, num_items, dim, 1 / dim)


@mistake("1a")
def tables_scaled_by_their_rows(num_users, num_items, dim, shared):
    """The standard deviation of a table depends on its number of rows.

    It should depend on the length of a vector only. The tables of users and items have different
    standard deviations. Print both.
    """

    def draw():
        tables = made(num_users, num_items, dim, 1.0)
        for table in (tables.users, tables.items):
            nn.init.normal_(table.weight, std=table.weight.shape[0] ** -0.5)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_uniform(num_users, num_items, dim, shared):
    """The vectors come from a uniform distribution.

    No number of a table is larger than a fixed bound. The histogram of a table is flat; it should
    be bell-shaped.
    """

    def draw():
        tables = made(num_users, num_items, dim, 1.0)
        bound = (3 / dim) ** 0.5
        nn.init.uniform_(tables.users.weight, -bound, bound)
        nn.init.uniform_(tables.items.weight, -bound, bound)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_xavier(num_users, num_items, dim, shared):
    """The vectors are drawn by Xavier's rule for linear layers.

    The spread then falls with the number of rows. An embedding is not a linear layer over all its
    rows: it uses one row at a time.
    """

    def draw():
        tables = made(num_users, num_items, dim, 1.0)
        nn.init.xavier_normal_(tables.users.weight)
        nn.init.xavier_normal_(tables.items.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_bias_drawn_too(num_users, num_items, dim, shared):
    """The biases start at random numbers.

    Before training some items already rank above others for everybody. Print the biases of fresh
    tables.
    """

    def draw():
        tables = made(num_users, num_items, dim, dim**-0.5)
        nn.init.normal_(tables.bias.weight, std=dim**-0.5)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_never_shared(num_users, num_items, dim, shared):
    """Both tasks always get their own tables.

    With shared=True there are twice as many parameters as there should be, and neither task learns
    from the other.
    """
    return made(num_users, num_items, dim, dim**-0.5), made(num_users, num_items, dim, dim**-0.5)


@mistake("1a")
def tables_always_shared(num_users, num_items, dim, shared):
    """Both tasks always use the same tables.

    With shared=False there are half as many parameters as there should be. Training with
    --experiment separate-50 and shared-50 gives the same curves.
    """
    watch = made(num_users, num_items, dim, dim**-0.5)
    return watch, watch


@mistake("1a")
def tables_shared_when_separate(num_users, num_items, dim, shared):
    """The two settings are exchanged: shared tables are separate, and separate ones shared.

    Count the parameters of a network of either kind: the shared one has more.
    """
    watch = made(num_users, num_items, dim, dim**-0.5)
    return watch, made(num_users, num_items, dim, dim**-0.5) if shared else watch


@mistake("1a")
def tables_of_items_shared_only(num_users, num_items, dim, shared):
    """When shared, the tasks have the same items and different users.

    What one task learns about a user does not reach the other. Compare the two Tables part by part.
    """
    watch = made(num_users, num_items, dim, dim**-0.5)
    rate = made(num_users, num_items, dim, dim**-0.5)
    if shared:
        rate.items, rate.bias = watch.items, watch.bias
    return watch, rate


@mistake("1a")
def tables_equal_copies(num_users, num_items, dim, shared):
    """The rate tables start as a copy of the watch tables.

    They are separate parameters, but start with the same numbers. Draw the numbers of each table
    independently.
    """
    watch = made(num_users, num_items, dim, dim**-0.5)
    return watch, watch if shared else copy.deepcopy(watch)


@mistake("1a")
def tables_copied_when_shared(num_users, num_items, dim, shared):
    """When shared, each task has a copy of the same tables.

    The copies are equal only until the first training step. Change one of them and look at the
    other.
    """
    watch = made(num_users, num_items, dim, dim**-0.5)
    rate = made(num_users, num_items, dim, dim**-0.5)
    return watch, copy.deepcopy(watch) if shared else rate


@mistake("1a")
def tables_sizes_exchanged(num_users, num_items, dim, shared):
    """The table of users has a row for each item, and the other way round.

    With more users than items, large user ids are out of range; with fewer users there is no error.
    """
    watch = made(num_items, num_users, dim, dim**-0.5)
    return watch, watch if shared else made(num_items, num_users, dim, dim**-0.5)


@mistake("1a")
def tables_bias_of_full_length(num_users, num_items, dim, shared):
    """Each item's bias is a whole vector.

    Added to a logit it would broadcast. Print the shape of the bias of one item.
    """

    def draw():
        tables = made(num_users, num_items, dim, dim**-0.5)
        tables.bias = nn.Embedding(num_items, dim)
        nn.init.zeros_(tables.bias.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_bias_of_users(num_users, num_items, dim, shared):
    """There is a bias for each user, not for each item.

    A user's bias cannot change the order in which the user's items rank.
    """

    def draw():
        tables = made(num_users, num_items, dim, dim**-0.5)
        tables.bias = nn.Embedding(num_users, 1)
        nn.init.zeros_(tables.bias.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_with_a_padding_row(num_users, num_items, dim, shared):
    """Row 0 of a table is a padding row that is never trained.

    The first row keeps its vector forever. Look at its gradient after a backward pass.
    """

    def draw():
        tables = Tables(
            nn.Embedding(num_users, dim, padding_idx=0),
            nn.Embedding(num_items, dim, padding_idx=0),
            nn.Embedding(num_items, 1, padding_idx=0),
        )
        nn.init.normal_(tables.users.weight, std=dim**-0.5)
        nn.init.normal_(tables.items.weight, std=dim**-0.5)
        nn.init.zeros_(tables.bias.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_with_sparse_gradients(num_users, num_items, dim, shared):
    """The tables ask for sparse gradients.

    The first step of Adam fails with an error that says so.
    """

    def draw():
        tables = Tables(
            nn.Embedding(num_users, dim, sparse=True),
            nn.Embedding(num_items, dim, sparse=True),
            nn.Embedding(num_items, 1, sparse=True),
        )
        nn.init.normal_(tables.users.weight, std=dim**-0.5)
        nn.init.normal_(tables.items.weight, std=dim**-0.5)
        nn.init.zeros_(tables.bias.weight)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_cut_to_length_one(num_users, num_items, dim, shared):
    """Vectors longer than 1 are cut to length 1 whenever they are looked up.

    A look-up then changes the table. Compare a row before and after its first use.
    """

    def draw():
        tables = made(num_users, num_items, dim, dim**-0.5)
        tables.users.max_norm = tables.items.max_norm = 1.0
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_frozen(num_users, num_items, dim, shared):
    """Tables that should be trained take no gradient.

    At least one of them is frozen. Some ways to fill an embedding freeze it.
    """

    def fixed(*shape):
        return nn.Embedding.from_pretrained(torch.randn(*shape) * dim**-0.5)

    def draw():
        bias = nn.Embedding.from_pretrained(torch.zeros(num_items, 1))
        return Tables(fixed(num_users, dim), fixed(num_items, dim), bias)

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_from_one_seed(num_users, num_items, dim, shared):
    """Every table is drawn from the same seed.

    User 0 and item 0 have the same vector, and so on down the tables. Print the first rows.
    """

    def draw():
        tables = made(num_users, num_items, dim, 1.0)
        for table in (tables.users, tables.items):
            nn.init.normal_(table.weight, std=dim**-0.5, generator=torch.Generator().manual_seed(0))
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1a")
def tables_of_unit_vectors(num_users, num_items, dim, shared):
    """Every vector is scaled to length one after it was drawn.

    The numbers have the right standard deviation, but all rows have the same length. Print the
    lengths of some rows: if numbers are drawn independently, the lengths differ.
    """

    def draw():
        tables = made(num_users, num_items, dim, dim**-0.5)
        with torch.no_grad():
            for table in (tables.users, tables.items):
                table.weight /= table.weight.norm(dim=1, keepdim=True)
        return tables

    watch = draw()
    return watch, watch if shared else draw()


@mistake("1b")
def head_relu_at_the_end(layer_sizes):
    """There is a ReLU after the last layer too.

    Ratings then cannot be negative, and if the last layer is below zero nothing is learned.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


@mistake("1b")
def head_without_relu(layer_sizes):
    """There is nothing between the linear layers.

    Together they are one linear layer: the sum of two inputs gives the sum of their outputs, but
    for the bias.
    """
    sizes = [*layer_sizes, 1]
    return nn.Sequential(*(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])))


@mistake("1b")
def head_relu_at_the_start(layer_sizes):
    """There is a ReLU before the first layer.

    All negative features are lost. Change one of them and nothing happens.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.ReLU(), nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)


@mistake("1b")
def head_without_its_last_layer(layer_sizes):
    """The head ends with the last hidden layer.

    It gives as many numbers as that layer is wide. Print the shape of its output.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, layer_sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Identity())


@mistake("1b")
def head_lacks_a_hidden_layer(layer_sizes):
    """The head goes from the features straight to its last width, or to the output.

    Some hidden layers of layer_sizes are missing. Print the head.
    """
    return nn.Sequential(
        nn.Linear(layer_sizes[0], layer_sizes[-1]), nn.ReLU(), nn.Linear(layer_sizes[-1], 1)
    )


@mistake("1b")
def head_without_biases(layer_sizes):
    """The linear layers have no biases.

    Features of zeros give a rating of 0, whatever is learned.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@mistake("1b")
def head_with_tanh(layer_sizes):
    """The function between the layers is not a ReLU.

    A hidden unit saturates for large inputs of either sign.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


class Listed(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, features):
        for layer in self.layers[:-1]:
            features = torch.relu(layer(features))
        return self.layers[-1](features)


@mistake("1b")
def head_of_hidden_layers(layer_sizes):
    """The module does not find its layers.

    The head has no parameters, so an optimizer would train nothing. Count its parameters.
    """
    sizes = [*layer_sizes, 1]
    return Listed([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])


@mistake("1b")
def head_with_dropout(layer_sizes):
    """Hidden units are dropped at random.

    Two calls with the same features differ. Dropout was not asked for.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers[:-2])


@mistake("1b")
def head_lengthens_the_callers_list(layer_sizes):
    """The list layer_sizes that the caller passed has grown.

    A second head made from the same list comes out larger. Print the list after the call.
    """
    layer_sizes.append(1)
    layers = []
    for inputs, outputs in zip(layer_sizes, layer_sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@mistake("1b")
def head_starts_at_zero(layer_sizes):
    """Weights start at zero.

    Every input gets the same rating, and the hidden units of a layer stay equal forever.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layer = nn.Linear(inputs, outputs)
        nn.init.zeros_(layer.weight)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@mistake("1b")
def head_squashed_to_one_to_five(layer_sizes):
    """The ratings are squashed into the range of the stars.

    Predictions near 1 and 5 then have almost no gradient. There should be nothing after the last
    layer.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Hardtanh(1, 5))


class Cut(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, features):
        return self.inner(features.detach())


@mistake("1b")
def head_cuts_the_gradient(layer_sizes):
    """No gradient passes through the head to its features.

    It changes no value, and the head itself learns, but the tables before it never would.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return Cut(nn.Sequential(*layers[:-1]))


class Flat(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, features):
        return self.inner(features).squeeze(-1)


@mistake("1b")
def head_drops_its_last_axis(layer_sizes):
    """The head gives [B] where [B, 1] was asked for.

    Code that takes the last axis away afterwards would sum or squeeze over the batch.
    """
    layers = []
    for inputs, outputs in zip(layer_sizes, [*layer_sizes[1:], 1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return Flat(nn.Sequential(*layers[:-1]))


@mistake("2a")
def shared_all_pairs(tables, head, users, items):
    """Every user is multiplied with every item of the batch.

    The logits form a square. Print their shape with a batch of 3.
    """
    u, q = tables.users(users), tables.items(items)
    logit = u @ q.T + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_bias_broadcast(tables, head, users, items):
    """The biases, one column, are added to a row of products.

    [B] and [B, 1] make [B, B]. Print the shape of the logits with a batch of 3.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_no_bias(tables, head, users, items):
    """The watch logit lacks the bias.

    Nothing shows while all biases are zero; afterwards no item can be popular with everybody.
    """
    u, q = tables.users(users), tables.items(items)
    return (u * q).sum(-1), head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_bias_of_the_users_id(tables, head, users, items):
    """The bias is looked up by the user's id.

    It passes unnoticed while biases are zero, and fails for ids that no item has.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(users % tables.bias.num_embeddings).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_tables_exchanged(tables, head, users, items):
    """Users are looked up among the items, and items among the users.

    It runs as long as the ids exist in both. Large user ids are out of range.
    """
    u = tables.items(users % tables.items.num_embeddings)
    q = tables.users(items % tables.users.num_embeddings)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_product_averaged(tables, head, users, items):
    """The products of the coordinates are averaged.

    The product is too small by the factor dim: if you double dim by repeating the vectors, it stays
    the same.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).mean(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_logit_squashed(tables, head, users, items):
    """The watch output is a probability.

    It lies between 0 and 1, so differences of two never exceed 1. The ranking loss takes logits.
    """
    u, q = tables.users(users), tables.items(items)
    logit = torch.sigmoid((u * q).sum(-1) + tables.bias(items).squeeze(-1))
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_features_in_another_order(tables, head, users, items):
    """The parts of the features stand in another order than the handout's.

    A head trained on one order means nothing on another. The handout says which comes first.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([q, u, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_features_product_first(tables, head, users, items):
    """The product comes before the two vectors in the features.

    A head trained on one order means nothing on another. The handout says which comes first.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u * q, u, q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_features_with_the_sum(tables, head, users, items):
    """The third part of the features is the sum of the two vectors.

    It tells the head nothing that the first two parts do not.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u + q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_features_cut(tables, head, users, items):
    """The rating does not train the tables.

    Its value is right, but its gradient stops at the features: the tables learn from one task only.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1).detach()).squeeze(-1)


@mistake("2a")
def shared_product_cut(tables, head, users, items):
    """The product among the features carries no gradient.

    The value is right and the tables are trained, but not by the rating's full gradient.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, (u * q).detach()], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_logit_cut(tables, head, users, items):
    """The watch logit carries no gradient to the vectors.

    Only the biases learn from watching. Look at the gradient of the users' table.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u.detach() * q.detach()).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2a")
def shared_outputs_exchanged(tables, head, users, items):
    """The rating comes first and the watch logit second.

    Each loss then trains the other's output.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1), logit


@mistake("2a")
def shared_rating_keeps_an_axis(tables, head, users, items):
    """The ratings are a column, [B, 1].

    Subtracted from stars of shape [B] they make [B, B], and the loss is that of all pairs.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1))


@mistake("2a")
def shared_ids_written_to(tables, head, users, items):
    """The ids that the caller passed are changed.

    The caller uses the same ids for the next item. Print them after the call.
    """
    u, q = tables.users(users), tables.items(items)
    logit = (u * q).sum(-1) + tables.bias(items).squeeze(-1)
    rating = head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)
    users += 0 * users + 1
    return logit, rating


@mistake("2b")
def separate_all_from_watch(watch_tables, rate_tables, head, users, items):
    """The rating is made from the watch tables.

    The rate tables are never used, and both tasks train the same vectors.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_all_from_rate(watch_tables, rate_tables, head, users, items):
    """The watch logit is made from the rate tables.

    The watch tables are never used, and both tasks train the same vectors.
    """
    u, q = rate_tables.users(users), rate_tables.items(items)
    logit = (u * q).sum(-1) + rate_tables.bias(items).squeeze(-1)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_exchanged(watch_tables, rate_tables, head, users, items):
    """Each task uses the other's tables.

    No gradient crosses, but the names are wrong: the watch logit changes when the rate tables do.
    """
    u, q = rate_tables.users(users), rate_tables.items(items)
    logit = (u * q).sum(-1) + rate_tables.bias(items).squeeze(-1)
    u, q = watch_tables.users(users), watch_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_users_only(watch_tables, rate_tables, head, users, items):
    """The tasks have separate users and the same items.

    The rating's gradient reaches the items that the watch logit is made of.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u = rate_tables.users(users)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_product_of_watch(watch_tables, rate_tables, head, users, items):
    """The product among the features is that of the watch vectors.

    Two of three parts come from the rate tables, and the third lets the gradient cross.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    v, r = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([v, r, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_watch_cut(watch_tables, rate_tables, head, users, items):
    """The rating is made from the watch tables, with the gradient cut.

    No gradient crosses, as was asked, but the rate tables are never used or trained.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u, q = u.detach(), q.detach()
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_rate_tables_cut(watch_tables, rate_tables, head, users, items):
    """The rating does not train the rate tables.

    Its value is right, but its gradient stops at the features; only the head learns.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    with torch.no_grad():
        u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_bias_of_rate(watch_tables, rate_tables, head, users, items):
    """The watch logit adds the bias of the rate tables.

    Nothing shows while all biases are zero. Fill them with other numbers and compare.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + rate_tables.bias(items).squeeze(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_no_bias(watch_tables, rate_tables, head, users, items):
    """The watch logit lacks the bias.

    Nothing shows while all biases are zero; afterwards no item can be popular with everybody.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_bias_added_to_rating(watch_tables, rate_tables, head, users, items):
    """The rating adds the bias of the rate tables.

    Nothing should use that bias. The rating changes when it does.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    rating = head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)
    return logit, rating + rate_tables.bias(items).squeeze(-1)


@mistake("2b")
def separate_vectors_of_both_tables(watch_tables, rate_tables, head, users, items):
    """The rating is made from sums of both tasks' vectors.

    The rate tables then only correct the watch tables, and the rating trains both.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u, q = u + rate_tables.users(users), q + rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_features_in_another_order(watch_tables, rate_tables, head, users, items):
    """The parts of the features stand in another order than the handout's.

    A head trained on one order means nothing on another. The handout says which comes first.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([q, u, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_all_pairs(watch_tables, rate_tables, head, users, items):
    """Every user is multiplied with every item of the batch.

    The logits form a square. Print their shape with a batch of 3.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = u @ q.T + watch_tables.bias(items).squeeze(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1)).squeeze(-1)


@mistake("2b")
def separate_rating_keeps_an_axis(watch_tables, rate_tables, head, users, items):
    """The ratings are a column, [B, 1].

    Subtracted from stars of shape [B] they make [B, B], and the loss is that of all pairs.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat([u, q, u * q], dim=-1))


@mistake("2b")
def separate_gradient_crosses_unseen(watch_tables, rate_tables, head, users, items):
    """The watch vectors are in the rating with a net value of zero.

    The rating's value is right, yet its gradient reaches the watch tables.
    """
    u, q = watch_tables.users(users), watch_tables.items(items)
    logit = (u * q).sum(-1) + watch_tables.bias(items).squeeze(-1)
    v, r = rate_tables.users(users), rate_tables.items(items)
    v, r = v + u - u.detach(), r + q - q.detach()
    return logit, head(torch.cat([v, r, v * r], dim=-1)).squeeze(-1)
