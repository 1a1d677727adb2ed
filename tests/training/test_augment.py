"""Each step against torch, torchvision or what can be told by hand; and randomness that hangs on its key only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cnnc.compiler.recipes import steps as s
from cnnc.compiler.recipes.base import PARTS
from cnnc.compiler.recipes.types import Shift
from cnnc.runtime.augment import apply, runs, trivial
from cnnc.runtime.augment.colour import turned
from cnnc.runtime.batches import keyed
from cnnc.runtime.batches.draws import Draws
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

X = torch.rand(6, 3, 8, 12, generator=torch.Generator().manual_seed(1))


def draws(count: int = 6, epoch: int = 0) -> Draws:
    return Draws(seed=3, epoch=epoch, place=0, examples=np.arange(count))


def test_normalize_is_that_of_torchvision() -> None:
    expected = v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(X)
    assert torch.allclose(apply(s.Normalize(mean="imagenet"), X, draws()), expected, atol=1e-6)


@pytest.mark.parametrize("form", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_are_normalized_as_torchvision_does_in_every_layout(form: torch.memory_format, channels: int) -> None:
    x = (X[:, :channels] * 255).to(torch.uint8).contiguous(memory_format=form)
    mean, std = (0.4, 0.3, 0.2)[:channels], (0.2, 0.3, 0.1)[:channels]
    expected = v2.Normalize(list(mean), list(std))(x.float() / 255)
    for given in (x, x.float() / 255):
        before = given.clone()
        assert torch.allclose(apply(s.Normalize(mean=mean, std=std), given, draws()), expected, atol=1e-5)
        assert torch.equal(given, before)


def test_statistics_of_other_channels_are_refused() -> None:
    for form in (torch.contiguous_format, torch.channels_last):
        with pytest.raises(RuntimeError):
            apply(s.Normalize(mean=(0.1, 0.2), std=(1.0,)), X.contiguous(memory_format=form), draws())


def test_a_key_is_hashed_as_rows_are() -> None:
    """In Python's numbers and in those of arrays."""
    for key in ((0,), (7, 2**63, 5), (2**64 - 1, 3)):
        state = np.zeros(1, np.uint64)
        for part in key:
            state = keyed.scrambled(state + np.uint64(keyed.GOLDEN) + np.uint64(part))
        assert keyed.hashed(*key) == state[0]


@pytest.mark.parametrize("size", [(5,), (20,), (7, 9)])
def test_resize_and_center_crop_are_those_of_torchvision(size: tuple[int, ...]) -> None:
    expected = tv.resize(X, list(size), antialias=True)
    assert torch.allclose(apply(s.Resize(size=size), X, draws()), expected, atol=1e-5)
    middle = apply(s.CenterCrop(size=size), X, draws())
    assert torch.equal(middle, tv.center_crop(X, list(size * (3 - len(size)))))


SHAPES = [(h, w) for h in range(2, 60, 7) for w in range(3, 60, 5)]


@pytest.mark.parametrize(("size", "longest"), [(7, 9), (20, 33), (31, 64), (None, 16), (None, 50)])
def test_the_longest_side_is_that_of_torchvision(size: int | None, longest: int) -> None:
    step = s.Resize(size=None if size is None else (size,), longest=longest)
    transform = v2.Resize(size, max_size=longest, antialias=True)
    for height, width in SHAPES:
        if min(height, width) * longest >= 2 * max(height, width):  # torch smooths columns of one pixel wrongly
            picture = torch.rand(1, 3, height, width)
            assert torch.allclose(apply(step, picture, draws(1)), transform(picture), atol=1e-5), (height, width)
    assert apply(step, torch.rand(1, 1, 2, 600), draws(1)).shape[2:] == (1, longest)


def test_a_picture_with_zeros_around_it_has_labels_that_do_not_count_around_it() -> None:
    """As torchvision's references for segmentation pad: pictures with 0, masks with what is left out."""
    labels = torch.ones(1, 1, 4, 8, dtype=torch.int16)
    for step in (s.CenterCrop(size=(8,)), s.Crop(size=(8,)), s.Crop(size=(8, 12), pad=2)):
        picture, mask = apply(step, X[:1, :, :4, :8] + 1, draws(1)), apply(step, labels, draws(1))
        outside = (picture == 0).all(1, keepdim=True)
        assert outside.any()
        assert torch.equal(mask == -1, outside), step


def test_flips_mirror_some_and_leave_the_others() -> None:
    for step, axis in ((s.HFlip(), -1), (s.VFlip(), -2)):
        found = apply(step, X, draws())
        same = [torch.equal(f, x) for f, x in zip(found, X)]
        turned = [torch.equal(f, x.flip(axis)) for f, x in zip(found, X)]
        assert all(a != b for a, b in zip(same, turned))
        assert any(same)
        assert any(turned)
    assert torch.equal(apply(s.HFlip(share=1.0), X, draws()), X.flip(-1))


def test_a_turn_by_90_degrees_is_that_of_torch() -> None:
    square = X[..., :8]
    found = apply(s.Affine(rotation=(90.0, 90.0)), square, draws())
    assert torch.allclose(found, square.rot90(1, (-2, -1)), atol=1e-4)


def test_a_turn_keeps_shapes_of_pictures_that_are_not_square() -> None:
    disc = torch.zeros(1, 1, 20, 60)
    rows, columns = torch.meshgrid(torch.arange(20) - 9.5, torch.arange(60) - 29.5, indexing="ij")
    disc[0, 0] = (rows**2 + columns**2 < 49).float()
    found = apply(s.Affine(rotation=(40.0, 40.0)), disc, draws(1))
    assert float((found - disc).abs().mean()) < 0.015


def test_a_shift_moves_by_pixels_or_by_shares() -> None:
    fixed = np.array([0])
    one = torch.zeros(1, 1, 9, 9)
    one[0, 0, 4, 4] = 1
    for shift, reach in ((Shift(3.0, "px"), 3.0), (Shift(1 / 3), 3.0)):
        found = apply(s.Affine(shift=(shift,), fill="zeros"), one, Draws(0, 0, 0, fixed))
        mass = found[0, 0] / found.sum()
        center = (mass * torch.arange(9.0)[:, None]).sum(), (mass * torch.arange(9.0)).sum()
        drawn = keyed.uniform((0, keyed.AUGMENT, 0, 0), fixed, 6)[0]
        assert float(center[1] - 4) == pytest.approx(-(2 * drawn[4] - 1) * reach, abs=1e-3)
        assert float(center[0] - 4) == pytest.approx(-(2 * drawn[5] - 1) * reach, abs=1e-3)


def test_zoom_makes_things_larger_by_the_factor() -> None:
    square = torch.zeros(1, 1, 40, 40)
    square[..., 15:25, 15:25] = 1
    found = apply(s.Affine(zoom=(2.0, 2.0)), square, draws(1))
    assert float(found.sum()) == pytest.approx(400, rel=0.02)


@pytest.mark.parametrize(
    "step",
    [s.Resize(size=(6, 9)), s.Resize(size=(7,)), s.CenterCrop(size=(5,)), s.Crop(size=(5,)), s.ResizedCrop(size=(5,))],
)
def test_all_slices_of_a_volume_are_brought_to_a_size_alike(step: s.Step) -> None:
    volumes = torch.rand(6, 3, 4, 8, 12, generator=torch.Generator().manual_seed(2))
    found = apply(step, volumes, draws())
    for i in range(4):
        assert torch.equal(found[:, :, i], apply(step, volumes[:, :, i], draws()))


def test_resized_crop_keeps_area_and_ratio() -> None:
    ramp = torch.linspace(0, 1, 100).expand(200, 1, 100, 100)
    step = s.ResizedCrop(size=(10,), area=(0.25, 0.25), ratio=(1.0, 1.0))
    found = apply(step, ramp, draws(200))
    assert found.shape == (200, 1, 10, 10)
    width = (found[..., -1] - found[..., 0]).mean((1, 2))  # half the picture, less the middles of the outer pixels
    assert torch.allclose(width, torch.full((200,), 0.5 * 0.9), atol=0.01)


def test_crop_with_padding_shows_a_part() -> None:
    found = apply(s.Crop(size=(8, 12), pad=2), X, draws())
    padded = torch.nn.functional.pad(X, (2, 2, 2, 2))
    for one, whole in zip(found, padded):
        parts = [whole[:, t : t + 8, q : q + 12] for t in range(5) for q in range(5)]
        assert any(torch.equal(one, part) for part in parts)


def test_brightness_and_contrast_and_saturation_at_fixed_factors_are_those_of_torchvision() -> None:
    for step, function in (
        (s.Brightness(factor=(1.3, 1.3)), tv.adjust_brightness),
        (s.Contrast(factor=(0.6, 0.6)), tv.adjust_contrast),
        (s.Saturation(factor=(1.4, 1.4)), tv.adjust_saturation),
    ):
        factor = step.factor[0]
        assert torch.allclose(apply(step, X, draws()), function(X, factor), atol=1e-3), step.word


def test_standardize_gives_mean_0_and_deviation_1() -> None:
    found = apply(s.Standardize(), X, draws())
    assert torch.allclose(found.mean((1, 2, 3)), torch.zeros(6), atol=1e-5)
    assert torch.allclose(found.std((1, 2, 3)), torch.ones(6), atol=1e-4)


def test_erase_blanks_a_rectangle_of_the_area() -> None:
    white = torch.ones(400, 1, 40, 40)
    found = apply(s.Erase(share=0.5, area=(0.1, 0.1)), white, draws(400))
    blank = (found == 0).float().mean((1, 2, 3))
    touched = blank > 0
    assert 0.4 < float(touched.float().mean()) < 0.6
    assert float(blank[touched].mean()) == pytest.approx(0.1, abs=0.01)


EXAMPLES = {
    "affine": s.Affine(rotation=(20.0,), shift=(Shift(0.1),), zoom=(0.2,), shear=(5.0,)),
    "brightness": s.Brightness(factor=(0.3,)), "channel_shift": s.ChannelShift(shift=20.0),
    "color_jitter": s.ColorJitter(factor=(0.3,)), "contrast": s.Contrast(factor=(0.3,)),
    "crop": s.Crop(size=(6,), pad=1), "erase": s.Erase(), "hflip": s.HFlip(), "lighting": s.Lighting(std=0.1),
    "noise": s.Noise(std=0.1), "resized_crop": s.ResizedCrop(size=(8,)), "saturation": s.Saturation(factor=(0.3,)),
    "vflip": s.VFlip(), "elastic": s.Elastic(strength=2.0), "hue": s.Hue(turn=0.3), "exposure": s.Exposure(factor=1.5),
    "trivial_augment": s.TrivialAugment(),
}  # fmt: skip


@pytest.mark.parametrize("word", sorted(EXAMPLES))
def test_a_change_hangs_on_seed_epoch_and_example_only(word: str) -> None:
    """The same in any batch, another in the next epoch."""
    step = EXAMPLES[word]
    whole = apply(step, X, draws())
    part = apply(step, X[[4, 1]], draws()._replace(examples=np.array([4, 1])))
    assert torch.allclose(part, whole[[4, 1]], atol=1e-6)
    assert not torch.equal(apply(step, X, draws(epoch=1)), whole)


def test_uniform_numbers_are_uniform_and_independent() -> None:
    found = keyed.uniform((1, 2, 3), np.arange(50_000), 4)
    assert found.min() >= 0
    assert found.max() < 1
    assert np.allclose(found.mean(0), 0.5, atol=0.01)
    assert np.allclose(found.var(0), 1 / 12, atol=0.002)
    assert np.abs(np.corrcoef(found.T) - np.eye(4)).max() < 0.02
    neighbours = np.corrcoef(found[:-1, 0], found[1:, 0])[0, 1]
    assert abs(neighbours) < 0.02


def test_normal_numbers_are_normal() -> None:
    found = keyed.normal((5,), np.arange(50_000), 2)
    assert np.allclose(found.mean(0), 0, atol=0.02)
    assert np.allclose(found.std(0), 1, atol=0.02)
    assert np.mean(np.abs(found) < 1) == pytest.approx(0.6827, abs=0.01)


def test_another_part_of_the_key_gives_other_numbers() -> None:
    keys = [(0, 1, 2), (0, 2, 1), (1, 1, 2), (0, 1), (0, 1, 2, 0)]
    rows = [tuple(keyed.uniform(key, np.arange(2), 2).ravel()) for key in keys]
    assert len(set(rows)) == len(keys)


def test_an_order_is_a_permutation_of_its_epoch() -> None:
    first, second = keyed.order(0, 0, 100), keyed.order(0, 1, 100)
    assert sorted(first) == sorted(second) == list(range(100))
    assert list(first) != list(second)
    assert list(first) == list(keyed.order(0, 0, 100))


# --- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [-0.4, -0.1, 0.25, 0.5])
def test_hues_are_turned_as_torchvision_does(turn: float) -> None:
    found = turned(X, torch.full((6, 1, 1), turn))
    assert torch.allclose(found, tv.adjust_hue(X, turn), atol=1e-5)


def test_exposure_scales_the_value_of_hsv_and_keeps_hue_and_saturation() -> None:
    found = apply(s.Exposure(factor=1.5), X, draws())
    ratio = found / X.clamp_min(1e-6)
    assert torch.allclose(ratio.amax(1), ratio.amin(1), atol=1e-3)  # all three colours by one factor
    assert float(found.max()) <= 1 + 1e-6
    middle = ratio.flatten(1).median(1).values
    assert float(middle.min()) > 1 / 1.5 - 1e-3
    assert float(middle.max()) < 1.5 + 1e-3


CHANGES = {
    "kept": lambda x, s: x, "brightness": lambda x, s: tv.adjust_brightness(x, 1 + 0.99 * s),
    "saturation": lambda x, s: tv.adjust_saturation(x, 1 + 0.99 * s),
    "contrast": lambda x, s: tv.adjust_contrast(x, 1 + 0.99 * s),
    "sharpness": lambda x, s: tv.adjust_sharpness(x, 1 + 0.99 * s),
    "posterized": lambda x, s: tv.posterize(x, 8 - round(6 * abs(s))),
    "solarized": lambda x, s: tv.solarize(x, 1 - abs(s)),
    "stretched_out": lambda x, s: tv.autocontrast(x), "equalized": lambda x, s: tv.equalize(x),
}  # fmt: skip


@pytest.mark.parametrize("word", sorted(CHANGES))
@pytest.mark.parametrize("strength", [-0.7, 0.5])
def test_changes_of_values_are_those_of_torchvision(word: str, strength: float) -> None:
    pictures = (X * 255).round().to(torch.uint8)
    eight = word in ("posterized", "equalized")
    expected = CHANGES[word](pictures if eight else X, strength)
    found = getattr(trivial, word)(pictures / 255 if eight else X, torch.full((6,), strength))
    assert torch.allclose(found, expected / 255 if eight else expected, atol=2e-3)


@pytest.mark.parametrize(
    ("word", "arguments"),
    [
        ("turn", {"angle": -67.5, "translate": [0, 0], "shear": [0.0, 0.0]}),
        ("shift_x", {"angle": 0.0, "translate": [-16, 0], "shear": [0.0, 0.0]}),
        ("shift_y", {"angle": 0.0, "translate": [0, -16], "shear": [0.0, 0.0]}),
    ],
)
def test_changes_of_places_are_those_of_torchvision(word: str, arguments: dict[str, object]) -> None:
    square = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    expected = tv.affine(square, scale=1.0, interpolation=v2.InterpolationMode.BILINEAR, **arguments)
    found = getattr(trivial, word)(square, torch.full((2,), 0.5))
    inner = (..., slice(20, 44), slice(20, 44))
    assert torch.allclose(found[inner], expected[inner], atol=1e-3)


def test_every_change_is_drawn() -> None:
    many = X[:1].expand(600, -1, -1, -1)
    found = apply(s.TrivialAugment(), many, draws(600))
    assert len({one.numpy().tobytes() for one in found}) > 200
    same = sum(torch.equal(one, X[0]) for one in found) / 600
    assert 1 / len(trivial.CHANGES) - 0.03 < same < 4 / len(trivial.CHANGES)


# --- places and masks -------------------------------------------------------------------------------------------------


def test_elastic_displacements_have_the_strength_in_pixels() -> None:
    """On a ramp of one per pixel the change is the displacement."""
    ramp = torch.arange(64.0).expand(500, 1, 64, 64)
    found = apply(s.Elastic(strength=3.0, grid=(2, 2)), ramp, draws(500))
    inner = (found - ramp)[:, 0, 32, 32]  # the middle of four corners: a quarter of the sum of four draws
    assert float(inner.std()) == pytest.approx(3.0 / 2, rel=0.1)
    assert abs(float(inner.mean())) < 0.25


@pytest.mark.parametrize(
    "step",
    [s.Affine(rotation=(30.0,), zoom=(0.2,)), s.HFlip(), s.VFlip(), s.Elastic(strength=2.0), s.Crop(size=(6,), pad=1),
     s.CenterCrop(size=(5,)), s.Resize(size=(16, 24)), s.Resize(longest=12), s.ResizedCrop(size=(8,), area=(0.5, 0.9)),
     s.TrivialAugment()],
    ids=lambda step: step.word,
)  # fmt: skip
def test_masks_go_where_the_places_go(step: s.Step) -> None:
    """A picture that shows its own mask shows it afterwards too, but at borders, where values are means."""
    mask = torch.zeros(6, 1, 24, 24, dtype=torch.uint8)
    mask[:, :, 4:14, 8:20] = 1
    mask[:, :, 6:9, 12:15] = 2
    picture = (mask == 1).float() * 0.6
    moved, labels = apply(step, picture, draws()), apply(step, mask, draws())
    assert labels.dtype == torch.uint8
    assert moved.shape[2:] == labels.shape[2:]
    assert set(labels.unique().tolist()) <= {0, 1, 2}
    if not isinstance(step, s.TrivialAugment):  # it also changes the values of the picture
        agree = ((moved > 0.3) == (labels == 1)).float().mean()
        assert float(agree) > 0.93


def test_volumes_are_moved_slice_by_slice_and_bent_as_a_whole() -> None:
    volume = X[:, :, None].expand(-1, -1, 4, -1, -1).contiguous()
    for step in (s.Affine(rotation=(30.0,)), s.HFlip(), s.VFlip()):
        found = apply(step, volume, draws())
        assert torch.allclose(found, apply(step, X, draws())[:, :, None].expand_as(found), atol=1e-5)
    bent = apply(s.Elastic(strength=2.0), torch.rand(6, 1, 8, 8, 8), draws())
    assert bent.shape == (6, 1, 8, 8, 8)


def test_a_histogram_is_that_of_the_other_example() -> None:
    others = torch.rand(6, 3, 8, 12) ** 2
    found = apply(s.HistogramMatch(), X, draws()._replace(others=others))
    assert torch.allclose(found.flatten(2).sort(2).values, others.flatten(2).sort(2).values)
    assert torch.equal(found.flatten(2).argsort(2), X.flatten(2).argsort(2))


def test_every_step_has_a_rule_or_is_refused_by_name() -> None:
    for word, step in PARTS["step"].items():
        made = step(**{name: 1 for name, field in step.fields.items() if field.required})
        assert runs(made) != step.later, word  # type: ignore[arg-type, type-var]
