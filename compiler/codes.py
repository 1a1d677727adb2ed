"""What each diagnostic means, by its code: `cnnc explain CODE` prints it.

Codes are stable: other programs match on them. Each text is one or two sentences and an example, wrong and right.
"""

from __future__ import annotations

ERRORS = {
    "syntax": """The text is not in the grammar of .cnn files. The message says what stands there and what could stand
there.

    conv 64 3x3           wrong: no comma between arguments
    conv 64, 3x3          right""",
    "indentation": """Bodies are told by indentation, with spaces: every statement of a body begins in the same
column.

    residual:
    conv 64, 3x3          wrong: the body is not indented
        conv 64, 3x3      right""",
    "encoding": """A .cnn file is UTF-8 text; names are ASCII, so that two names that look alike are alike.""",
    "file": """The file cannot be read.""",
    "limit": """A stated limit is exceeded: of the text (bytes, tokens, nesting), of numbers, or of what the text
expands to (layers, turns of loops, depth of calls). The limits keep a stranger's file from costing more than moments;
the reference lists them.""",
    "import": """An import points to a .cnn file below the folder that imports may come from, by a path relative to
the file that imports, or to a bundled file.

    import basic from "/etc/blocks.cnn"       wrong: absolute
    import basic from "blocks/resnet.cnn"     right
    import basic from "zoo:blocks/resnet" """,
    "no-model": """The file has no model, or none of the name asked for with `--model`.""",
    "unknown-name": """A name in an argument is bound to nothing: it is no local, no `let`, block or model of the
file, no layer, function or known word.""",
    "unknown-layer": """What stands at the head of a call is no value, block, model or layer. Layers are written in
lower case.

    Conv2D 64, 3x3        wrong
    conv 64, 3x3          right""",
    "unknown-argument": """The layer, block or model has no argument of this name. Nothing is ignored in silence.

    conv 64, 3x3, padding=1       wrong
    conv 64, 3x3, pad=1           right""",
    "missing-argument": """An argument without a default was not given.

    leaky_relu            wrong: Keras and PyTorch differ in the slope
    leaky_relu 0.1        right""",
    "too-many-arguments": """More arguments than the callee takes by position, or one given twice. Most arguments are
given by name.

    conv 64, 3x3, 2               wrong
    conv 64, 3x3, stride=2        right""",
    "bad-argument": """An argument is of the right kind and out of its range, or does not fit the others.

    conv 64, 3x3, groups=3        wrong: 64 channels do not split into 3 groups""",
    "type": """A value is of another kind than is wanted in this place: a string for a number, a number for a list, a
value of the network for a number.""",
    "index": """There is no element of this index or key.""",
    "rebound": """A name is bound once, and never hides one from outside. In loops use an index.

    for i in range(4): conv 64 as e           each turn has its own `e`, gone after it
    for i in range(4): conv 64 as e[i]        the block has e[0] to e[3]""",
    "not-defined": """The name would be bound in the body of a condition that is false here.""",
    "no-current-value": """There is no value to work on: before `input`, or after `=`, where nothing flows in by
itself. What a newcomer writes as `a = conv 64, 3x3` is refused, because it would not move the flow.

    a = conv 64, 3x3              wrong
    conv 64, 3x3 as a             right: the flow goes on from a
    a = b -> conv 64, 3x3         right: aside, from b""",
    "unused-value": """`name = ...` puts a value aside and leaves the flow where it was. A value put aside and never
read is a mistake: either the flow should have moved (`... as name`), or the line is not needed.""",
    "merge-operands": """A merge in the flow takes one value beside it. `add a, b` would be current + a + b; say which
is meant.

    add a                         current + a
    (a, b) -> add                 a + b""",
    "too-few-values": """An operator that works on several values received fewer.""",
    "too-many-values": """Several values reached an operator that takes one; they can meet a merge, or be taken apart
with `a, b = ...`.""",
    "shape-mismatch": """Two shapes must agree and do not. The message gives both; nothing is projected or cropped in
silence.

    residual:
        conv 128, 3x3, stride=2, pad=1
        shortcut: conv 128, 1x1, stride=2         without it: 28x28x128 and 56x56x64""",
    "window-too-large": """A kernel or pooling window is larger than the map it slides over, or nothing would be
left.""",
    "rank": """The operator does not work on maps of this many dimensions.""",
    "open-size": """A size written `?` is needed here while compiling. Use layers that do not need it
(`global_avgpool` instead of `flatten`), or give the size with `--input`.""",
    "dense-on-map": """`dense` works on vectors. Keras would apply it to the last axis of a map, which is rarely what
is meant after a forgotten `flatten`.

    flatten -> dense 10
    global_avgpool -> dense 10
    conv 10, 1x1                  for every place alike""",
    "missing-body": """A word that opens a body stands without one.

    repeat 3:
        conv 64, 3x3""",
    "no-body": """A body stands behind something that takes none.""",
    "no-branch": """`branch:` stands in the body of a merge such as `concat:`; a merge needs at least one, and nothing
else stands directly in it but `for`, `repeat`, `if` and `let`.""",
    "no-residual": """`shortcut:` stands directly in the body of a `residual:`, once.""",
    "word": """Words such as `output` and `repeat` begin a line of their own; they are no steps of a chain.""",
    "input": """`input SHAPE` declares an input of a model, at the start of a line or behind `=`. Inside a block,
`input` alone is the value that came in.""",
    "after-output": """`output` ends a block or model; nothing follows it.""",
    "unused-input": """No output depends on this input.""",
    "variant": """`model B = A 3:` may have a body, of documentation, `expect` and `allow` only.""",
    "share-mismatch": """A shared layer has one set of weights; all its uses must need weights of the same shape.""",
    "duplicate-path": """Two layers have the same path, so that their weights could not be told apart, or one stands
below the path of another that is a weight by itself (`layer_scale`).""",
    "expect": """A figure that the file promises with `expect` does not hold. Figures are held when a model is
compiled as it is declared, without `-p` or `--input`.""",
    "recipe": """An entry of a `train:` block is not understood, or contradicts another.""",
    "unknown-entry": """The vocabulary of recipes has no such entry.""",
    "entry-twice": """An entry of a recipe that can stand once stands twice.""",
    "unknown-word": """The word is not known in this place of a recipe.""",
    "unknown-output": """A loss names an output that the model has not.""",
    "no-match": """A pattern of `params` matches no weight of the model.""",
}

WARNINGS = {
    "unused-layer": """A layer reaches no output. It is left out of the model, as in Keras.""",
    "huge-dense": """A `dense` over a large flattened map has most of the network's weights, as in AlexNet and VGG.
Modern nets pool first: `global_avgpool`.""",
    "kernel-tiling": """The windows do not cover the map: a tenth of a side or more is never seen at its end, as with
3x3 and stride 3 over 7x7, or a window below its stride leaves gaps. Choose `pad=same`, `ceil=true` or sizes that fit.
A strided 1x1 is not meant: it skips on purpose.""",
    "checkerboard": """A transposed convolution whose kernel is no multiple of its stride writes some places more
often than others, which shows as a checkerboard (Odena et al., 2016).""",
    "broadcast": """Sizes of 1 are repeated to fit the other value of a sum. It is what V-Net does on purpose, and a
slip elsewhere.""",
    "default-activation": """An output goes through an activation that only `defaults:` gave its layer: logits through
relu, for example. Write the activation at the layer to confirm or to change it.""",
    "shadowed-layer": """A block or model has the name of a layer and hides it in this file.""",
}
"""Warnings can be turned off: `--allow NAME` on the command line, `allow "NAME"` in the body of a model."""

CODES: dict[str, str] = {**ERRORS, **WARNINGS}
