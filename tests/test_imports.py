"""The shape of the house: one direction, no circles, small files, one door to the core, and no programs run.

Strategy: every source file is parsed, not imported, and each import in it is an arrow, those within functions too;
only those under TYPE_CHECKING are none. Arrows may only point down the list of layers below, or to the same layer;
taken together they must make no circle. A new module has to be given its place here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rawnl

ROOT = Path(rawnl.__file__).parent
# From the bottom up. A name covers what is below it, unless that has a place of its own.
LAYERS = [
    ["errors"],
    ["tlv", "scan"],
    ["enumeration"],
    ["text", "address"],
    ["attribute"],
    ["exact"],
    ["wire"],
    ["message", "nest", "tagged"],
    ["control"],
    ["route", "nft", "conntrack"],
    ["proto", "decode", "column", "template"],
    ["kernel"],
    ["channel", "interface"],
    ["bulk"],
    ["rundir", "teardown", "sandbox", "ping", "program"],
    ["netns"],
    ["sysctl"],
    ["verbs", "nft.answers", "nft.reader", "nft.transaction", "nft.guarded", "nft.ownership"],
    ["nft.nat_table", "nft.forward_map", "nft.nat"],
    ["batch"],
    ["conn"],
    ["pods", "topology", "testing"],
    [""],
    ["cli", "__main__"],
]
CODECS = (
    "attribute",
    "column",
    "conntrack",
    "control",
    "decode",
    "message",
    "nft",
    "proto",
    "route",
    "template",
    "wire",
)
MOST_LINES = 500
PROGRAMS = {
    *("arp", "brctl", "bridge", "conntrack", "ethtool", "ifconfig", "ip", "ip6tables", "iptables", "lsns", "mount"),
    *("nft", "nsenter", "ping", "route", "ss", "strace", "sysctl", "tc", "umount", "unshare"),
}
STARTERS = {
    *("Popen", "call", "check_call", "check_output", "getoutput", "popen", "posix_spawn", "posix_spawnp", "run"),
    *("execl", "execlp", "execv", "execve", "execvp", "execvpe", "spawnv", "spawnvp", "system"),
}


def modules() -> dict[str, Path]:
    """Every source file by its module's name without `rawnl.`; the package itself is the empty name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def tree_of(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(), str(MODULES[name]))


def imports(name: str) -> Iterator[tuple[str, bool]]:
    """(imported module without `rawnl.`, whether that is done on import) of every import of rawnl's own."""
    yield from _imports(tree_of(name), True)


def _imports(node: ast.AST, at_once: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _imports(other, at_once)
        elif isinstance(child, ast.Import):
            for alias in child.names:
                if alias.name.split(".")[0] == "rawnl":
                    yield alias.name.removeprefix("rawnl").removeprefix("."), at_once
        elif isinstance(child, ast.ImportFrom) and (child.module or "").split(".")[0] == "rawnl":
            assert child.level == 0
            base = (child.module or "").removeprefix("rawnl").removeprefix(".")
            for alias in child.names:
                inside = f"{base}.{alias.name}" if base else alias.name
                yield (inside if inside in MODULES or inside == "_core" else base), at_once
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, at_once and not is_function)


def layer(name: str) -> int:
    """How far up a module stands: by its own name, or that of the nearest package that has a place."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        for height, names in enumerate(LAYERS):
            if ".".join(parts[:length]) in names:
                return height
    raise AssertionError(f"rawnl/{name.replace('.', '/')}.py has no place among the layers of this test")


@pytest.mark.parametrize("name", MODULES)
def test_arrows_point_down(name: str) -> None:
    for other, _ in imports(name):
        if other != "_core":
            assert layer(other) <= layer(name), f"{name or 'rawnl'} imports {other}, which stands above it"


def test_no_circles() -> None:
    arrows = {name: {other for other, _ in imports(name) if other in MODULES and other != name} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            raise AssertionError("a circle: " + " → ".join([*path[path.index(name) :], name]))
        if name not in done:
            for other in sorted(arrows[name]):
                visit(other, [*path, name])
            done.add(name)

    for name in MODULES:
        visit(name, [])


def test_only_the_kernel_module_knows_the_core() -> None:
    for name in MODULES:
        assert ("_core" in {other for other, _ in imports(name)}) == (name == "kernel"), name


def test_codecs_need_no_core() -> None:
    """Whatever a codec imports, on import or later, the kernel module is not among it."""
    kernel = layer("kernel")
    seen: set[str] = set()
    rest = [name for name in MODULES if name.startswith(CODECS) and layer(name) < kernel]
    assert len(rest) > 20
    while rest:
        name = rest.pop()
        if name not in seen:
            seen.add(name)
            rest += [other for other, _ in imports(name) if other in MODULES]
    assert not {name for name in seen if layer(name) >= kernel}


@pytest.mark.parametrize("name", MODULES)
def test_files_are_small(name: str) -> None:
    lines = len(MODULES[name].read_text().splitlines())
    assert lines <= MOST_LINES, f"{MODULES[name].relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("name", MODULES)
def test_modules_say_what_they_are(name: str) -> None:
    tree = tree_of(name)
    assert not tree.body or ast.get_docstring(tree), f"{name} has no docstring"


@pytest.mark.parametrize("name", MODULES)
def test_no_program_is_run(name: str) -> None:
    """No call that starts a program is given the name of a networking tool: rawnl speaks to the kernel itself."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in STARTERS:
                assert not PROGRAMS & {Path(word).name for word in first_words(node)}, ast.unparse(node)


def first_words(call: ast.Call) -> Iterator[str]:
    """The program's name, wherever it stands as a literal: the first word of each text, of each list."""
    for argument in call.args:
        if isinstance(argument, (ast.List, ast.Tuple)):
            argument = argument.elts[0] if argument.elts else argument
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield from argument.value.split()[:1]


def test_the_checks_can_fail() -> None:
    with pytest.raises(AssertionError, match="has no place"):
        layer("nonsense.module")
    assert layer("nft.reader") > layer("nft.objects")
    words = [list(first_words(node)) for node in ast.walk(ast.parse("run(['/sbin/ip', 'link']); run('nft list')"))
             if isinstance(node, ast.Call)]  # fmt: skip
    assert words == [["/sbin/ip"], ["nft"]]
    assert dict(imports("kernel"))["_core"] in (True, False)
    assert ("wire", True) not in list(imports("tlv"))
