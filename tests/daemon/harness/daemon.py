"""A program of ours as a process of its own: its configuration file, and its commands that end by themselves."""
import subprocess

from .paths import program
from .process import Process


class Daemon(Process):
    """`section` names the part of the file that `options` stand in; an option that is None is left out."""

    def __init__(self, name, command, folder, section, options, env=None, wrapper=()):
        self.section, self.options = section, options
        self.config_path = folder / f"{name}.conf"
        self.write_config()
        self.program = [program(f"belfry-{section}"), "--config", self.config_path]
        super().__init__(name, [*self.program, command], folder, env, wrapper)

    def write_config(self, **changes):
        self.options.update(changes)
        lines = "".join(f"{key}={value}\n" for key, value in self.options.items() if value is not None)
        self.config_path.write_text(f"[{self.section}]\n{lines}")

    def run(self, *arguments, timeout=120, input=""):
        """A command that ends by itself: the finished process."""
        return subprocess.run([*self.program, *arguments], capture_output=True, text=True, timeout=timeout, input=input)
