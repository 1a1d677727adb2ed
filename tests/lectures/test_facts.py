"""Statements of lectures that are figures of a network: sizes, parameters, operations, depths, receptive fields.

Where a statement is wrong or loose, the right figure stands here and the examples say so.
"""

from __future__ import annotations

import pytest
from cnnc.compiler.backends.report.maps import maps_rows
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.ops.conv import Conv
from cnnc.compiler.pipeline import compile_text

from .claims import Claim, found, instances, network, types

SIZES = [
    Claim("n - f + 1: six 5x5x3 filters", "32x32x3; conv 6, 5x5", {"output": (28, 28, 6), "params": 456}),
    Claim("32 filters of 3x3 over a digit", "28x28x1; conv 32, 3x3", {"output": (26, 26, 32), "params": 320}),
    Claim("7x7, 3x3, stride 2: 3x3", "7x7x1; conv 1, 3x3, stride=2", {"output": (3, 3, 1)}),
    Claim("7x7, 3x3, stride 3: frameworks give 2x2", "7x7x1; conv 1, 3x3, stride=3", {"output": (2, 2, 1)}),
    Claim("25 patches of 3x3 in a padded 5x5", "5x5x1; conv 1, 3x3, pad=same", {"output": (5, 5, 1)}),
    Claim("k 3, p 0, s 1: 4x4 to 2x2", "4x4x1; conv 1, 3x3", {"output": (2, 2, 1)}),
    Claim("and back", "2x2x1; conv_transpose 1, 3x3", {"output": (4, 4, 1)}),
    Claim("a series of 6 with 3: 4", "6x1; conv 1, 3", {"output": (4, 1)}),
    Claim("and back to 6", "4x1; conv_transpose 1, 3", {"output": (6, 1)}),
    Claim("3x3, stride 2, pad 1, transposed", "2x2x1; conv_transpose 1, 3, stride=2, pad=1", {"output": (3, 3, 1)}),
    Claim(
        "with a place added", "2x2x1; conv_transpose 1, 3, stride=2, pad=1, output_pad=1", {"output": (4, 4, 1)},
    ),
    Claim("which 4x4 came to by the convolution", "4x4x1; conv 1, 3, stride=2, pad=1", {"output": (2, 2, 1)}),
    Claim("1x1 keeps the places and cuts the depth", "28x28x192; conv 16, 1x1", {"output": (28, 28, 16)}),
    Claim("the naive inception module", "09_inception:Naive", {"output": (28, 28, 672)}),
    Claim("volumes stay volumes", "16x32x32x1; conv 4, 3; maxpool 2", {"output": (7, 15, 15, 4)}),
    Claim("characters: 1014 of 72", "16_series:Characters", {"input": (1014, 72), "depth": 9}),
    Claim("DNA: four columns", "16_series:DNA", {"input": (None, 4), "output": (1,)}),
    Claim("an RGB picture of any size", "?x?x3; conv 8, 3x3", {"input": (None, None, 3), "output": (None, None, 8)}),
    Claim("the road net", "zoo:road_unet", {"input": (512, 512, 3), "output": (512, 512, 1)}),
    Claim("two scores and four numbers for 15 anchors", "18_detection:Fifteen",
          {"outputs": [(None, None, 30), (None, None, 60)]}),
    Claim("nine anchors: three scales, three ratios", "18_detection:Proposals",
          {"outputs": [(None, None, 18), (None, None, 36)]}),
    Claim("81 scores, 320 numbers of boxes", "18_detection:SecondStage", {"outputs": [(81,), (320,)]}),
    Claim("a sliding window as convolutions", "18_detection:Sliding", {"output": (8, 8, 4), "field": (14, 14)}),
    Claim("accelerometer: 3 channels, 3 convolutions", "16_series:Accelerometer", {"input": (128, 3), "depth": 4}),
    Claim("cut before the top, 150x150", "21_transfer:Base", {"output": (4, 4, 512), "params": 14_714_688}),
]  # fmt: skip

COUNTS = [
    Claim("exercise a)", "300x300x3; flatten; dense 100", {"params": 27_000_100}),
    Claim("exercise b)", "300x300x3; conv 100, 5x5", {"params": 7_600, "output": (296, 296, 100)}),
    Claim("one bias for each filter", "9x9x1; conv 5, 2x2", {"params": 5 * 4 + 5}),
    Claim("256 maps of 100x100 to ten", "100x100x256; flatten; dense 10, bias=false", {"params": 25_600_000}),
    Claim("as Keras prints it", "100x100x256; flatten; dense 10", {"params": 25_600_010}),
    Claim("by the means", "100x100x256; global_avgpool; dense 10, bias=false", {"params": 2_560}),
    Claim("5x5 over 192 maps", "28x28x192; conv 32, 5x5, pad=same", {"macs": 120_422_400}),
    Claim("1x1 down to 16", "28x28x192; conv 16, 1x1", {"macs": 2_408_448}),
    Claim("then 5x5", "28x28x16; conv 32, 5x5, pad=same", {"macs": 10_035_200}),
    Claim("together", "28x28x192; conv 16, 1x1; conv 32, 5x5, pad=same", {"macs": 12_443_648}),
    Claim("5x5 for each pair of maps", "9x9x7; conv 7, 5x5, bias=false", {"params": 25 * 49, "field": (5, 5)}),
    Claim("two 3x3", "9x9x7; conv 7, 3x3, bias=false; conv 7, 3x3, bias=false", {"params": 18 * 49, "field": (5, 5)}),
    Claim("separable, 64 to 128", "9x9x64; separable_conv 128, 3x3, bias=false", {"params": 8_768}),
    Claim("regular", "9x9x64; conv 128, 3x3, bias=false", {"params": 73_728}),
    Claim("depthwise k*k*c*m", "9x9x6; depthwise_conv 3x3, multiplier=2, bias=false", {"params": 9 * 6 * 2}),
    Claim("response normalisation has no weights", "9x9x6; lrn 5, alpha=1e-4, k=2", {"params": 0}),
    Claim("dilation costs nothing", "9x9x4; conv 4, 3x3, dilation=2", {"params": 148, "field": (5, 5)}),
    Claim("as many without", "9x9x4; conv 4, 3x3", {"params": 148, "field": (3, 3)}),
    Claim("two windows of 2, stride 2, dilated by 2: 7, not 8", "14_receptive_field:TwoLayers", {"field": (7,)}),
    Claim("dilations 1, 2, 4: 8", "14_receptive_field:Doubling", {"field": (8,)}),
    Claim("cats and dogs", "zoo:cats_vs_dogs", {"params": 3_453_121, "depth": 6}),
    Claim("digits", "zoo:mnist_convnet", {"params": 93_322, "trainable": 93_322, "non_trainable": 0}),
    Claim("the base for digits", "20_cats_vs_dogs:Base", {"params": 55_744, "output": (3, 3, 64)}),
    Claim("VGG16 with a head for two", "zoo:vgg16_transfer", {"params": 16_812_353, "tensors": 30}),
    Claim("res5 and its heads", "18_detection:SecondStage",
          {"trainable": 14_964_736 + 205_522_944 + 2049 * 81 + 2049 * 320}),
    Claim("a classifier", "18_detection:Classifier", {"params": 76 * 16 + 401 * 400 + 401 * 400 + 401 * 4}),
    Claim("slides with as many weights", "18_detection:Sliding", {"params": 76 * 16 + 401 * 400 + 401 * 400 + 401 * 4}),
]  # fmt: skip

NETWORKS = [
    Claim("LeNet-5 as published: 60,000", "zoo:lenet5_original", {"trainable": 60_000}),
    Claim("as usually written: 60 thousand", "zoo:lenet5", {"params": 61_706, "depth": 5}),
    Claim("AlexNet on two GPUs", "zoo:alexnet_two_gpus", {"params": 60_965_224, "depth": 8, "units": 659_272}),
    Claim("AlexNet in groups", "07_alexnet:Grouped", {"params": 60_965_224, "depth": 8}),
    Claim("AlexNet on one", "07_alexnet:OneGPU", {"params": 62_378_344}),
    Claim("AlexNet of torchvision", "zoo:alexnet", {"params": 61_100_840}),
    Claim("ZFNet: 8 layers", "zoo:zfnet", {"depth": 8}),
    Claim("VGG A", "08_vgg:A", {"depth": 11, "params": 132_863_336}),
    Claim("VGG A-LRN", "08_vgg:ALRN", {"depth": 11, "params": 132_863_336}),
    Claim("VGG B", "08_vgg:B", {"depth": 13, "params": 133_047_848}),
    Claim("VGG C", "08_vgg:C", {"depth": 16, "params": 133_638_952}),
    Claim("VGG D", "08_vgg:D", {"depth": 16, "params": 138_357_544}),
    Claim("VGG E", "08_vgg:E", {"depth": 19, "params": 143_667_240}),
    Claim("GoogLeNet: 22 layers, not 19; 7 million", "zoo:googlenet_paper",
          {"depth": 22, "params": 6_998_552 + 3_188_840 + 3_190_888}),
    Claim("GoogLeNet of torchvision", "zoo:googlenet", {"depth": 22, "trainable": 13_004_888}),
    Claim("ResNet-34", "zoo:resnet34", {"depth": 34}),
    Claim("ResNet-152", "zoo:resnet152", {"depth": 152}),
    Claim("Inception v3", "zoo:keras/inceptionv3", {"params": 23_851_784}),
    # the models to know, with the totals that Keras publishes; ResNeXt is torchvision's
    Claim("Xception", "zoo:keras/xception", {"params": 22_910_480}),
    Claim("VGG16", "zoo:keras/vgg16", {"params": 138_357_544, "output": (1000,)}),
    Claim("VGG19", "zoo:keras/vgg19", {"params": 143_667_240}),
    Claim("ResNet", "zoo:keras/resnet50", {"params": 25_636_712}),
    Claim("ResNetV2", "zoo:keras/resnet50v2", {"params": 25_613_800}),
    Claim("ResNeXt", "zoo:resnext50_32x4d", {"trainable": 25_028_904}),
    Claim("InceptionResNetV2", "zoo:keras/inceptionresnetv2", {"params": 55_873_736}),
    Claim("MobileNet", "zoo:keras/mobilenet", {"params": 4_253_864}),
    Claim("MobileNetV2", "zoo:keras/mobilenetv2", {"params": 3_538_984}),
    Claim("DenseNet", "zoo:keras/densenet121", {"params": 8_062_504}),
    Claim("NASNet", "zoo:keras/nasnetmobile", {"params": 5_326_716}),
]  # fmt: skip


@pytest.mark.parametrize("claim", [*SIZES, *COUNTS, *NETWORKS], ids=lambda claim: f"{claim.says} ({claim.net})")
def test_a_figure(claim: Claim) -> None:
    assert found(claim) == claim.figures


def test_five_by_five_costs_2_78_times_a_three_by_three() -> None:
    costs = [network(f"28x28x8; conv 8, {k}x{k}, pad=same").macs or 0 for k in (5, 3)]
    assert round(costs[0] / costs[1], 2) == 2.78


def test_the_bottleneck_saves_nine_tenths() -> None:
    costs = [network(f"09_inception:{model}").macs or 0 for model in ("FiveByFive", "Bottleneck")]
    assert round(costs[0] / costs[1], 2) == 9.68


def test_cats_and_dogs_row_by_row() -> None:
    layers = [layer.node for layer in network("zoo:cats_vs_dogs").layers[1:]]
    assert [node.facts.output[0] for node in layers if node.facts.output.rank] == [148, 74, 72, 36, 34, 17, 15, 7]
    assert [node.facts.params for node in layers if node.facts.params] == [896, 18_496, 73_856, 147_584, 3_211_776, 513]
    assert types("zoo:cats_vs_dogs")[:8] == ["Conv2D", "MaxPooling2D"] * 4
    assert layers[8].facts.output == (6272,)


def test_digits_row_by_row() -> None:
    rows = [(tuple(x.node.facts.output), x.node.facts.params) for x in network("zoo:mnist_convnet").layers[1:]]
    assert rows == [
        ((26, 26, 32), 320), ((13, 13, 32), 0), ((11, 11, 64), 18_496), ((5, 5, 64), 0), ((3, 3, 64), 36_928),
        ((576,), 0), ((64,), 36_928), ((10,), 650),
    ]  # fmt: skip


LENET = ["Conv2D", "AveragePooling2D", "Conv2D", "AveragePooling2D"]
MODERN = ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense", "Activation"]


def test_lenet_is_conv_pool_conv_pool_dense() -> None:
    assert types("zoo:lenet5")[:4] == LENET
    assert types("06_lenet5:ForMnist") == MODERN


def test_the_table_of_lenet() -> None:
    assert [tuple(row[2:]) for row in maps_rows(network("06_lenet5:Table"))] == [
        ("1", "32x32", "-", "-", "-"), ("6", "28x28", "5x5", "1", "tanh"), ("6", "14x14", "2x2", "2", "tanh"),
        ("16", "10x10", "5x5", "1", "tanh"), ("16", "5x5", "2x2", "2", "tanh"), ("120", "-", "-", "-", "tanh"),
        ("84", "-", "-", "-", "tanh"), ("10", "-", "-", "-", "softmax"),
    ]  # fmt: skip


def test_vgg16_has_13_convolutions_and_not_10() -> None:
    assert types("08_vgg:D").count("Conv2D") == 13


def test_googlenet_has_nine_modules_and_no_batch_normalisation() -> None:
    assert instances("zoo:googlenet_paper", "inception") == 9
    assert "BatchNormalization" not in types("zoo:googlenet_paper")
    assert len(network("zoo:googlenet_paper").outputs) == 3  # the auxiliary losses' heads


def test_alexnet_drops_pools_and_normalises() -> None:
    found_types = set(types("zoo:alexnet_two_gpus"))
    assert {"Conv2D", "MaxPooling2D", "Dropout", "LocalResponseNormalization", "Dense"} <= found_types
    drops = [layer.node.op for layer in network("zoo:alexnet_two_gpus").layers if layer.node.type == "Dropout"]
    assert [getattr(op, "p", None) for op in drops] == [0.5, 0.5]


def test_the_legend_of_inception_v3() -> None:
    legend = {"Conv2D", "AveragePooling2D", "MaxPooling2D", "Concatenate", "Dense"}
    assert legend <= set(types("zoo:keras/inceptionv3"))


def test_a_squeeze_excite_block() -> None:
    assert types("12_squeeze_excite:Block") == ["GlobalAveragePooling2D", "Dense", "Dense", "Multiply"]
    acts = [getattr(node.op, "act", None) for node in network("12_squeeze_excite:Block").nodes]
    assert [act.word for act in acts if act] == ["relu", "sigmoid"]


def test_the_road_net_is_convolutions_with_dropout() -> None:
    found_types = set(types("zoo:road_unet"))
    assert {"Conv2D", "Dropout", "Concatenate"} <= found_types
    assert "Dense" not in found_types


def test_the_first_eight_layers_are_values_to_look_at() -> None:
    text = (
        'import CatsVsDogs from "zoo:cats_vs_dogs"\nmodel Net:\n    input 150x150x3\n    CatsVsDogs until="maxpool4"\n'
    )
    cut = compile_text(text).checked
    assert len(cut.layers) == 1 + 8
    assert cut.outputs[0].port.shape == (7, 7, 128)


REFUSED = {
    "branches of an inception module must agree in height and width": (
        "    input 28x28x8\n    concat:\n        branch: conv 4, 1x1\n        branch: conv 4, 3x3\n",
        "28x28x4 and 26x26x4",
    ),
    "a skip connection needs equal shapes, or a projection": (
        "    input 28x28x8\n    residual:\n        conv 16, 3x3, stride=2, pad=1\n",
        "14x14x16",
    ),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says: str) -> None:
    body, shapes = REFUSED[says]
    with pytest.raises(CompileError) as wrong:
        compile_text(f"model Net:\n{body}")
    told = wrong.value.diagnostics[0]
    assert told.code == "shape-mismatch"
    assert shapes in f"{told.message} {told.label} {told.help}"


def test_three_by_three_with_stride_three_over_seven_is_warned_of() -> None:
    warned = compile_text("model Net:\n    input 7x7x1\n    conv 1, 3x3, stride=3\n").warnings
    assert [(one.code, "the last place is never seen" in one.message) for one in warned] == [("kernel-tiling", True)]


@pytest.mark.parametrize(("pad", "border"), [("1", (1, 1)), ("same", (0, 1))])
def test_padding_by_number_is_symmetric_and_same_at_stride_two_is_not(pad: str, border: tuple[int, int]) -> None:
    given, conv = network(f"8x8x1; conv 1, 3x3, stride=2, pad={pad}").nodes
    assert isinstance(conv.op, Conv)
    assert conv.op.sliding(given.facts.output).borders == (border, border)


def test_res5_is_the_last_stage_of_a_resnet50() -> None:
    """layer4 of torchvision.models.resnet50 has 14,964,736 parameters; without its stride 7x7 stays 7x7."""
    layers = [layer for layer in network("18_detection:SecondStage").layers if layer.name.startswith("res5")]
    assert sum(layer.node.facts.trainable for layer in layers) == 14_964_736
    assert layers[-1].node.facts.output == (7, 7, 2048)


@pytest.mark.parametrize(
    ("said", "word"), [("CONV", "conv"), ("RELU", "relu"), ("POOL", "maxpool"), ("FC", "dense"), ("fc", "dense")]
)
def test_the_words_of_the_lecture_lead_to_ours(said: str, word: str) -> None:
    """INPUT, CONV, RELU, POOL, FC: who types them is told the word."""
    with pytest.raises(CompileError) as wrong:
        compile_text(f"model Net:\n    input 8x8x3\n    {said} 10\n")
    assert f"`{word}`" in wrong.value.diagnostics[0].help
