"""Builds the image where no Docker engine runs.

Usage: python -m tests.system.container.build_image FOLDER

Needs root, and buildah and debootstrap of Debian. The base image of the Dockerfile cannot be
pulled there, so a Debian bookworm with Python 3.11 is made and given its name. What pip needs to
reach its packages on this machine is lent to the build and stays out of the image.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.repository import REPOSITORY

TOOLS = ("buildah", "debootstrap", "unshare")
# python3-distutils is what python3.11-venv asks for by a name that debootstrap cannot resolve.
BASE_PACKAGES = ("python3.11", "python3.11-venv", "python3-distutils", "ca-certificates", "tzdata")
NAME = "openbell"


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: its unpacked files, and what the Dockerfile says about running it."""

    root: Path
    user: str
    environment: dict[str, str]
    entry_point: list[str]
    command: list[str]
    health_check: list[str]
    stop_signal: str
    working_folder: str
    size_bytes: int


class Builder:
    """Buildah with a storage of its own in one folder, so that removing it removes all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._storage = [
            *("--root", str(folder / "storage"), "--runroot", str(folder / "run")),
            *("--storage-driver", "vfs"),
        ]

    def build(self) -> None:
        """Build the Dockerfile."""
        base = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.M)[0]
        if not self._has(base):
            self._make_base(base)
        self._buildah(
            *("bud", "--isolation", "chroot", "--pull-never", "--network", "host"),
            # Only Docker's own format knows HEALTHCHECK.
            *("--format", "docker", "--layers=false", *self._lent_to_pip()),
            *("--tag", NAME, str(REPOSITORY)),
        )

    def unpack(self) -> Image:
        """Return the image that was built, with its files laid out."""
        config = json.loads(self._buildah("inspect", "--type", "image", NAME))["Docker"]["config"]
        # With this storage each container is a copy of all files.
        self._buildah("rm", "--all")
        root = Path(self._buildah("mount", self._buildah("from", "--pull-never", NAME)))
        return Image(
            root=root,
            user=config["User"],
            environment=dict(line.split("=", 1) for line in config["Env"]),
            entry_point=config["Entrypoint"],
            command=config["Cmd"],
            health_check=config["Healthcheck"]["Test"],
            stop_signal=config["StopSignal"],
            working_folder=config["WorkingDir"],
            size_bytes=sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir()),
        )

    def _has(self, name: str) -> bool:
        return bool(self._buildah("images", "--quiet", "--filter", f"reference={name}"))

    def _make_base(self, name: str) -> None:
        root = self.folder / "base"
        shutil.rmtree(root, ignore_errors=True)
        packages = f"--include={','.join(BASE_PACKAGES)}"
        _run("debootstrap", "--variant=minbase", packages, "bookworm", str(root))
        for link in ("python3.11", "python3", "python"):
            (root / "usr/local/bin" / link).symlink_to("/usr/bin/python3.11")
        container = self._buildah("from", "scratch")
        self._buildah("add", container, str(root), "/")
        path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._buildah("config", "--env", path, "--cmd", "python3", container)
        self._buildah("commit", "--rm", "--format", "docker", container, name)
        shutil.rmtree(root)

    def _lent_to_pip(self) -> list[str]:
        """Return the mounts of this machine's pip configuration and the files it names."""
        settings: dict[str, str] = {}
        lent = set()
        for line in _run(sys.executable, "-m", "pip", "config", "list").splitlines():
            name, _, quoted = line.partition("=")
            value = quoted.strip("'\"")
            # The environment comes first, and wins over files.
            settings.setdefault(name.rpartition(".")[2], value)
            for word in value.split():
                path = Path(word.removeprefix("file://"))
                if path.is_absolute() and path.exists():
                    # The pages of an index in a folder point to packages beside it.
                    lent.add(path.parent if word.startswith("file://") else path)
        pip_conf = self.folder / "pip.conf"
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        pip_conf.write_text(f"[global]\n{lines}")
        mounts = [f"{pip_conf}:/etc/pip.conf:ro", *(f"{path}:{path}:ro" for path in sorted(lent))]
        return [word for mount in mounts for word in ("--volume", mount)]

    def _buildah(self, *arguments: str) -> str:
        return _run("buildah", *self._storage, *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problem = done.stdout[-3000:] + done.stderr[-1500:]
        raise RuntimeError(f"{' '.join(command[:8])} ... ended with {done.returncode}:\n{problem}")
    return done.stdout.strip()


def main() -> int:
    """Build into the folder that is named, and print what came of it."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    builder = Builder(folder)
    builder.build()
    image = builder.unpack()
    print(f"built in {time.monotonic() - began:.0f} s: {image.size_bytes / 1e6:.0f} MB unpacked")
    print(image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
