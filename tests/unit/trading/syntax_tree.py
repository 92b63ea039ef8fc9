"""A module's syntax tree with one piece of one function exchanged.

Pieces are compared as trees: neither formatting nor comments nor the place in the file count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

Definition = ast.FunctionDef | ast.ClassDef
Piece = ast.expr | list[ast.stmt]
BLOCKS = ("body", "orelse", "finalbody")


def exchanged(source: str, function: str, old: str, new: str) -> ast.Module:
    """Return a module's tree in which `old` has become `new` within a function.

    A function is named `function`, `Class.method` or `function.inner`, and "" is the whole
    module. Both pieces are an expression each, or statements one after the other; no text is no
    statement. The old one must be there exactly once.
    """
    tree = ast.parse(source)
    scope = definition(tree, function) if function else tree
    wanted, instead = pieces(old, new)
    if isinstance(wanted, ast.expr):
        found = sum(same(node, wanted) for node in ast.walk(scope))
    else:
        found = len(list(runs(scope, wanted)))
    assert found == 1, f"{old!r} is {found} times in {function or 'the module'}"
    if isinstance(wanted, ast.expr):
        assert isinstance(instead, ast.expr)
        _Exchange(wanted, instead).visit(scope)
    else:
        assert isinstance(instead, list)
        for block, at in list(runs(scope, wanted)):
            block[at : at + len(wanted)] = instead or [ast.Pass()]
    return ast.fix_missing_locations(tree)


def definition(tree: ast.AST, name: str) -> Definition:
    """Return a function or a class by its name, each part within the one before."""
    scope = tree
    for part in name.split("."):
        found = [
            node for node in ast.walk(scope) if isinstance(node, Definition) and node.name == part
        ]
        assert len(found) == 1, f"{part} is defined {len(found)} times"
        scope = found[0]
    assert isinstance(scope, Definition)
    return scope


def pieces(old: str, new: str) -> tuple[Piece, Piece]:
    """Return two texts as expressions if both are, else as statements."""
    try:
        return expression(old), expression(new)
    except SyntaxError:
        return ast.parse(old).body, ast.parse(new).body


def expression(text: str) -> ast.expr:
    """Return a text as an expression; raises SyntaxError for what is none."""
    return ast.parse(text, mode="eval").body


def same(one: ast.AST, other: ast.AST) -> bool:
    """Return whether two trees are the same, wherever they stand."""
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.expr):
        # What is written to differs from what is read in nothing but this.
        return without_context(one) == without_context(other)
    return ast.dump(one) == ast.dump(other)


def without_context(node: ast.AST) -> str:
    """Return a tree as text without whether names are read or written."""
    return ast.dump(node).replace("ctx=Store()", "ctx=Load()")


def runs(scope: ast.AST, wanted: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], int]]:
    """Yield the blocks that have such statements one after the other, and where they begin."""
    for node in ast.walk(scope):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for at in range(len(block) - len(wanted) + 1):
                part = block[at : at + len(wanted)]
                if all(map(same, part, wanted)):
                    yield block, at


class _Exchange(ast.NodeTransformer):
    """Puts one expression in the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return what stands in a node's place."""
        if not same(node, self._old):
            return self.generic_visit(node)
        context = getattr(node, "ctx", None)
        if context is not None and hasattr(self._new, "ctx"):
            self._new.ctx = context
        return self._new
