"""Other right ways to do problems 1 and 2."""
# ruff: noqa: F821  (other names of the master are there when the body takes a hole's place)

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant


@variant("1a")
def tables_by_data(num_users, num_items, dim, shared):
    """In a loop, through `.data`."""
    made = []
    for _ in range(1 if shared else 2):
        users = nn.Embedding(num_users, dim)
        items = nn.Embedding(num_items, dim)
        bias = nn.Embedding(num_items, 1)
        users.weight.data.normal_(0, 1 / math.sqrt(dim))
        items.weight.data.normal_(0, 1 / math.sqrt(dim))
        bias.weight.data.zero_()
        made.append(Tables(users, items, bias))
    return made[0], made[-1]


@variant("1a")
def tables_pretrained(num_users, num_items, dim, shared):
    """From tensors."""

    def table(rows, columns, scale):
        return nn.Embedding.from_pretrained(scale * torch.randn(rows, columns), freeze=False)

    def tables():
        scale = dim**-0.5
        return Tables(
            table(num_users, dim, scale), table(num_items, dim, scale), table(num_items, 1, 0)
        )

    first = tables()
    if shared:
        return first, first
    return first, tables()


class Scaled(nn.Embedding):
    def reset_parameters(self):
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)


class Zeros(nn.Embedding):
    def reset_parameters(self):
        nn.init.zeros_(self.weight)


@variant("1a")
def tables_by_subclass(num_users, num_items, dim, shared):
    """With embeddings that know how they start."""

    def tables():
        return Tables(Scaled(num_users, dim), Scaled(num_items, dim), Zeros(num_items, 1))

    watch = tables()
    rate = watch if shared else tables()
    return watch, rate


@variant("1a")
def tables_from_numpy(num_users, num_items, dim, shared):
    """Drawn by numpy in double precision, copied in."""

    def fill(table):
        values = np.random.normal(0, np.sqrt(1 / dim), size=tuple(table.weight.shape))
        with torch.no_grad():
            table.weight.copy_(torch.from_numpy(values))
        return table

    def tables():
        bias = nn.Embedding(num_items, 1)
        bias.weight = nn.Parameter(torch.zeros(num_items, 1))
        return Tables(fill(nn.Embedding(num_users, dim)), fill(nn.Embedding(num_items, dim)), bias)

    pair = [tables() for _ in range(2)]
    return (pair[0], pair[0]) if shared else tuple(pair)


@variant("1a")
def tables_two_wrappers(num_users, num_items, dim, shared):
    """When shared, two Tables around the same embeddings; a list in place of a tuple."""

    def tables():
        parts = nn.Embedding(num_users, dim), nn.Embedding(num_items, dim)
        with torch.no_grad():
            for part in parts:
                part.weight.div_(dim**0.5)
            bias = nn.Embedding(num_items, 1)
            bias.weight.fill_(0.0)
        return Tables(*parts, bias)

    one = tables()
    other = Tables(one.users, one.items, one.bias) if shared else tables()
    print("tables are ready")
    return [one, other]


@variant("1b")
def head_by_index(layer_sizes):
    """With an index and add_module."""
    head = nn.Sequential()
    sizes = list(layer_sizes) + [1]
    for n in range(len(sizes) - 1):
        head.add_module(f"linear{n}", nn.Linear(sizes[n], sizes[n + 1]))
        if n < len(sizes) - 2:
            head.add_module(f"relu{n}", nn.ReLU(inplace=True))
    return head


class Chain(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], 1)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.out(x)


@variant("1b")
def head_of_module_list(layer_sizes):
    """A class with a ModuleList."""
    return Chain(layer_sizes)


class ByHand(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for b in sizes[1:])
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(a, b) / a**0.5) for a, b in zip(sizes, sizes[1:])
        )

    def forward(self, x):
        for n, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weight + bias
            if n + 1 < len(self.weights):
                x = x.clamp(min=0)
        return x


@variant("1b")
def head_by_hand(layer_sizes):
    """Weights the other way round, no nn.Linear."""
    return ByHand([*layer_sizes, 1])


@variant("1b")
def head_in_reverse(layer_sizes):
    """Built from the end; the same ReLU everywhere."""
    relu = nn.ReLU()
    layers = [nn.Linear(layer_sizes[-1], 1)]
    for n in range(len(layer_sizes) - 1, 0, -1):
        layers = [nn.Linear(layer_sizes[n - 1], layer_sizes[n]), relu, *layers]
    return nn.Sequential(*layers)


@variant("1b")
def head_nested(layer_sizes):
    """Blocks of layer and ReLU, weights started in another way."""
    blocks = [
        nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in zip(layer_sizes, layer_sizes[1:])
    ]
    head = nn.Sequential(*blocks, nn.Linear(layer_sizes[-1], 1))
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return head


@variant("2a")
def shared_einsum(tables, head, users, items):
    """einsum, and flatten in place of squeeze."""
    u, q = tables.users(users), tables.items(items)
    logit = torch.einsum("bd,bd->b", u, q) + tables.bias(items)[:, 0]
    return logit, head(torch.cat((u, q, u * q), 1)).flatten()


@variant("2a")
def shared_by_weight(tables, head, users, items):
    """Rows of the weights by indexing."""
    u, q = tables.users.weight[users], tables.items.weight[items]
    product = u * q
    logit = product.sum(dim=1) + tables.bias.weight[items, 0]
    rating = head(torch.hstack([u, q, product])).reshape(-1)
    return logit, rating


@variant("2a")
def shared_batched_product(tables, head, users, items):
    """bmm, keepdim, a plain squeeze; a list."""
    u, q = tables.users(users), tables.items(items)
    logit = torch.bmm(u.unsqueeze(1), q.unsqueeze(2)).reshape(-1, 1) + tables.bias(items)
    rating = head(torch.concat([u, q, torch.mul(u, q)], axis=-1))
    return [logit.squeeze(), rating.squeeze()]


@variant("2a")
def shared_diagonal(tables, head, users, items):
    """The diagonal of all pairs."""
    u, q = tables.users(users), tables.items(items)
    logit = (u @ q.T).diagonal() + tables.bias(items).view(-1)
    features = torch.stack([u, q, u * q], dim=1).flatten(1)
    return logit, head(features).view(len(users))


@variant("2a")
def shared_one_by_one(tables, head, users, items):
    """A loop over pairs, features looked up a second time."""
    logits, ratings = [], []
    for user, item in zip(users, items):
        u, q = tables.users(user), tables.items(item)
        logits.append(torch.dot(u, q) + tables.bias(item)[0])
        u, q = tables.users(user), tables.items(item)
        ratings.append(head(torch.cat([u, q, u * q])[None])[0, 0])
    return torch.stack(logits), torch.stack(ratings)


@variant("2b")
def separate_by_shared(watch_tables, rate_tables, head, users, items):
    """By two calls of 2a."""
    logit, _ = forward_shared(watch_tables, head, users, items)
    _, rating = forward_shared(rate_tables, head, users, items)
    return logit, rating


@variant("2b")
def separate_einsum(watch_tables, rate_tables, head, users, items):
    """einsum and flatten."""
    logit = torch.einsum("bd,bd->b", watch_tables.users(users), watch_tables.items(items))
    logit = logit + watch_tables.bias(items).flatten()
    u, q = rate_tables.users(users), rate_tables.items(items)
    return logit, head(torch.cat((u, q, u * q), 1)).flatten()


@variant("2b")
def separate_by_weight(watch_tables, rate_tables, head, users, items):
    """Rows of the weights by indexing; four names."""
    watch_u, watch_q = watch_tables.users.weight[users], watch_tables.items.weight[items]
    rate_u, rate_q = rate_tables.users.weight[users], rate_tables.items.weight[items]
    rating = head(torch.hstack([rate_u, rate_q, rate_u * rate_q]))[:, 0]
    logit = watch_tables.bias.weight[items].squeeze(1)
    logit = logit + (watch_u * watch_q).sum(1)
    return logit, rating


@variant("2b")
def separate_batched_product(watch_tables, rate_tables, head, users, items):
    """bmm and a plain squeeze; a list."""
    u, q = watch_tables.users(users).unsqueeze(1), watch_tables.items(items).unsqueeze(2)
    logit = torch.bmm(u, q).squeeze() + watch_tables.bias(items).squeeze()
    v, r = rate_tables.users(users), rate_tables.items(items)
    return [logit, head(torch.cat([v, r, v * r], -1)).squeeze()]


@variant("2b")
def separate_loop(watch_tables, rate_tables, head, users, items):
    """Both tables in one loop, unused results thrown away; features cut where nothing flows."""
    vectors = {}
    for name, tables in {"watch": watch_tables, "rate": rate_tables}.items():
        vectors[name] = (
            F.embedding(users, tables.users.weight),
            F.embedding(items, tables.items.weight),
        )
    u, q = vectors["watch"]
    _ = head(torch.cat([u.detach(), q.detach(), (u * q).detach()], dim=-1))
    logit = torch.sum(u * q, dim=-1, keepdim=True) + watch_tables.bias(items)
    v, r = vectors["rate"]
    rating = head(torch.cat([v, r, v * r], dim=-1))
    return logit[:, 0], rating[:, 0]
