"""Running an unpacked image about as a container engine does, where no engine is.

Its own processes, mounts and root folder, which is read-only but for /data and /tmp; the image's
user without any capability. The network is the machine's.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.container.build_image import Image

DEVICES = ("null", "zero", "random", "urandom")


@dataclass(slots=True)
class Container:
    """One container of an image, its /data a folder of this machine."""

    image: Image
    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def run(self, *command: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end instead of the image's own."""
        return subprocess.run(
            self._unshared(list(command)),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, log: Path, *arguments: str) -> None:
        """Start the entry point with arguments, the image's own if none are given."""
        command = [*self.image.entry_point, *(arguments or self.image.command)]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                self._unshared(command), stdout=output, stderr=subprocess.STDOUT, text=True
            )

    def inside(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the running container, as a health check is."""
        return subprocess.run(
            [
                *("nsenter", "--target", str(self.first_pid), "--mount", "--pid", "--root"),
                *self._as_user(command),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def health_check(self) -> subprocess.CompletedProcess[str]:
        """Run the image's HEALTHCHECK in the running container."""
        kind, *command = self.image.health_check
        assert kind == "CMD"
        return self.inside(command)

    @property
    def first_pid(self) -> int:
        """Return this machine's number of the container's first process."""
        assert self.process is not None
        deadline = time.monotonic() + 10
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        while not (found := children.read_text().split()):
            assert time.monotonic() < deadline, "the container has no process"
            time.sleep(0.05)
        return int(found[0])

    def pids(self) -> list[int]:
        """Return the numbers of all processes in the container."""
        wanted = Path(f"/proc/{self.first_pid}/ns/pid").readlink()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "ns/pid").readlink() == wanted:
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def kill(self) -> None:
        """End every process of the container at once."""
        if self.process is not None and self.process.poll() is None:
            # The kernel ends all others with the first. Killing `unshare` would not: a process
            # that takes another user is no longer ended with its parent.
            os.kill(self.first_pid, signal.SIGKILL)
            self.process.wait()

    def _unshared(self, command: list[str]) -> list[str]:
        root = shlex.quote(str(self.image.root))
        for name in DEVICES:
            (self.image.root / "dev" / name).touch()
        for name in ("hosts", "resolv.conf"):
            (self.image.root / "etc" / name).touch()
        script = [
            "set -e",
            f"mount --bind {root} {root}",
            f"cd {root}",
            "mount --types proc proc proc",
            "mount --types tmpfs tmpfs tmp",
            f"mount --bind {shlex.quote(str(self.data))} data",
            *(f"mount --bind /dev/{name} dev/{name}" for name in DEVICES),
            "mount --bind /etc/hosts etc/hosts",
            "mount --bind /etc/resolv.conf etc/resolv.conf",
            f"mount --options remount,bind,ro {root}",
            f"exec chroot {root} {shlex.join(self._as_user(command))}",
        ]
        return [
            *("unshare", "--mount", "--pid", "--fork", "--propagation", "private"),
            *("sh", "-c", "\n".join(script)),
        ]

    def _as_user(self, command: list[str]) -> list[str]:
        user, _, group = self.image.user.partition(":")
        variables = self.image.environment | self.environment
        return [
            *("setpriv", "--reuid", user, "--regid", group, "--clear-groups"),
            *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
            *("env", "--ignore-environment", f"--chdir={self.image.working_folder}"),
            *(f"{name}={value}" for name, value in variables.items()),
            *command,
        ]


def pss_mb(pid: int) -> float:
    """Return a process's share of memory, MB: what it shares with others counts in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
