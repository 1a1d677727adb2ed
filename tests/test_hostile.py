"""Files from strangers: whatever stands in one, `cnnc check` ends soon, in little memory, with a diagnostic.

Each case runs as a process of its own with 500 MB of address space. The limit of time is generous, for slow machines;
on a quiet one each takes less than two seconds.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MEMORY = 500 * 2**20
SECONDS = 20
SAMPLES = sorted((Path(__file__).parents[1] / "zoo").glob("*.cnn"))
NET = "model Net:\n    input 8x8x3\n"


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def check(*names: str, folder: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """`cnnc check`, in a folder."""
    command = [sys.executable, "-m", "cnnc", "check", *names]
    return subprocess.run(
        command, cwd=folder, input=given, capture_output=True, timeout=SECONDS, preexec_fn=limited, check=False
    )


def refused(made: subprocess.CompletedProcess[bytes]) -> set[str]:
    """The codes of the errors; a process that ends otherwise fails the test."""
    told = made.stderr.decode("utf-8", "replace")
    assert "Traceback" not in told, told[-2000:]
    assert "should not happen" not in told, told[-2000:]
    assert made.returncode == 1, (made.returncode, told[-2000:])
    return {line[len("error[") : line.index("]")] for line in told.splitlines() if line.startswith("error[")}


def nested(opening: str, inside: str, closing: str, count: int) -> str:
    return f"let a = {opening * count}{inside}{closing * count}\n"


def bodies(head: str, count: int) -> str:
    """Bodies in bodies, each one place deeper than the one around it."""
    return NET + "".join(f"{' ' * (4 + i)}{head}\n" for i in range(count)) + " " * (4 + count) + "relu\n"


def doubled(first: str, twice: str) -> str:
    """Forty values of which each holds the one before it twice."""
    lines = [f"let b{i} = {twice.replace('b', f'b{i - 1}')}\n" for i in range(1, 41)]
    return f"let b0 = {first}\n" + "".join(lines) + NET + "    dense b40\n"


def doubling() -> str:
    """Forty blocks of which each calls the one before it twice."""
    blocks = [f"block b{i}: b{i - 1} -> b{i - 1}\n" for i in range(1, 41)]
    return "block b0: relu\n" + "".join(blocks) + NET + "    b40\n"


TEXTS: dict[str, tuple[str, set[str]]] = {
    "brackets": (nested("(", "1", ")", 100_000), {"limit"}),
    "lists": (nested("[", "1", "]", 5_000), {"limit"}),
    "brackets never closed": ("let a = " + "(" * 100_000, {"limit"}),
    "indices": ("let a = b" + "[0]" * 10_000, {"limit"}),
    "calls": ("let a = " + "f(" * 3_000 + "1" + ")" * 3_000, {"limit"}),
    "minus signs": ("let a = " + "- " * 5_000 + "1", {"limit"}),
    "negations": ("let a = " + "not " * 4_000 + "true", {"limit"}),
    "conditions": ("let a = " + "1 if true else " * 1_200 + "1", {"limit"}),
    "powers": ("let a = " + "2 ** " * 3_000 + "1", {"limit"}),
    "repeats": (bodies("repeat 2:", 60), {"limit"}),
    "repeats too deep": (bodies("repeat 1:", 150), {"limit"}),
    "residuals too deep": (bodies("residual:", 3_000), {"limit"}),
    "many turns": (NET + "    for i in range(100000):\n        for j in range(100000):\n            relu\n", {"limit"}),
    "many layers": (NET + "    repeat 1000:\n        repeat 1000:\n            relu\n", {"limit"}),
    "blocks that double": (doubling(), {"limit"}),
    "lists that double": (doubled("[1]", "b + b"), {"limit"}),
    "strings that double": (doubled('"a"', "b + b"), {"limit"}),
    "functions that double": (
        "let f0(n) = n\n"
        + "".join(f"let f{i}(n) = f{i - 1}(f{i - 1}(n))\n" for i in range(1, 41))
        + "let a = f40(1)\n",
        {"limit"},
    ),
    "comprehensions": ("let a = [[[k for k in range(900)] for j in range(900)] for i in range(900)]\n", {"limit"}),
    "lists of one long list": (
        "let a = range(100000)\nlet b = [a + [i] for i in range(10000)]\n" + NET + "    relu\n",
        {"limit"},
    ),
    "long ranges": ("let a = [range(90000) for i in range(2000)]\n", {"limit"}),
    "slices of a long list": ("let a = range(90000)\nlet b = [a[1:] for i in range(20000)]\n", {"limit"}),
    "reversed long lists": ("let a = range(90000)\nlet b = [reversed(a) for i in range(20000)]\n", {"limit"}),
    "sums of a long list": ("let a = range(90000)\nlet b = [sum(a) for i in range(20000)]\n", {"limit"}),
    "comparisons of long lists": (
        "let a = range(90000)\nlet b = range(90000)\nlet c = [a == b for i in range(50000)]\n",
        {"limit"},
    ),
    "searches in a long list": ("let a = range(90000)\nlet c = [-1 in a for i in range(50000)]\n", {"limit"}),
    "lists of lists that double": (doubled("[1]", "[b, b]"), {"limit"}),
    "words that double": (doubled("1", "relu(b, b)"), {"limit"}),
    "blocks bound to blocks that double": (
        "block u(a=1, b=2): relu\n" + doubled("1", "u(b, b)"),
        {"limit"},
    ),
    "powers of powers": ("let a = 9 ** 9 ** 9 ** 9\n", {"limit"}),
    "a negative power": ("let a = 2 ** -1000000000000\nlet b = 0 ** -1\n", {"type"}),
    "large fractions": ("let a = 1e308 * 10\nlet b = 1e999\n", {"limit"}),
    "many digits": ("let a = " + "9" * 15_000, {"limit"}),
    "products": ("let a = " + " * ".join(["999999999"] * 1_000), {"limit"}),
    "a window beyond all sizes": (NET + "    conv 8, 999999999999999999, pad=999999999999999999\n", set()),
    "an enlargement beyond all sizes": (NET + "    repeat 100:\n        upsample 1000\n", {"limit"}),
    "a block through its parameter": ("block w(f):\n    f f\n" + NET + "    w w\n", {"limit"}),
    "a function of itself": ("let f(n) = f(n + 1)\n" + NET + "    dense f(0)\n", {"limit"}),
    "functions of each other": ("let f(n) = g(n)\nlet g(n) = f(n)\n" + NET + "    dense f(0)\n", {"limit"}),
    "a function through its parameter": ("let w(f) = f(f)\n" + NET + "    dense w(w)\n", {"limit"}),
    "variants of each other": ("model A = B\nmodel B = C\nmodel C = A\n", {"limit"}),
    "models in each other": ("model A:\n    input 8\n    B\nmodel B:\n    input 8\n    A\n", {"limit"}),
    "lets of each other": ("let a = b\nlet b = a\n" + NET + "    dense a\n", {"unknown-name"}),
    "a shared part of itself": (NET + "    share f = relu -> f\n    f\n", {"limit"}),
    "a long line": ("let a = [" + "1, " * 400_000 + "]\n", {"limit"}),
    "a long chain": (NET + "    relu" + " -> relu" * 130_000 + "\n", {"limit"}),
    "a long name": ("let " + "a" * 1_000_000 + " = 1\n", {"limit"}),
    "a long string": ('let a = "' + "a" * 1_000_000 + '"\n', {"limit"}),
    "NUL": (NET + "    relu\0\n", {"syntax"}),
    "control characters": (NET + "    relu \x1b[31m\x07\n", {"syntax"}),
    "a mark in the middle": (NET + "    \ufeffrelu\n", {"syntax"}),
    "line ends of all kinds": ("model Net:\r\n    input 8\n    relu\r    tanh\u2028    relu\x85\n", {"syntax"}),
    "direction marks": (NET + "    relu # \u202e\n    r\u202eelu\n", {"syntax"}),
    "an empty text": ("", {"no-model"}),
    "many large models": (
        "".join(f"model M{i}:\n    input 8\n    repeat 100000:\n        let a = 1\n    relu\n" for i in range(99)),
        {"limit"},
    ),
    "many errors": (NET + "    convolve 3\n" * 20_000, {"unknown-layer"}),
    "many broken lines": (NET + "    dense .5\n" * 20_000, {"syntax"}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, tmp_path: Path) -> None:
    text, codes = TEXTS[name]
    (tmp_path / "net.cnn").write_text(text, "utf-8", newline="")
    found = refused(check("net.cnn", folder=tmp_path))
    assert found == codes if codes else found


GARBAGE: dict[str, Callable[[], bytes]] = {
    "10 MB of random bytes": lambda: random.Random(1).randbytes(10_000_000),
    "10 MB of letters": lambda: b"abcdefghi " * 1_000_000,
    "10 MB of lines": lambda: b"relu\n" * 2_000_000,
    "10 MB of brackets": lambda: b"()[]{}\n" * 1_500_000,
    "20 MB of nothing": lambda: b"\n" * 20_000_000,
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(50_000),
    "UTF-16": lambda: NET.encode("utf-16"),
    "Latin-1": lambda: "model Net:\n    # größer\n    input 8\n".encode("latin-1"),
    "a lone surrogate": lambda: b"model Net:\n    input 8 # \xed\xa0\x80\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_bytes(name: str, tmp_path: Path) -> None:
    data = GARBAGE[name]()
    (tmp_path / "net.cnn").write_bytes(data)
    assert refused(check("net.cnn", folder=tmp_path)) <= {"syntax", "encoding", "limit", "indentation"}


PIPED = [b"\xff\xfe\x00", b"", b"model", b"\n" * 20_000_000, NET.encode() + b"    relu\0"]


@pytest.mark.parametrize("data", PIPED, ids=range(len(PIPED)))
def test_standard_input(data: bytes, tmp_path: Path) -> None:
    assert refused(check("-", folder=tmp_path, given=data)) <= {"syntax", "encoding", "limit", "no-model"}


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.cnn").mkdir()
    for name in (
        "folder.cnn",
        "nothing.cnn",
        "/dev/zero",
        "zoo:../setup",
        "zoo:nothing",
        "zoo:",
        "\udcff.cnn",
        "a" * 300,
    ):
        made = check(name, folder=tmp_path)
        assert b"Traceback" not in made.stderr, made.stderr[-1000:]
        assert b"should not happen" not in made.stderr, name
        assert made.returncode in (1, 2), name


def test_a_mark_at_the_start_and_line_ends_of_windows_are_fine(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_bytes(b"\xef\xbb\xbf" + NET.replace("\n", "\r\n").encode() + b"    relu\r\n")
    assert check("net.cnn", folder=tmp_path).returncode == 0


def mutated(text: str, chance: random.Random) -> str:
    """A valid text with a few characters, words or lines deleted, doubled, swapped or put in."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice([1, 1, 2, 5, 20, 80]))
        other = chance.randrange(len(text) + 1)
        piece = chance.choice(["", text[at:to] * 2, text[other : other + to - at], chance.choice(PIECES)])
        text = text[:at] + piece + text[to:]
    return text


PIECES = [
    *"()[]{}:,.=?\"'#\n\t -+*/%x0123", "\n    ", " -> ", " as ", "repeat ", "999999999", "-1", " if ", " else ",
    '"""', "none", "input", "e[i]", "concat:\n", "residual:\n", "branch: ", "x", "**", "->", "for i in ",
    "share ", "let ",
]  # fmt: skip


def test_mutations_of_valid_files(tmp_path: Path) -> None:
    """Three hundred slips of the pen, checked by one process: each is fine or refused, none is a crash."""
    chance = random.Random(20_240_601)
    names = []
    for number in range(300):
        text = chance.choice(SAMPLES).read_text("utf-8")
        names.append(f"m{number}.cnn")
        (tmp_path / names[-1]).write_text(mutated(text, chance), "utf-8")
    made = subprocess.run(
        [sys.executable, "-m", "cnnc", "check", "-q", *names], cwd=tmp_path, capture_output=True, timeout=120,
        preexec_fn=limited, check=False,
    )  # fmt: skip
    told = made.stderr.decode("utf-8", "replace")
    assert "Traceback" not in told, told[-3000:]
    assert "should not happen" not in told, told[-3000:]
    assert made.returncode == 1
    assert told.count("error[") > 200
