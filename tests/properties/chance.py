"""Legal networks drawn by chance, with every operator, as text: `network(seed)`.

Pieces are drawn from tables and appended one by one; what the compiler refuses is left out again, so that no rule of
shapes is told a second time here.
"""

from __future__ import annotations

import random
import re

from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.shape import Shape

# {a|b|c} is one of them; a call that does not suit the map it meets is refused by the compiler
WINDOW = "{1|2|3|(3, 1)|(2, 3)|(1, 2, 3)}{|, stride=2|, stride=(2, 1)|, stride=3}{|, pad=same|, pad=same|, pad=1}"
ACT = "{|||, act=relu|, act=leaky_relu(0.2)|, act=swish|, act=tanh|, act=softmax|, act=sigmoid|, act=gelu}"
BIAS = "{|||, bias=false}"

LAYERS = {
    "conv": [f"conv {{2|3|4|6}}, {WINDOW}{{|||, dilation=2|, groups=2}}{BIAS}{ACT}",
             "conv 4, 3, pad={((2, 0), (0, 1))|(0, 1)|causal|same}{|, weight_norm=true}",
             "conv 1, 3x3, kernel=[[1, 0, -1], [2, 0, -2], [1, 0, -1]]"],
    "depthwise_conv": [f"depthwise_conv {WINDOW}{{|||, multiplier=2|, dilation=2}}{BIAS}{ACT}"],
    "separable_conv": [f"separable_conv {{2|4|6}}, {WINDOW}{{|||, multiplier=2|, dilation=2}}{BIAS}{ACT}"],
    "conv_transpose": [f"conv_transpose {{2|4}}, {WINDOW}{{|||, groups=2|, dilation=2}}{BIAS}{ACT}",
                       "conv_transpose 4, {3|4}, stride=2, pad=1{|, output_pad=1}"],
    "local_conv": [f"local_conv {{2|4}}, {WINDOW}{BIAS}{ACT}"],
    "dense": [f"dense {{2|5}}{BIAS}{ACT}", f"dense {{2|4|5}}, per_place=true{BIAS}{ACT}"],
    "rbf": ["rbf 3"],
    "flatten": ["flatten"],
    "dropout": ["dropout 0.3"], "spatial_dropout": ["spatial_dropout 0.3"], "drop_path": ["drop_path 0.3"],
    "alpha_dropout": ["alpha_dropout 0.3"], "gaussian_dropout": ["gaussian_dropout 0.3"],
    "gaussian_noise": ["gaussian_noise 0.3"],
    "batchnorm": ["batchnorm{|, eps=1e-5}{||, scale=false}{||, center=false}"],
    "layernorm": ["layernorm{|, eps=1e-5}{||, scale=false}{||, center=false}"],
    "rmsnorm": ["rmsnorm"],
    "groupnorm": ["groupnorm {2|3}{||, scale=false}{||, center=false}"],
    "instancenorm": ["instancenorm{||, scale=false}"],
    "lrn": ["lrn {3|5}, alpha=0.1, {beta=0.75|beta=0.5}, k={1|2}{|, average=true}"],
    "l2_normalize": ["l2_normalize"],
    "response_norm": ["response_norm"],
    "maxpool": [f"maxpool {WINDOW}{{|, ceil=true}}"],
    "avgpool": [f"avgpool {WINDOW}{{|, ceil=true}}{{|, count_pad=false}}"],
    "l2pool": [f"l2pool {WINDOW}"],
    "adaptive_avgpool": ["adaptive_avgpool {1|2|3}"], "adaptive_maxpool": ["adaptive_maxpool {1|2|3}"],
    "global_avgpool": ["global_avgpool keep=true"], "global_maxpool": ["global_maxpool keep=true"],
    "zeropad": ["zeropad {1|(0, 1)|((1, 0), (0, 2))}{|, value=0.5}"],
    "reflection_pad": ["reflection_pad {1|2|(0, 1)}"], "edge_pad": ["edge_pad {1|(0, 2)}"],
    "crop": ["crop {1|(0, 1)|((1, 0), (0, 1))}"],
    "permute": ["permute {(2, 1)|(2, 1, 3)|(1, 3, 2)|(3, 1, 2)|(2, 3, 1, 4)|(4, 1, 2, 3)}"],
    "take_channels": ["take_channels {[0, 1]|[1, 0, 0, 3]|[2, 1, 0]}"],
    "channel_shuffle": ["channel_shuffle {2|3}"],
    "upsample": ["upsample {2|3|(2, 1)}{|, mode=bilinear}", "upsample to={9x7|6x8|5x5|11}{|, mode=bilinear}"],
    "pixel_shuffle": ["conv 8, 1 -> pixel_shuffle 2"], "pixel_unshuffle": ["pixel_unshuffle 2"],
    "scale": ["scale {0.5|-2}"], "offset": ["offset {0.5|-1}"], "rescale": ["rescale 1 / 2, offset=-1"],
    "normalize": ["normalize mean={0.3|[0.1, -0.2, 0.3, 0]}, std={0.5|[0.5, 2, 0.3, 1]}", "normalize"],
    "channel_affine": ["channel_affine"], "layer_scale": ["layer_scale"], "stop_gradient": ["stop_gradient"],
    "identity": ["identity"],
    "relu": ["relu{||, max=1|, slope=0.1|, threshold=0.3}"],
    "prelu": ["prelu{|, per=value|, per=layer}"], "leaky_relu": ["leaky_relu 0.2"], "celu": ["celu 0.5"],
    "gelu": ["gelu{|, approximate=true}"], "elu": ["elu{|, 0.5}"], "softplus": ["softplus"], "clip": ["clip -0.5, 1"],
    "exponential": ["tanh -> exponential"], "square": ["tanh -> square"], "threshold": ["threshold 0.2, 0.1"],
    "glu": ["glu"], "scaled_sigmoid": ["scaled_sigmoid 0.5{|, 3}"],
    **{word: [word] for word in (
        "relu6", "selu", "swish", "mish", "softsign", "sigmoid", "log_sigmoid", "hard_sigmoid",
        "hard_swish", "tanh", "scaled_tanh", "hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink", "abs", "linear",
        "softmax", "log_softmax")},
}  # fmt: skip
"""Calls that take the flow and make the next value."""
OFTEN = ["conv", "depthwise_conv", "separable_conv", "conv_transpose", "local_conv", "maxpool", "avgpool", "l2pool",
         "batchnorm", "zeropad", "upsample"]  # fmt: skip
WORDS = [*LAYERS, *OFTEN * 4]

TEXT = ["embedding 9, {3|4}", "one_hot 9"]
"""Calls that take whole numbers: the first layer of a network of text."""

BLOCKS = [
    "residual:\n    {one}\n    conv {width}, 1{act}",
    "residual:\n    {one}\n    shortcut:\n        {two}",
    "residual drop=0.2:\n    {one}",
    "{merge}:\n    branch: {one}\n    branch: {two}",
    "{merge}:\n    branch: {one} -> conv 4, 1\n    branch: {two} -> conv 4, 1\n    branch: conv 4, 1{act}",
    "concat axis={axis}:\n    branch: {one}\n    branch: {two}",
    "{one} as {name}\n{two}\n{pair} {name}",
    "{one} as {name}\n{two}\n{join} {name}",
    "as {name}\n{two}\n{pair} {name}",
    "as {name}\nglobal_avgpool{keep} -> dense {width}{keep_place}, act=sigmoid\nmultiply {name}",
    "as {name}\n{name}p, {name}q = {name} -> split 2\n({name}q, {name}p) -> {join}",
    "as {name}\n{name}p, {name}i = {name} -> maxpool_places 2\n{name}p -> unpool {name}i\n{one}",
    "as {name}\n{one}\n({name}, {name}) -> {join}",
    "as {name}\n{one} as {name}s\n{name} -> crop {name}s\nadd {name}s",
    "share {name} = {layer}\n{name} -> {one} -> {name}",
    "share {name} = {layer}\nadd:\n    branch: {name}\n    branch: {one} -> {name}",
    "group as {name}:\n    {one} -> {two}",
    "repeat {2|3}:\n    {one}",
    "for i in range(2):\n    {one} -> {two} as {name}[i]",
    "cell {width}\n{one}\ncell {width}, step=2",
    "flatten -> dense {size} -> reshape {shape}",
    "as {name}\nflatten -> dense 3 as {name}m\n{name} -> flatten -> dense 3 as {name}v\n"
    "({name}m, {name}v) -> sample_normal",
    "reshape {flat}x{width} -> {one}",
]
"""Statements of several lines; `one` and `two` are calls from LAYERS."""

MERGES = ["add", "concat", "multiply", "average", "maximum", "minimum", "add", "concat"]
PAIRS = ["add", "subtract", "multiply", "scaled_add 0.3", "add drop=0.2", "maximum", "average", "minimum"]
JOINS = ["concat", "dot", "dot normalize=true", "concat axis=height", "dot axes=(2, 1)"]

CELL = "block cell(width, step=1):\n    conv width, 3, stride=step, pad=same -> batchnorm -> relu\n"
HEADS = ["global_avgpool -> dense 3 -> softmax", "flatten -> dense 2, act=sigmoid", "global_maxpool -> rbf 3",
         "conv 3, 1", "global_avgpool -> dense 4 -> batchnorm -> swish -> dense 2", ""]  # fmt: skip


class Writer:
    """One network while it is written."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        self.names: list[str] = []
        self.number = 0
        self.inputs = self.header()
        self.checked = self.compiled(self.text(["identity"]))

    def header(self) -> list[str]:
        """The inputs: one, several, or a row of whole numbers."""
        width = self.dice.choice([2, 3, 4, 4, 6])
        rank = self.dice.choice([0, 1, 1, 2, 2, 2, 2, 3, 3])
        sizes = [self.dice.randint(*(((0, 0), (8, 14), (6, 10), (4, 6))[rank])) for _ in range(rank)]
        shape = "x".join(map(str, [*sizes, width]))
        if self.dice.random() < 0.06:
            return ["input 9", self.filled(self.dice.choice(TEXT))]
        if self.dice.random() < 0.75:
            return [f"input {shape}"]
        return [f"a = input {shape}", f"b = input {self.dice.choice([shape, shape, str(width)])}",
                f"(a, b) -> {self.dice.choice(PAIRS)}"]  # fmt: skip

    def text(self, more: list[str]) -> str:
        lines = [*self.inputs, *self.lines, *more]
        cell = CELL if any("cell " in line for line in lines) else ""
        return "model Chance:\n" + "".join(f"    {line}\n" for line in lines if line) + cell

    def compiled(self, text: str) -> Checked:
        return compile_text(text).checked

    def accepted(self, more: list[str]) -> bool:
        """Whether the lines may stand next; then they do."""
        try:
            checked = self.compiled(self.text(more))
        except CompileError:
            return False
        if any(n is None or n > 40 for o in checked.outputs for n in o.port.shape) or checked.params > 60_000:
            return False
        self.lines += more
        self.checked = checked
        return True

    @property
    def shape(self) -> Shape:
        return self.checked.outputs[0].port.shape

    # --- pieces -------------------------------------------------------------------------------------------------------

    def filled(self, template: str) -> str:
        return re.sub(r"\{([^{}]*\|[^{}]*)\}", lambda found: self.dice.choice(found[1].split("|")), template)

    def layer(self) -> str:
        """A call that suits the flow, else the last one tried."""
        call = "relu"
        for _ in range(20):
            word = self.dice.choice(WORDS)
            call = tidy(self.filled(self.dice.choice(LAYERS[word])))
            try:
                self.compiled(self.text([call]))
            except CompileError:
                continue
            return call
        return call

    def block(self) -> list[str]:
        self.number += 1
        name, shape = f"v{self.number}", self.shape
        made = self.dice.choice(BLOCKS).replace("{2|3}", self.dice.choice("23"))
        values = {
            "one": self.layer(), "two": self.layer(), "layer": self.layer().split(" -> ")[0], "name": name,
            "merge": self.dice.choice(MERGES), "pair": self.dice.choice(PAIRS), "join": self.dice.choice(JOINS),
            "width": shape.channels or 1, "act": self.dice.choice(["", ", act=relu"]),
            "axis": self.dice.choice(["height", "width", "length", "depth"]), "shape": shape, "size": shape.size,
            "flat": (shape.size or 1) // (shape.channels or 1), "keep": self.dice.choice([" keep=true", ""]),
        }  # fmt: skip
        values["keep_place"] = ", per_place=true" if values["keep"] else ""
        for key, value in values.items():
            made = made.replace(f"{{{key}}}", str(value))
        if f"as {name}\n" in made and "[" not in made:
            self.names.append(name)
        return made.split("\n")

    def network(self) -> str:
        wanted = self.dice.randint(2, 6)
        for _ in range(40):
            if wanted and self.accepted(self.block() if self.dice.random() < 0.4 else [self.layer()]):
                wanted -= 1
        self.accepted([self.dice.choice(HEADS)])
        if self.dice.random() < 0.3:
            self.several()
        return self.text([])

    def several(self) -> None:
        """Several outputs: the last value and some named before."""
        more = self.dice.sample(self.names, min(len(self.names), self.dice.randint(1, 2)))
        if more:
            self.accepted(["as last", f"output last, {', '.join(more)}"])


def tidy(call: str) -> str:
    """A call whose first argument came out empty: `relu, max=1` is `relu max=1`."""
    return re.sub(r"(^|-> )(\w+), ", r"\1\2 ", call)


def network(seed: int) -> str:
    """The text of a network; the same for the same seed."""
    return Writer(seed).network()
