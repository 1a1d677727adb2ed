"""What makes one value of several."""

from .harness import Row

MAPS = "3x4x6, 3x4x6: (a, b)"
THREE = "3x4x6, 3x4x6, 3x4x6: (a, b, c)"

ROWS = [
    Row("add", f"{MAPS} -> add", lambda k: k.layers.Add()),
    Row("add-three", f"{THREE} -> add", lambda k: k.layers.Add()),
    Row("add-flow", "3x4x6, 3x4x6: a -> add b", lambda k: k.layers.Add()),
    Row("add-twice", "3x4x6: (a, a) -> add", lambda k: lambda x: x + x, type="Add"),
    Row("add-one", "3x4x6: add", lambda k: lambda x: x, type="Add"),
    Row("add-vector", "6, 6: (a, b) -> add", lambda k: k.layers.Add()),
    Row("add-broadcast", "3x4x6, 3x4x1: (a, b) -> add", lambda k: k.layers.Add()),
    Row("add-open", "?x?x6, ?x?x6: (a, b) -> add", lambda k: k.layers.Add()),
    Row("add-drop", f"{MAPS} -> add drop=0.5", lambda k: k.layers.Add()),
    Row("scaled_add", f"{MAPS} -> scaled_add 0.17", lambda k: lambda a, b: a + 0.17 * b, type="CustomScaleLayer"),
    Row("scaled_add-three", f"{THREE} -> scaled_add -2", lambda k: lambda a, b, c: a + b - 2 * c),
    Row("subtract", f"{MAPS} -> subtract", lambda k: k.layers.Subtract()),
    Row("multiply", f"{MAPS} -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-three", f"{THREE} -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-squeezed", "3x4x6, 1x1x6: (a, b) -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-vector", "3x4x6, 6: (a, b) -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-vector-first", "6, 3x4x6: (a, b) -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-attention", "3x4x6, 3x4x1: (a, b) -> multiply", lambda k: k.layers.Multiply()),
    Row("multiply-open", "?x?x6, 1x1x6: (a, b) -> multiply", lambda k: k.layers.Multiply()),
    Row("average", f"{THREE} -> average", lambda k: k.layers.Average()),
    Row("average-broadcast", "3x4x6, 1x1x6: (a, b) -> average", lambda k: k.layers.Average()),
    Row("maximum", f"{THREE} -> maximum", lambda k: k.layers.Maximum()),
    Row("minimum", f"{THREE} -> minimum", lambda k: k.layers.Minimum()),
    Row("concat", "3x4x6, 3x4x2: (a, b) -> concat", lambda k: k.layers.Concatenate()),
    Row("concat-three", "3x4x6, 3x4x2, 3x4x1: (a, b, c) -> concat", lambda k: k.layers.Concatenate()),
    Row("concat-height", "3x4x6, 2x4x6: (a, b) -> concat axis=height", lambda k: k.layers.Concatenate(axis=1)),
    Row("concat-width", "3x4x6, 3x2x6: (a, b) -> concat axis=width", lambda k: k.layers.Concatenate(axis=2)),
    Row("concat-length", "3x6, 4x6: (a, b) -> concat axis=length", lambda k: k.layers.Concatenate(axis=1)),
    Row("concat-depth", "1x2x3x6, 3x2x3x6: (a, b) -> concat axis=depth", lambda k: k.layers.Concatenate(axis=1)),
    Row("concat-vector", "6, 2: (a, b) -> concat", lambda k: k.layers.Concatenate()),
    Row("concat-open", "?x?x6, ?x?x2: (a, b) -> concat", lambda k: k.layers.Concatenate()),
    Row("dot", "6, 6: (a, b) -> dot", lambda k: k.layers.Dot(axes=1), macs=0),
    Row("dot-cosine", "6, 6: (a, b) -> dot normalize=true", lambda k: k.layers.Dot(axes=1, normalize=True), macs=0),
    Row("dot-sequences", "5x6, 3x6: (a, b) -> dot", lambda k: k.layers.Dot(axes=2), macs=0),
    Row("dot-places", "5x6, 5x3: (a, b) -> dot axes=1", lambda k: k.layers.Dot(axes=1), macs=0),
    Row("dot-attention", "5x6, 6x3: (a, b) -> dot axes=(2, 1)", lambda k: k.layers.Dot(axes=(2, 1)), macs=0),
    Row("dot-vector", "6, 3x6: (a, b) -> dot", lambda k: k.layers.Dot(axes=(1, 2)), macs=0),
    Row(
        "dot-cosine-places",
        "5x6, 3x6: (a, b) -> dot normalize=true",
        lambda k: k.layers.Dot(axes=2, normalize=True),
        macs=0,
    ),
]
