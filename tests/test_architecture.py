"""The picture of the house, held: imports point up the list, heavy packages are loaded where they belong."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cnnc.compiler.codes import CODES

ROOT = Path(__file__).parents[1]
PACKAGES = ("compiler", "runtime", "cnnc", "grammar")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}

RANKS = """
limits kept source shape habits codes naming library page table colour
diagnostics fault syntax render figures webpage
ops words recipes.base
graph receptive census fold ends
layout spell expected misspelled slips reading nesting reduce tables parse recover arrange blocks format keras_layout
keras_initializers
values elsewhere budget arithmetic elements scope parameters
convert declared bind evaluate constants place
expansion nodes inputs remarks instances calls merges statements expand
expectations check locate load recipes patterns recipe override
pipeline chosen decompile frontends backends
""".split()  # noqa: SIM905
"""The modules of compiler/, each behind what it may import."""

HEAVY = {
    "torch": ("runtime",),
    "torchvision": ("runtime",),
    "PIL": ("runtime",),
    "sklearn": ("runtime",),
    "safetensors": ("runtime",),
    "h5py": (),
    "numpy": ("runtime", "compiler.backends.onnx", "compiler.frontends"),
    "onnx": ("compiler.backends.onnx", "compiler.frontends.onnx"),
    "onnxruntime": (),
    "networkx": ("compiler.backends.networkx_graph",),
    "tqdm": (),
    "matplotlib": (),
    "tensorboard": (),
    "fastapi": ("runtime.serve",),
    "starlette": ("runtime.serve",),
    "uvicorn": (),
    "keras": (),
    "lark": ("compiler.tables", "compiler.parse", "compiler.recover", "grammar.build"),
}
"""Where a package may be imported as soon as a module is loaded. Elsewhere it is imported inside the function."""


def at_load(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run when the module is loaded, those for types alone left out."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If):
            typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            waiting += node.orelse if typing else [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            waiting += node.body


def everywhere(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """All imports, those inside functions too."""
    return (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))


def targets(name: str, node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that an import in the module `name` names, without the prefix `cnnc.` of the installed package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not node.level:
        return [node.module or ""]
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    if node.module:
        return [".".join([*base, node.module])]
    return [".".join([*base, alias.name]) for alias in node.names]


def imports(name: str, found: str = "at_load") -> set[str]:
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    nodes = at_load(tree) if found == "at_load" else everywhere(tree)
    return {target for node in nodes for target in targets(name, node)}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def rank(name: str) -> int:
    """The place of a module of compiler/ in the list; that of its package where only this stands there."""
    parts = name.split(".")[1:]
    own = [i for i in range(len(parts), 0, -1) if ".".join(parts[:i]) in RANKS]
    assert own, f"{name} is missing from RANKS"
    return RANKS.index(".".join(parts[: own[0]]))


@pytest.mark.parametrize("name", [n for n in MODULES if n.startswith("compiler.")])
def test_imports_point_up_the_list(name: str) -> None:
    inner = {t for t in imports(name) if t.startswith("compiler.")}
    assert {t for t in inner if rank(t) > rank(name)} == set()


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_are_loaded_where_they_belong(name: str) -> None:
    loaded = {target.split(".")[0] for target in imports(name)}
    misplaced = {p for p in loaded & HEAVY.keys() if not any(within(name, home) for home in HEAVY[p])}
    assert misplaced == set()


@pytest.mark.parametrize("name", [n for n in MODULES if within(n, "compiler")])
def test_the_compiler_knows_no_framework_and_no_runtime(name: str) -> None:
    names = imports(name, "everywhere")
    assert {t for t in names if t.split(".")[0] in ("torch", "torchvision", "keras", "jax", "runtime", "cnnc")} == set()


@pytest.mark.parametrize("name", [n for n in MODULES if within(n, "compiler.backends")])
def test_backends_do_not_import_each_other(name: str) -> None:
    own = name.split(".")[2] if name.count(".") >= 2 else ""
    others = {t.split(".")[2] for t in imports(name, "everywhere") if t.startswith("compiler.backends.")}
    assert others - {own} == set()


@pytest.mark.parametrize("name", [n for n in MODULES if within(n, "compiler.ops")])
def test_operators_know_nothing_of_texts(name: str) -> None:
    allowed = {"compiler.shape", "compiler.ops"}
    inner = {t for t in imports(name) if t.startswith("compiler.")}
    assert {t for t in inner if not any(within(t, home) for home in allowed)} == set()


LIGHT = ["check", "summary", "fmt --check", "explain {} conv1", "report"]
NET = "model Net:\n    input 8x8x3\n    conv 4, 3x3\n    global_avgpool\n    dense 2\n"


@pytest.mark.parametrize("command", LIGHT)
def test_light_commands_load_nothing_heavy(command: str, tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_text(NET, "utf-8")
    words = (command if "{}" in command else command + " {}").format(path).split()
    program = (
        "import sys; from cnnc.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"print('LOADED', sorted({set(HEAVY) - {'lark'}!r} & set(sys.modules)))"
    )
    made = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.stdout.splitlines()[-1:] == ["LOADED []"], made.stdout + made.stderr


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = f"import sys, cnnc; print(sorted({set(HEAVY)!r} & set(sys.modules)))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def codes_in_the_source() -> set[str]:
    """Every code that some place gives to a diagnostic."""
    found = set()
    for name in MODULES:
        if name.split(".")[0] in ("compiler", "cnnc") and name != "compiler.codes":
            tree = ast.parse(MODULES[name].read_text("utf-8"))
            found.update(codes_of(tree, within(name, "compiler.ops")))
    return found


GIVE = {"Fault": 0, "Wrong": 0, "error": 0, "warning": 0, "Exhausted": 0, "_tell": 0, "Diagnostic": 1}
"""Where the code stands among the arguments of what makes a diagnostic."""


def codes_of(tree: ast.Module, operators: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from codes_of_call(node)
        elif (
            operators
            and isinstance(node, ast.Yield)
            and isinstance(node.value, ast.Tuple)
            and len(node.value.elts) == 3
        ):
            yield from literals(node.value.elts[0])
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "code" for t in node.targets):
            yield from literals(node.value)


def codes_of_call(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    position = GIVE.get(name)
    if position is not None and len(node.args) > position:
        yield from literals(node.args[position])
    if name == "OpError" or position is not None:
        yield from (code for k in node.keywords if k.arg == "code" for code in literals(k.value))


def literals(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and CODE.fullmatch(inner.value):
            yield inner.value


def test_every_code_is_explained_and_every_explained_code_is_given() -> None:
    assert codes_in_the_source() | {"shape-mismatch"} == set(CODES)
