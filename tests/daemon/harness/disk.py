"""Small disks of a test's own, to be filled or made read-only: tmpfs, mounted over a folder."""
import os
import subprocess

import pytest

from .waiting import wait_until


class Disks:
    """mount(folder): a small disk there, until the end of the test."""

    def __init__(self):
        self.mounted = []

    def mount(self, folder, size="4m", mode="700"):
        if os.geteuid() != 0:
            pytest.skip("mounting needs root")
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode={mode}", "tmpfs", folder], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"the kernel mounts nothing here: {done.stderr.strip()}")
        self.mounted.append(folder)
        return folder

    def unmount(self):
        """Whoever still had a file open there was killed, and is gone in a moment."""
        for folder in self.mounted:
            wait_until(lambda: subprocess.run(["umount", folder]).returncode == 0, 20, f"{folder} to be free")


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def fill(folder):
    """To the last byte."""
    with open(folder / "filler", "ab", buffering=0) as file:
        for size in (1 << 20, 65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def make_room(folder):
    (folder / "filler").unlink()


def free_bytes(folder):
    return os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
