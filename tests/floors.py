"""The rules of the house that a program can check: who imports whom, and how large things grow.

Each rule takes the root of a package and gives a sentence for each breach.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

__all__ = ["breaches"]

PACKAGE = "openaiproxy"

FLOORS: dict[str, int] = {
    "errors": 0,
    "hub": 0,
    "wire": 0,
    "dialects": 1,
    "streaming": 2,
    "translation": 2,
    "passthrough": 2,
    "capabilities": 2,
    "amend": 2,
    "asking": 2,
    "bridging": 2,
    "choosing": 2,
    "learning": 2,
    "counting": 2,
    "catalog": 2,
    "codex": 2,
    "profile": 2,
    "simple": 2,
    "presets": 2,
    "config": 2,
    "upstream": 3,
    "web": 3,
    "ops": 3,
    "tap": 4,
    "cli": 4,
    "workers": 4,
    "__main__": 4,
}
"""Module or package to its floor. Imports point down, or stay on their floor."""

SHELL = frozenset(
    {"twisted", "treq", "zope", "socket", "ssl", "asyncio", "selectors", "subprocess"}
)
"""What the floors below the third do not import."""

IMPURE = frozenset({"time", "os", "random", "secrets", "uuid", "datetime", "pathlib", "logging"})
"""What hub, wire and dialects do not import either."""

PURE = frozenset({"hub", "wire", "dialects"})

SHARED = frozenset({"dialect", "lane", "names", "table"})
"""Modules in ``dialects`` that are no dialect."""

FUNCTION_LINES = 40
FILE_LINES = 300


@frozen
class Module:
    """A source file; ``parts`` are its dotted name's, without the package's."""

    path: Path
    parts: tuple[str, ...]
    tree: ast.Module
    lines: int

    @property
    def name(self) -> str:
        return ".".join(self.parts)

    @property
    def top(self) -> str:
        return self.parts[0] if self.parts else ""


def modules(root: Path) -> Iterator[Module]:
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        text = path.read_text()
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        yield Module(path, parts, ast.parse(text), len(text.splitlines()))


def imports(module: Module) -> Iterator[tuple[str, ...]]:
    """What a file imports, wherever in the file, as absolute dotted parts."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = tuple((node.module or "").split(".")) if node.module else ()
            if node.level:
                is_package = module.path.name == "__init__.py"
                package = module.parts if is_package else module.parts[:-1]
                base = (PACKAGE, *package[: len(package) - node.level + 1], *base)
            for alias in node.names:
                yield (*base, alias.name)


def dialect_of(parts: tuple[str, ...]) -> str | None:
    if len(parts) > 1 and parts[0] == "dialects" and parts[1] not in SHARED:
        return parts[1]
    return None


def import_breaches(module: Module) -> Iterator[str]:
    floor = FLOORS.get(module.top)
    if module.top and floor is None:
        yield f"{module.name} has no floor"
        return
    for target in imports(module):
        if target[0] == PACKAGE:
            yield from inner_breaches(module, floor or 0, target[1:])
            continue
        outer = target[0]
        if (outer in SHELL and (floor or 0) < 3) or (outer in IMPURE and module.top in PURE):
            yield f"{module.name} imports {outer}"


def inner_breaches(module: Module, floor: int, target: tuple[str, ...]) -> Iterator[str]:
    """Breaches within the house. ``target`` may end with a name inside a module."""
    if not target:
        return
    there = FLOORS.get(target[0])
    if there is None:
        yield f"{module.name} imports {target[0]}, which has no floor"
    elif there > floor:
        yield f"{module.name} imports {target[0]}, a floor above"
    ours, theirs = dialect_of(module.parts), dialect_of(target)
    if ours and theirs and ours != theirs:
        yield f"{ours} imports {theirs}"
    if module.parts[:1] == ("dialects",) and ours is None and theirs and theirs.islower():
        yield f"{module.name} imports {theirs}"


def size_breaches(module: Module) -> Iterator[str]:
    if module.top in PURE and module.lines > FILE_LINES:
        yield f"{module.name} has {module.lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > FUNCTION_LINES:
                yield f"{module.name}.{node.name} has {lines} lines"


def init_breaches(module: Module) -> Iterator[str]:
    """``__init__.py`` holds a docstring and ``__all__``; every module has ``__all__``."""
    listed = False
    for number, node in enumerate(module.tree.body):
        names = ast.unparse(node).split("=")[0].split(":")[0].strip()
        listed = listed or names == "__all__"
        is_doc = number == 0 and ast.get_docstring(module.tree) is not None
        if module.path.name == "__init__.py" and not is_doc and names != "__all__":
            yield f"{module.name or PACKAGE}/__init__.py holds more than a docstring and __all__"
    if ast.get_docstring(module.tree) is None:
        yield f"{module.name or PACKAGE} has no docstring"
    if not listed:
        yield f"{module.name or PACKAGE} has no __all__"


def breaches(root: Path) -> list[str]:
    """A sentence for each breach.

    :param root: the folder of the package.
    """
    found: dict[str, None] = {}
    for module in modules(root):
        for rule in (import_breaches, size_breaches, init_breaches):
            found.update(dict.fromkeys(rule(module)))
    return list(found)
