"""Strategies in files of the user's own."""

from __future__ import annotations

import ast
import grp
import hashlib
import importlib.util
import linecache
import os
import pwd
import shlex
import stat
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from blocks.strategy_source.checks import check_strategy
from blocks.strategy_source.loop_limit import with_loop_limit
from blocks.strategy_source.source_checks import refuse_beyond_memory, refuse_recursion
from blocks.strategy_source.time_limit import TIME_LIMIT_SECONDS, watch_calls
from trading.engine.strategy.errors import HINT, mistakes_explained
from trading.errors import BadInput


class _LoadedOnce(SourceFileLoader):
    """Runs what it has read: the file may be another by the time that a session begins."""

    def __init__(self, name: str, path: Path, content: bytes) -> None:
        super().__init__(name, str(path))
        self.content = content
        self.tree = ast.Module([], [])

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of what was read, and of no cache; its loops end."""
        self.tree = ast.parse(self.content, self.path)
        code: CodeType = compile(
            with_loop_limit(ast.parse(self.content, self.path)), self.path, "exec"
        )
        text = importlib.util.decode_source(self.content)
        # Whoever speaks of a line means that of what runs; without a time it is not read again.
        linecache.cache[self.path] = (len(text), None, text.splitlines(keepends=True), self.path)
        return code


def load_strategy(path: Path) -> ModuleType:
    """Return the module of a strategy file, checked to hold what a strategy needs.

    Raises BadInput, naming the line where it can, when it cannot be read, run or used, and when
    others may write it: what it says is run, with this user's rights.
    """
    if not path.is_file():
        raise BadInput(f"strategy file {path} is not there", "Give the path of a .py file")
    refuse_written_by_others(path)
    return _load(path)


def refuse_written_by_others(path: Path) -> None:
    """Raise BadInput when others than its owner may change a file of code or its folder.

    A folder in which everybody owns what he puts there, as /tmp is, is left alone, if the file is
    one's own. So is what only a group may write that has no other member.
    """
    for place in (path, path.resolve().parent) if path.is_file() else (path,):
        found = place.stat()
        by_group = found.st_mode & stat.S_IWGRP and not _is_alone_in(found.st_gid)
        is_folder = stat.S_ISDIR(found.st_mode)
        if not (by_group or found.st_mode & stat.S_IWOTH):
            continue
        if is_folder and found.st_mode & stat.S_ISVTX:
            _refuse_of_another(path)
        else:
            raise BadInput(
                f"{'folder of strategies' if is_folder else 'strategy file'} {place} may be written"
                " by others than you, and what it holds is run with your rights",
                f"Run: chmod go-w {shlex.quote(str(place))}",
            )


def _refuse_of_another(path: Path) -> None:
    if path.is_file() and path.stat().st_uid != os.geteuid():
        raise BadInput(
            f"strategy file {path} belongs to another than you, where all may put files",
            "Copy it into a folder of your own",
        )


def _is_alone_in(group: int) -> bool:
    """Return whether a group is that which many systems give a user for himself."""
    try:
        me, entry = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_name == me and set(entry.gr_mem) <= {me}


def _load(path: Path) -> ModuleType:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"strategy file {path} cannot be read: {error.strerror}", "Check its permissions"
        ) from error
    return load_strategy_content(content, path)


def load_strategy_content(content: bytes, path: Path) -> ModuleType:
    """Return the module of what a strategy file held, which need not be there, or the same, now.

    What is wrong is said of the path. Raises BadInput as `load_strategy` does.
    """
    # A module's file is an absolute path, and its functions are known to be its own by that.
    path = path.absolute()
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"openbell_strategy_{path.stem}_{digest}"
    if path.suffix != ".py":
        raise BadInput(f"strategy file {path} is no Python file", "Name it with the ending .py")
    loader = _LoadedOnce(name, path, content)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    watch_calls(str(path), TIME_LIMIT_SECONDS)
    try:
        with mistakes_explained(module):
            loader.exec_module(module)
    except SyntaxError as error:
        raise BadInput(f"strategy file {path}, line {error.lineno}: {error.msg}", HINT) from error
    check_strategy(module, str(path), _lines_of(loader.tree))
    watch_calls(str(path), getattr(module, "TIME_LIMIT_SECONDS", TIME_LIMIT_SECONDS))
    refuse_beyond_memory(loader.tree, vars(module), str(path))
    refuse_recursion(loader.tree, str(path))
    return module


def keep_strategy(folder: Path, module: ModuleType) -> str:
    """Keep a copy of a strategy's file under its sha256, and return that.

    A session that is taken up again runs what it began with, whatever the file holds by then; so
    it is what was loaded that is kept. `module` is one of `load_strategy`.
    """
    content = content_of(module)
    assert content is not None
    digest = hashlib.sha256(content).hexdigest()
    kept = folder / f"{digest}.py"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / f".{digest}.{os.getpid()}"
        written.write_bytes(content)
        written.replace(kept)
    return digest


def content_of(module: ModuleType) -> bytes | None:
    """Return what the file of a strategy held when it was loaded, None for one that is no file."""
    loader = module.__loader__
    return loader.content if isinstance(loader, _LoadedOnce) else None


def kept_strategy(folder: Path, digest: str) -> ModuleType:
    """Return the strategy that was kept under a sha256; raises BadInput when it is gone."""
    kept = folder / f"{digest}.py"
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != digest:
        raise BadInput(
            f"the strategy of an earlier session is not in {kept}",
            f"Put the strategy file with the sha256 {digest} there",
        )
    # What it is was just seen, whoever may write there.
    return _load(kept)


def _lines_of(tree: ast.Module) -> dict[str, int]:
    """Return at which line a file gives each of its names."""
    lines: dict[str, int] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            lines[statement.name] = statement.lineno
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    lines[node.id] = node.lineno
    return lines
