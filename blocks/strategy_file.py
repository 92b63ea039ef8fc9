"""Strategies in files of the user's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from trading.errors import BadInput
from trading.parameters import StrategyParameters

_HINT = "docs/strategies.md shows what a strategy file holds"


class _LoadedOnce(SourceFileLoader):
    """Runs what it has read: the file may be another by the time that a session begins."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, str(path))
        self.content = path.read_bytes()

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of what was read, and of no cache."""
        code: CodeType = self.source_to_code(self.content, self.path)
        return code


def load_strategy(path: Path) -> ModuleType:
    """Return the module of a strategy file, checked to hold what a strategy needs.

    Raises BadInput, naming the line where it can, when it cannot be read, run or used.
    """
    if not path.is_file():
        raise BadInput(f"strategy file {path} is not there", "Give the path of a .py file")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"openbell_strategy_{path.stem}_{digest}"
    if path.suffix != ".py":
        raise BadInput(f"strategy file {path} is no Python file", "Name it with the ending .py")
    try:
        loader = _LoadedOnce(name, path)
    except OSError as error:
        raise BadInput(
            f"strategy file {path} cannot be read: {error.strerror}", "Check its permissions"
        ) from error
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        raise BadInput(f"strategy file {path}, line {error.lineno}: {error.msg}", _HINT) from error
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        raise BadInput(
            f"strategy file {path} fails near line {line}: {type(error).__name__}: {error}", _HINT
        ) from error
    _check(module, path)
    return module


def keep_strategy(folder: Path, module: ModuleType) -> str:
    """Keep a copy of a strategy's file under its sha256, and return that.

    A session that is taken up again runs what it began with, whatever the file holds by then; so
    it is what was loaded that is kept. `module` is one of `load_strategy`.
    """
    loader = module.__loader__
    assert isinstance(loader, _LoadedOnce)
    content = loader.content
    digest = hashlib.sha256(content).hexdigest()
    kept = folder / f"{digest}.py"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / f".{digest}.{os.getpid()}"
        written.write_bytes(content)
        written.replace(kept)
    return digest


def kept_strategy(folder: Path, digest: str) -> ModuleType:
    """Return the strategy that was kept under a sha256; raises BadInput when it is gone."""
    kept = folder / f"{digest}.py"
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != digest:
        raise BadInput(
            f"the strategy of an earlier session is not in {kept}",
            f"Put the strategy file with the sha256 {digest} there",
        )
    return load_strategy(kept)


def _check(module: ModuleType, path: Path) -> None:
    parameters = getattr(module, "Parameters", None)
    if not (isinstance(parameters, type) and issubclass(parameters, StrategyParameters)):
        raise BadInput(f"strategy file {path} has no class Parameters(StrategyParameters)", _HINT)
    memory = getattr(module, "MEMORY", None)
    if not isinstance(memory, int) or memory < 0:
        raise BadInput(f"strategy file {path} has no whole number MEMORY", _HINT)
    for name, arguments in (("observe", 8), ("signal", 10), ("screen", 8)):
        function = getattr(module, name, None)
        if name == "screen" and not hasattr(module, name):
            continue
        if not isinstance(function, FunctionType):
            raise BadInput(f"strategy file {path} has no function {name}", _HINT)
        if function.__code__.co_argcount != arguments:
            raise BadInput(
                f"strategy file {path}: {name} takes {function.__code__.co_argcount} arguments"
                f" and not {arguments}",
                _HINT,
            )
