"""Operators in the ways in which people write them: told by what is computed, and refused where it is another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .test_torch_modules import compared, picture

Form = Callable[..., Tensor]


class Of(nn.Module):
    """A function as a module."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form

    def forward(self, *values: Tensor) -> Tensor:
        return self.form(*values)


def last_line(text: str) -> str:
    return text.splitlines()[-1].strip()


PIECES: list[tuple[str, Form]] = [
    ("leaky_relu 0.1", lambda x: torch.where(x > 0, x, 0.1 * x)),
    ("leaky_relu 0.1", lambda x: torch.where(x < 0, x * 0.1, x)),
    ("leaky_relu 0.1", lambda x: torch.where(x >= 0, x, x * 0.1)),
    ("relu slope=0.2, threshold=0.5", lambda x: torch.where(x > 0.5, x, 0.2 * (x - 0.5))),
    ("relu threshold=0.5", lambda x: torch.where(x <= 0.5, 0.0, x)),
    ("relu threshold=0.5", lambda x: x * (x > 0.5)),
    ("relu threshold=0.5", lambda x: (x > 0.5).float() * x),
    ("relu threshold=0.5", lambda x: x.masked_fill(x <= 0.5, 0.0)),
    ("relu", lambda x: torch.where(x > 0, x, torch.zeros_like(x))),
    ("relu", lambda x: torch.max(x, torch.zeros_like(x))),
    ("relu", lambda x: x.clamp(min=0)),
    ("relu max=0.7", lambda x: x.clamp(0, 0.7)),
    ("relu max=0.7", lambda x: F.relu(x).clamp(max=0.7)),
    ("relu max=0.7, slope=0.3", lambda x: torch.clamp_max(F.leaky_relu(x, 0.3), 0.7)),
    ("relu max=0.7", lambda x: torch.minimum(F.relu(x), torch.tensor(0.7))),
    ("relu6", lambda x: torch.clip(F.relu(x), max=6)),
    ("hard_tanh", lambda x: F.hardtanh(x)),
    ("clip -0.5, 0.7", lambda x: x.clip(-0.5, 0.7)),
    ("threshold 0.3, 0.3", lambda x: x.clamp(min=0.3)),
    ("threshold 0.3, 0.1", lambda x: F.threshold(x, 0.3, 0.1)),
    ("threshold 0.3, 0.1", lambda x: torch.where(x > 0.3, x, 0.1)),
]


@pytest.mark.parametrize(("line", "form"), PIECES)
def test_a_function_in_pieces(line: str, form: Form) -> None:
    assert last_line(compared(Of(form), picture()).text) == line


OTHERS: list[tuple[str, Form]] = [
    ("keeps the value", lambda x: torch.where(x >= 0.5, x, 0.0)),
    ("no line through it", lambda x: torch.where(x > 0.5, x, 0.2 * x)),
    ("not the value itself", lambda x: torch.where(x > 0, x * 2, x)),
    ("bounded by 0.7 above alone", lambda x: x.clamp(max=0.7)),
    ("one axis or of all", lambda x: x.max(1, keepdim=True)[0]),
    ("one number for each example", lambda x: (x.mean((2, 3)) * x.amax((2, 3))).sum(1)),
]


@pytest.mark.parametrize(("told", "form"), OTHERS)
def test_what_looks_alike_is_refused_with_the_difference(told: str, form: Form) -> None:
    with pytest.raises(Unreadable, match=told):
        read_module(Of(form), Shape((8, 8, 3)), "mine:Net", "Net")


class Sloped(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.rand(shape))

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.slope * x)


@pytest.mark.parametrize(("line", "shape"), [("prelu per=value", (3, 16, 16)), ("prelu", (1, 3, 1, 1)),
                                             ("prelu per=layer", (1,))])  # fmt: skip
def test_trained_slopes(line: str, shape: tuple[int, ...]) -> None:
    assert last_line(compared(Sloped(*shape), picture()).text).startswith(line)


def rows(width: int, length: int | None = None) -> Tensor:
    """Vectors, or sequences of them, channels first."""
    shape = (2, width) if length is None else (2, width, length)
    return torch.randn(shape, generator=torch.Generator().manual_seed(length or 1))


PRODUCTS: list[tuple[str, Form, tuple[Tensor, ...]]] = [
    ("dot", lambda a, b: (a * b).sum(1, keepdim=True), (rows(6), rows(6, None) + 1)),
    ("dot", lambda a, b: (a * b).sum(-1).unsqueeze(1), (rows(6), rows(6) + 1)),
    ("dot", lambda a, b: torch.bmm(a[:, None], b[:, :, None]).flatten(1), (rows(6), rows(6) + 1)),
    ("dot normalize=true", lambda a, b: (F.normalize(a) * F.normalize(b)).sum(1, keepdim=True), (rows(6), rows(6) + 1)),
    ("dot", lambda a, b: torch.einsum("bci,bcj->bji", a, b), (rows(6, 5), rows(6, 3))),
    ("dot", lambda a, b: (a.transpose(1, 2) @ b).transpose(1, 2), (rows(6, 5), rows(6, 3))),
    ("dot axes=(2, 1)", lambda a, b: torch.einsum("bci,bjc->bji", a, b), (rows(6, 5), rows(3, 6))),
    ("dot axes=(1, 1)", lambda a, b: torch.matmul(a, b.mT).mT, (rows(6, 5), rows(3, 5))),
    ("dot axes=(1, 1), normalize=true", lambda a, b: (F.normalize(a, dim=2) @ F.normalize(b, dim=2).mT).mT,
     (rows(6, 5), rows(3, 5))),
    ("dot", lambda a, b: torch.bmm(a.unsqueeze(1), b).squeeze(1), (rows(6), rows(6, 3))),
]  # fmt: skip


@pytest.mark.parametrize(("line", "form", "inputs"), PRODUCTS)
def test_products_that_are_summed(line: str, form: Form, inputs: tuple[Tensor, ...]) -> None:
    assert last_line(compared(Of(form), *inputs).text) == f"(values_0, values_1) -> {line}"


def test_the_angle_between_two_vectors() -> None:
    text = compared(Of(lambda a, b: F.cosine_similarity(a, b).unsqueeze(1)), rows(6), rows(6) + 1).text
    assert "l2_normalize eps=1e-8" in text
    assert " -> dot" in text


class NonLocal(nn.Module):
    """Attention of all places to all places (Wang et al., 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.theta, self.phi, self.g = (nn.Conv2d(8, 4, 1) for _ in range(3))
        self.out = nn.Conv2d(4, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        theta, phi, g = (part(x).view(n, 4, h * w) for part in (self.theta, self.phi, self.g))
        near = torch.softmax(torch.bmm(theta.transpose(1, 2), phi) / 2, dim=-1)
        return x + self.out(torch.bmm(g, near.transpose(1, 2)).view(n, 4, h, w))


def test_attention_of_places() -> None:
    words = [node.op.word for node in compared(NonLocal(), picture(8)).checked.nodes]
    assert words.count("dot") == 2
    assert words.count("reshape") == 4
    assert "permute" not in words


def test_a_part_that_is_written_over_is_no_value() -> None:
    def shifted(x: Tensor) -> Tensor:
        made = torch.zeros_like(x)
        made[:, 1:] = x[:, :-1]
        return made

    def raised(x: Tensor) -> Tensor:
        x = x * 2
        x.view(-1).add_(1)
        return x

    for form in (shifted, raised):
        with pytest.raises(Unreadable, match="writes over a part"):
            read_module(Of(form), Shape((8, 8, 3)), "mine:Net", "Net")
