"""The `belfry` command against a central or an agent's socket, with nothing of the caller's environment."""
import json
import os
import subprocess

from .paths import program


class Cli:
    """`url` and `token` go by the environment, as in a script; other variables by keyword."""

    def __init__(self, home, url=None, token=None, **environment):
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", **environment}
        if url:
            self.environment["BELFRY_CENTRAL"] = url
        if token:
            self.environment["BELFRY_TOKEN"] = token
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def run(self, *words, stdin="", timeout=120):
        return subprocess.run([program("belfry"), *map(str, words)], input=stdin, capture_output=True, text=True,
                              timeout=timeout, env=self.environment)

    def out(self, *words, **kwargs):
        """What a command that must succeed prints."""
        done = self.run(*words, **kwargs)
        assert done.returncode == 0, f"belfry {words}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def json(self, *words, **kwargs):
        return json.loads(self.out(*words, "-o", "json", **kwargs))

    def lines(self, *words, **kwargs):
        return [json.loads(line) for line in self.out(*words, "-o", "jsonl", **kwargs).splitlines()]

    def fails(self, status, *words, **kwargs):
        """The one line of a command that must fail with that status."""
        done = self.run(*words, **kwargs)
        assert done.returncode == status, f"belfry {words}: {done.returncode}, not {status}\n{done.stdout}\n{done.stderr}"
        assert done.stderr.startswith("belfry: ") and done.stderr.count("\n") == 1, done.stderr
        return done.stderr[len("belfry: "):-1]
