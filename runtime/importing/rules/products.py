"""Products of two values, summed over one axis of each: `matmul`, `bmm`, `einsum`, the sum of a product."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....compiler.decompile import Ref, make
from ....compiler.frontends.arranged import Map, last
from ....compiler.frontends.unread import Unread
from ..calls import called, given
from ..reader import Reader, ends, reads
from .reshape import vector_behind

UNIT = 1e-12
"""What `dot normalize=true` takes a length for at least."""


class Term(NamedTuple):
    """A value, and a letter for each of its axes behind the batch."""

    value: Map
    letters: str


@reads("matmul", "bmm")
def matmul(to: Reader, node: Any) -> Map:
    a, b = node.args[:2]
    if to.is_weight(a) or to.is_weight(b):
        raise Unread("one side is stored: `nn.Linear` is what has a counterpart")
    ranks = [n.meta["val"].dim() for n in (a, b)]
    if ranks != [3, 3]:
        raise Unread(f"it multiplies values of {ranks[0]} and {ranks[1]} axes: of two behind the batch each, at most")
    return summed(to, node, (a, "ij"), (b, "jk"), "ik")


@reads("einsum")
def einsum(to: Reader, node: Any) -> Map:
    """Of two values with their batch."""
    told, _, out = node.args[0].replace(" ", "").partition("->")
    letters = told.split(",")
    batch = {word[:1] for word in (*letters, out)}
    if len(letters) != 2 or len(batch) != 1 or not out or any(len(set(word)) < len(word) for word in (*letters, out)):
        raise Unread(f"`{node.args[0]}` is no product of two values, batch first in all")
    a, b = node.args[1]
    return summed(to, node, (a, letters[0][1:]), (b, letters[1][1:]), out[1:])


@ends("sum")
def of_vectors(to: Reader, node: Any) -> Map | None:
    """(a * b).sum(1)"""
    product, axes = node.args[0], given(node, 1, "dim")
    if not called(product, "mul") or product.meta["val"].dim() != 2 or axes not in ([1], [-1]):
        return None
    a, b = product.args[:2]
    shape = product.meta["val"].shape
    if any(not hasattr(n, "name") or to.is_weight(n) or n.meta["val"].shape != shape for n in (a, b)):
        return None
    made = summed(to, node, (a, "i"), (b, "i"), "")
    return made._replace(axes=last(0)) if given(node, 2, "keepdim", False) else made


@reads("cosine_similarity")
def cosine(to: Reader, node: Any) -> Map:
    a, b = node.args[:2]
    if any(n.meta["val"].dim() != 2 for n in (a, b)) or given(node, 2, "dim", 1) not in (1, -1):
        raise Unread("it compares more than one vector of each example")
    op = make("l2_normalize", eps=float(given(node, 3, "eps", 1e-8)))
    return dot(to, [Term(to.like(to.map(n), op), "i") for n in (a, b)], "i")


def summed(to: Reader, node: Any, a: tuple[Any, str], b: tuple[Any, str], out: str) -> Map:
    """The product of two nodes, their axes named by letters, as a value of the shape that the node has."""
    over = [letter for letter in a[1] if letter in b[1]]
    if len(over) != 1 or over[0] in out:
        raise Unread("it does not sum over one axis that both have")
    terms = [bare(to, to.map(n), letters, over[0]) for n, letters in (a, b)]
    if channels_alone(terms[0], over[0]) and places_alone(terms[1], over[0]) and not turned(node):
        terms.reverse()
    made = dot(to, terms, over[0])
    rest = [letter for term in terms for letter in term.letters if letter != over[0]]
    left = [letter for letter in out if letter in rest]
    if rest and set(left) != set(rest):
        raise Unread("it sums over an axis that one value has alone")
    sizes = [int(n) for n in node.meta["val"].shape[1:]]
    if len(left) == len(sizes):
        return made._replace(axes=tuple(rest.index(letter) for letter in left))
    return to.reshaped(made._replace(axes=last(0)), sizes)


def channels_alone(term: Term, over: str) -> bool:
    """Whether of the axes of a value only the channels are left."""
    return [axis for axis, letter in zip(term.value.axes, term.letters) if letter != over] == [1]


def places_alone(term: Term, over: str) -> bool:
    return [axis for axis, letter in zip(term.value.axes, term.letters) if letter != over] == [0]


def turned(node: Any) -> bool:
    """Whether the axes of what a node makes change places at once."""
    return any(called(user, "movedim", "transpose", "permute", "mT") for user in node.users)


def bare(to: Reader, x: Map, letters: str, over: str) -> Term:
    """A value without the axes of 1 that a vector was given for the product."""
    vector = vector_behind(to, x)
    if vector is None:
        return Term(x, letters)
    kept = [letter for letter, size in zip(letters, to.dims(x)) if size != 1] or [over]
    if kept != [over] and len(x.axes) > 1:
        return Term(x, letters)
    return Term(vector, over)


def dot(to: Reader, terms: list[Term], over: str) -> Map:
    """The layer; of what is left the axis of the first value is the first."""
    if len({term.value.order for term in terms}) > 1:
        raise Unread("its operands are flattened in different orders")
    along = [(term.value.ref, term.value.axes[term.letters.index(over)]) for term in terms]
    units = [unit for ref, axis in along if (unit := of_unit_length(to, ref, axis)) is not None]
    kept = units if len(units) == 2 else along
    refs, axes = zip(*(straight(to, ref, axis) for ref, axis in kept))
    usual = axes == tuple(to.build.shape(ref).rank for ref in refs)
    op = make("dot", axes=() if usual else tuple(axis + 1 for axis in axes), normalize=kept is units)
    return Map(to.build.add(op, refs), last(0))


def of_unit_length(to: Reader, ref: Ref, axis: int) -> tuple[Ref, int] | None:
    """What a value is the direction of, along an axis."""
    layer = to.build.layers[ref.layer]
    if layer.op.word != "l2_normalize" or layer.op.__dict__["eps"] != UNIT or axis != to.build.shape(ref).rank:
        return None
    return layer.inputs[0], axis


def straight(to: Reader, ref: Ref, axis: int) -> tuple[Ref, int]:
    """A value before its axes were permuted, and where the axis was."""
    layer = to.build.layers[ref.layer]
    return (layer.inputs[0], layer.op.__dict__["order"][axis] - 1) if layer.op.word == "permute" else (ref, axis)
