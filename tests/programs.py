"""Programs that the tests need from Debian: found, or installed where the tests run as root.

Several test processes ask at once and ``apt-get`` lets one in: they wait for each other, and
whoever comes second looks again before it installs. The lists of packages are fetched where those
that are here, if any, lack the package.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Where programs are: Debian keeps those of administrators off a user's path."""


def _apt(*words: str) -> bool:
    ended = subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    return ended.returncode == 0


def installed(look: Callable[[], Found | None], *packages: str) -> Found | None:
    """What ``look`` finds, once Debian's ``packages`` were installed if it found nothing.

    None where it still finds nothing: not root, not Debian, or the packages are not to be had.
    """
    found = look()
    if found is not None or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return found
    with (Path(tempfile.gettempdir()) / "scrutin-programs.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        found = look()
        if found is not None:
            return found
        words = ("install", "--yes", "--no-install-recommends", *packages)
        if not _apt(*words):
            _apt("update")
            _apt(*words)
    return look()


def required(name: str, package: str) -> str:
    """The path of a program; the test fails with what to install where it cannot be had."""
    path = installed(lambda: shutil.which(name, path=PLACES), package)
    if path is None:
        pytest.fail(f"{name} is missing: apt-get install {package}")
    return path
