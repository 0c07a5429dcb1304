#!/usr/bin/env python3
"""run.py --source DIR --work DIR [--only TEXT] [--commit REV]: does the suite see each mutant of mutants.py?
run.py --source DIR --check: are all mutants up to date with the code? Builds nothing.

A copy of the tree is made and built once in --work; every test that is to see a mutant must pass there first. Then each
mutant is applied, built (only what it touches) and put before its test. Caught means: it builds, the test fails, and the
test says what the mutant's `says` expects. Daemon tests mostly wait, so they have a copy of the build and a process of
their own. Prints a table and a closing line; exit 1 unless every mutant is caught. A stale mutant, one whose text is no
longer in the code, is not caught: what it asks was not asked.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from mutants import MUTANTS  # noqa: E402

LIMIT_S = 150  # of one test
CONFIGURE = "../configure -q CFLAGS=-O1"
GENERATED = ["configure", "Makefile.in", "aclocal.m4", "config.h.in", "build-aux", "m4"]
printing = threading.Lock()


def run(command, folder, limit=LIMIT_S, **more):
    """(exit status or None when it took too long, output)"""
    process = subprocess.Popen(command, cwd=folder, shell=isinstance(command, str), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, start_new_session=True, text=True, errors="replace", **more)  # fmt: skip
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        return None, output


def copy_tree(source, tree, commit):
    """What git knows (or all but builds), with time stamps, so that nothing is generated anew."""
    if commit:
        subprocess.run(f"git archive {commit} | tar -x -C {tree}", cwd=source, shell=True, check=True)
    else:
        built_in_place = os.path.exists(os.path.join(source, "config.status"))  # then what git does not know may be made
        which = ["-c"] if built_in_place else ["-co", "--exclude-standard"]
        listed = subprocess.run(["git", "ls-files", "-z", *which], cwd=source, capture_output=True)
        names = listed.stdout.decode().split("\0") if listed.returncode == 0 else os.listdir(source)
        for name in filter(None, names):
            path, to = os.path.join(source, name), os.path.join(tree, name)
            if os.path.isfile(path):
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copy2(path, to)
            elif os.path.isdir(path) and not name.startswith(("build", ".git")):
                shutil.copytree(path, to, dirs_exist_ok=True)
    for name in GENERATED:
        path, to = os.path.join(source, name), os.path.join(tree, name)
        if os.path.isdir(path):
            shutil.copytree(path, to, dirs_exist_ok=True)
        elif os.path.isfile(path) and not commit:
            shutil.copy2(path, to)
    if not os.path.exists(os.path.join(tree, "configure")):
        must("./autogen.sh", tree)


def must(command, folder):
    status, output = run(command, folder, 900)
    if status != 0:
        sys.exit(f"mutants: {command} failed in {folder}:\n{output[-4000:]}")


def edited(tree, mutant):
    """{path: content with the mistake}; LookupError when a text to change is not there exactly once."""
    contents = {}
    for file, text, replacement in mutant.edits:
        path = os.path.join(tree, file)
        if path not in contents:
            if not os.path.isfile(path):
                raise LookupError(f"{file} is gone: bring the mutant up to date")
            with open(path) as handle:
                contents[path] = handle.read()
        if contents[path].count(text) != 1:
            raise LookupError(f"{file}: the text to change is there {contents[path].count(text)} times: bring the mutant up to date")
        contents[path] = contents[path].replace(text, replacement)
    return contents


def test_exists(tree, test):
    kind, what = test
    if kind == "sim":
        return True
    if kind == "unit":
        return os.path.isfile(os.path.join(tree, f"tests/unit/{what}.c"))
    file, name = what.split("::")
    path = os.path.join(tree, "tests/daemon", file)
    if not os.path.isfile(path):
        return False
    with open(path) as handle:
        return f"def {name}(" in handle.read()


def check(tree, mutants):
    """Complaints, one line each."""
    names = collections.Counter(mutant.name for mutant in mutants)
    complaints = [f"two mutants are called '{name}'" for name, n in names.items() if n > 1]
    for mutant in mutants:
        try:
            edited(tree, mutant)
        except LookupError as error:
            complaints.append(f"STALE {mutant.name}: {error}")
        if not test_exists(tree, mutant.test):
            complaints.append(f"STALE {mutant.name}: its test is gone: {mutant.test[1]}")
    return complaints


def complains(mutant, output):
    """Does a line of the output say what is expected? Of pytest only what went wrong counts: it shows the test's source too."""
    lines = output.splitlines()
    if mutant.test[0] == "daemon":
        lines = [line for line in lines if line.startswith("E ")]
    return any(re.search(mutant.says, line) for line in lines)


class Lane:
    """A tree, its build, and the mutants that go through it one after the other."""

    def __init__(self, folder):
        self.tree, self.build = folder, os.path.join(folder, "build")

    def targets(self, test):
        kind, what = test
        if kind == "sim":
            return "tests/sim/sim"
        return f"tests/unit/{what}" if kind == "unit" else "all"

    def make(self, test):
        return run(f"make -s -j2 {self.targets(test)}", self.build, 600)

    def test(self, test):
        kind, what = test
        if kind == "sim":
            return run(f"tests/sim/sim {what}", self.build)
        if kind == "unit":
            return run(f"tests/unit/{what}", self.build)
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", os.path.join("tests/daemon", what)]
        return run(command, self.tree, env={**os.environ, "BELFRY_BUILD": self.build})

    def apply(self, mutant):
        """Returns what has to be written back."""
        after, before = edited(self.tree, mutant), {}
        for path in after:
            with open(path) as handle:
                before[path] = handle.read()
        self.restore(after)
        return before

    @staticmethod
    def restore(contents):
        for path, content in contents.items():
            with open(path, "w") as handle:
                handle.write(content)

    def verdict(self, mutant):
        """(what happened, output)"""
        try:
            before = self.apply(mutant)
        except LookupError as error:
            return "STALE", str(error)
        try:
            status, output = self.make(mutant.test)
            if status != 0:
                return "DOES NOT BUILD", output[-3000:]
            status, output = self.test(mutant.test)
        finally:
            self.restore(before)
        if status is None:
            return "HANGS", output[-3000:]
        if status == 0:
            return "SURVIVED", output[-1500:]
        if not complains(mutant, output):
            return "FAILS FOR ANOTHER REASON", output[-3000:]
        return "caught", output

    def go(self, mutants):
        verdicts, broken = [], {}
        for test in dict.fromkeys(mutant.test for mutant in mutants):
            status, output = self.make(test)
            status, output = self.test(test) if status == 0 else (status, output)
            if status != 0:
                broken[test] = output[-3000:]
        for mutant in mutants:
            began = time.monotonic()
            if mutant.test in broken:
                verdict, output = "FAILS WITHOUT THE MUTANT", broken[mutant.test]
            else:
                verdict, output = self.verdict(mutant)
            verdicts.append((mutant, verdict, time.monotonic() - began, output))
            show(*verdicts[-1])
        return verdicts


def show(mutant, verdict, seconds, output):
    kind, what = mutant.test
    what = what.split("::test_")[-1] if kind == "daemon" else what
    with printing:
        print(f"{mutant.name:44} | {mutant.promise:5} | {(kind + ' ' + what)[:60]:60} | {seconds:5.1f} s | {verdict}", flush=True)
        if verdict != "caught":
            print("    " + output.replace("\n", "\n    "), flush=True)


def closing_line(verdicts):
    """'N caught, M survived', and by name what is neither: a mutant that asked nothing is no success."""
    counts = collections.Counter(verdict for _, verdict, _, _ in verdicts)
    line = f"{counts.pop('caught', 0)} caught, {counts.pop('SURVIVED', 0)} survived"
    for other in counts:
        names = ", ".join(mutant.name for mutant, verdict, _, _ in verdicts if verdict == other)
        line += f", {counts[other]} {other.lower()} ({names})"
    return line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--work", help="a folder to build in; what is there goes")
    parser.add_argument("--check", action="store_true", help="only look whether the mutants are up to date")
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--commit", help="this revision instead of the working tree")
    options = parser.parse_args()
    mutants = [mutant for mutant in MUTANTS if options.only in mutant.name]
    if options.check:
        complaints = check(os.path.abspath(options.source), MUTANTS)
        print("\n".join([*complaints, f"{len(MUTANTS)} mutants, {len(complaints)} complaints"]))
        return 1 if complaints else 0
    if not options.work:
        parser.error("--work is missing")
    if not mutants:
        parser.error(f"no mutant has '{options.only}' in its name")
    began = time.monotonic()
    work = os.path.abspath(options.work)
    shutil.rmtree(work, ignore_errors=True)
    first = Lane(os.path.join(work, "core"))
    os.makedirs(first.build)
    copy_tree(os.path.abspath(options.source), first.tree, options.commit)
    must(CONFIGURE, first.build)
    lanes = {first: [m for m in mutants if m.test[0] != "daemon"]}
    daemons = [m for m in mutants if m.test[0] == "daemon"]
    if daemons:
        must("make -s -j2", first.build)
        second = Lane(os.path.join(work, "daemons"))
        shutil.copytree(first.tree, second.tree, symlinks=True)
        must(CONFIGURE, second.build)  # its Makefile names the folder it was made in
        lanes[second] = daemons
    print(f"built in {time.monotonic() - began:.0f} s; {len(mutants)} mutants", flush=True)
    with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
        verdicts = [verdict for done in pool.map(lambda lane: lane.go(lanes[lane]), lanes) for verdict in done]
    print(f"built and tested in {time.monotonic() - began:.0f} s")
    print(closing_line(verdicts))
    return 0 if all(verdict[1] == "caught" for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
