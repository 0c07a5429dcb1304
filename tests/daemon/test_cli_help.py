"""Help, completion and the man page: every verb is everywhere, since all come from one table."""
import os
import re
import shlex
import subprocess

import pytest
import yaml

from harness.cli import Cli
from harness.paths import BUILD, ROOT, program


def run(*words):
    return subprocess.run([program("belfry"), *words], capture_output=True, text=True, timeout=120)


def commands():
    """Every command that belfry --help lists, as words."""
    lines = run("--help").stdout.splitlines()
    return [line.strip().split("  ")[0].split()[1:] for line in lines if re.match(r"  belfry \w+", line) and "  " in line.strip()]


def options_of(words):
    return re.findall(r"^ +(?:-\w, )?--([a-z-]+)", run(*words, "--help").stdout, re.M)


def test_there_are_many_commands():
    assert len(commands()) > 50 and ["job", "list"] in commands() and ["ledger"] in commands()


def test_every_command_explains_itself_with_an_example():
    for words in commands():
        done = run(*words, "--help")
        assert done.returncode == 0 and done.stderr == "", words
        assert done.stdout.startswith(f"Usage: belfry {' '.join(words)}"), words
        example = done.stdout.split("Example:\n")[1].strip()
        assert "belfry " + words[0] in example, words
        assert run("help", *words).stdout == done.stdout, words
        assert max(len(line) for line in done.stdout.splitlines()) <= 160, words


@pytest.mark.parametrize("name", ["belfry", "belfry-agent", "belfry-central"])
def test_help_has_no_question_marks_where_the_locale_has_the_letters(name):
    done = subprocess.run([program(name), "--help"], capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60)
    assert done.returncode == 0 and "[OPTION" in done.stdout.decode() and "OPTION?" not in done.stdout.decode()


def test_every_noun_explains_itself():
    for noun in {words[0] for words in commands()}:
        done = run(noun, "--help")
        assert done.returncode == 0 and "Example:" in done.stdout, noun


def test_every_option_of_every_example_is_known():
    for words in commands():
        example = run(*words, "--help").stdout.split("Example:\n")[1].strip()
        for option in re.findall(r"(?<= )--([a-z-]+)", example):
            assert option in options_of(words), f"{example}: --{option}"


def bash(script):
    return subprocess.run(["bash", "-c", f"source <('{program('belfry')}' completion bash)\n{script}"], capture_output=True, text=True,
                          timeout=120)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_scripts_know_every_verb_and_every_option(shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(run("completion", shell).stdout)
    assert subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0 or shell == "zsh"
    text = script.read_text()
    functions = text[:text.index("\n_belfry()")]
    asked = "".join(f"echo '= {' '.join(w)}'; belfry_words \"$(belfry_command {w[0]} {w[1] if len(w) > 1 else chr(39) * 2})\" ''\n"
                    for w in commands())
    done = subprocess.run(["bash", "-c", functions + "\nbelfry() { :; }\n" + asked], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    answers = {part.split("\n")[0]: part.split("\n")[1:] for part in done.stdout.split("= ")[1:]}
    for words in commands():
        assert {f"--{option}" for option in options_of(words)} <= set(answers[" ".join(words)]), words
        if len(words) > 1:
            verbs = subprocess.run(["bash", "-c", f"{functions}\nbelfry_words {words[0]} ''"], capture_output=True, text=True).stdout
            assert words[1] in verbs.split()


def complete(line, *words):
    """`words` are what bash takes the line apart to, where that is not at the blanks."""
    words = words or line.split(" ")
    script = (f"COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
              f"COMP_CWORD={len(words) - 1}; _belfry 2>/dev/null; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return [word for word in bash(script).stdout.split("\n") if word]


def test_bash_completes_nouns_verbs_options_and_their_words():
    assert complete("belfry jo") == ["job"]
    assert complete("belfry job re") == ["resume", "revisions"]
    assert complete("belfry job list --la") == ["--last-status", "--late"] or "--late" in complete("belfry job list --la")
    assert complete("belfry job list -o js") == ["json", "jsonl"]
    assert "bash" in complete("belfry completion ba")


def test_bash_completes_names_that_central_knows(central, api, world, monkeypatch, tmp_path):
    for name in ("backup", "backup two", "other"):
        api.create_job("@daily", "http://127.0.0.1:9/", name=name)
    (tmp_path / "belfry").symlink_to(program("belfry"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("BELFRY_CENTRAL", central.url)
    monkeypatch.setenv("BELFRY_TOKEN", central.token)
    assert complete("belfry job show ba") == ["backup", "backup\\ two"]
    assert complete("belfry job show backup\\ t", "belfry", "job", "show", "backup\\ t") == ["backup\\ two"]
    assert complete("belfry job show backup\\ o", "belfry", "job", "show", "backup\\ o") == [], "not another one that begins with an o"
    assert complete("belfry job show 'backup t", "belfry", "job", "show", "'backup t") == ["backup two"]
    assert Cli(world.folder, central.url, central.token).out("completion", "jobs") == "backup\nbackup two\nother\n"
    assert complete("belfry job diff backup ") == [], "the name of a job stands there already"
    assert complete("belfry job pause backup o") == ["other"], "several may be paused at once"
    assert api.post("/api/users", json={"name": "ada", "role": "viewer", "password": "correct horse"}).status_code == 201
    assert complete("belfry user role a") == ["ada"]
    assert complete("belfry user role ada ") == ["viewer", "operator", "editor", "admin"]
    assert complete("belfry user delete --yes ad") == ["ada"]


# Manual pages --------------------------------------------------------------------------------------------------------

def page(name):
    """A page as it was built, without markup. It is built when scdoc was there at configure."""
    text = (BUILD / "contrib/man" / name).read_text()
    return re.sub(r"\\f[A-Z]|\\&|\\", "", text)


def test_the_manual_page_has_every_command_and_every_option():
    text = page("belfry.1")
    for words in commands():
        assert f"belfry {' '.join(words)}" in text, words
        for option in options_of(words):
            assert f"--{option}" in text or option == "help", (words, option)
    for status in range(7):
        assert f"\n{status}\n" in text


@pytest.mark.parametrize("daemon", ["belfry-agent", "belfry-central"])
def test_the_configuration_pages_have_every_key_and_nothing_of_the_machine(daemon):
    printed = subprocess.run([program(daemon), "--print-config"], capture_output=True, text=True, check=True).stdout
    keys = re.findall(r"^(\w+)=", printed, re.M)
    text = page(f"{daemon}.conf.5")
    assert len(keys) > 10
    for key in keys:
        assert re.search(rf"^{key}$", text, re.M), key
    assert text.count("Default: ") == len(keys)


@pytest.mark.parametrize("daemon", ["belfry-agent", "belfry-central"])
def test_the_page_of_a_daemon_has_every_option_and_command_of_its_help_and_no_other(daemon):
    said = subprocess.run([program(daemon), "--help"], capture_output=True, text=True, check=True).stdout
    text = page(f"{daemon}.8")
    options = re.findall(r"--([a-z-]+)", said)
    assert len(options) > 7 and set(re.findall(r"--([a-z-]+)", text)) == set(options) - {"help"}
    for command in re.search(r"\[((?:[a-z ]+\|)+[a-z ]+)\]", said)[1].split("|"):
        assert re.search(rf"\b{command}\b", text), command


def test_the_job_page_has_every_member_of_a_definition():
    schemas = yaml.safe_load((ROOT / "central/openapi.yaml").read_text())["components"]["schemas"]
    text = page("belfry-job.5")
    for name, schema in schemas["JobDefinition"]["properties"].items():
        for member in (name, *schema.get("properties", {})):
            assert re.search(rf"\b{member}\b", text), member
