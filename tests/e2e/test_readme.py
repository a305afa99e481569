"""The examples of the documents work as they stand.

Every block of sh, python or js in README.md and docs/*.md is run against a gateway with both
upstreams emulated, but for those behind a comment <!-- not run: reason -->. A block finds the
program as `dragoman`; the addresses the documents use stand for the test's own:

    http://127.0.0.1:3000   the gateway
    http://127.0.0.1:4001   the emulated CodeWhisperer
    http://127.0.0.1:4002   the emulated Coze

A block fails when it ends with an error, prints nothing, or prints an error object of the API. A
block of text right behind one, called "prints" by a comment <!-- prints -->, is what it must print;
"..." in it stands for anything.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from support.emulator import Emulator
from support.gateway import Gateway
from support.program import ROOT, binary, clean_environment, run

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!--\s*not run:\s*(?P<reason>[^>]+?)\s*-->\s*\n)?^```(?P<language>[a-z]+)\n(?P<code>.*?)^```$"
    r"(?:\s*<!-- prints -->\s*\n```text\n(?P<prints>.*?)^```$)?",
    re.MULTILINE | re.DOTALL)
RUNNERS = {"sh": "sh", "bash": "sh", "python": "python", "js": "js", "javascript": "js"}


def blocks(document):
    """(kind, code, what it prints or None, line) of each block that is not excused."""
    text = document.read_text()
    for match in BLOCK.finditer(text):
        if match["reason"]:
            continue
        line = text.count("\n", 0, match.start("code")) + 1
        yield match["language"], match["code"], match["prints"], line


def examples():
    found = []
    for document in DOCUMENTS:
        for language, code, prints, line in blocks(document):
            if language in RUNNERS:
                name = f"{document.stem}-{RUNNERS[language]}-line-{line}"
                found.append(pytest.param(RUNNERS[language], code, prints, id=name))
    return found


@pytest.fixture(scope="module")
def documented():
    """Emulators of our own: the examples queue scripts, move the clock and reset."""
    with Emulator("codewhisperer") as codewhisperer, Emulator("coze") as coze:
        with Gateway(codewhisperer, coze) as gateway:
            yield gateway, codewhisperer, coze


def command(kind, code, folder):
    if kind == "sh":
        return ["bash", "-euo", "pipefail", "-c", code]
    if kind == "python":
        return [sys.executable, "-c", code]
    (folder / "node_modules").symlink_to(ROOT / "tests/sdk/node_modules")
    (folder / "example.mjs").write_text(code)
    return [os.environ["DRAGOMAN_NODE"], "example.mjs"]


@pytest.mark.parametrize("kind, code, prints", examples())
def test_an_example_works(documented, kind, code, prints, tmp_path):
    addresses = dict(zip((3000, 4001, 4002), (part.url for part in documented)))
    for emulator in documented[1:]:
        emulator.reset()
    code = re.sub(r"http://(?:localhost|127\.0\.0\.1):(3000|4001|4002)\b",
                  lambda match: addresses[int(match[1])], code)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dragoman").symlink_to(binary())
    environment = clean_environment(tmp_path)
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    done = subprocess.run(command(kind, code, tmp_path), cwd=tmp_path, timeout=60, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), done.stderr
    assert '{"error":' not in done.stdout, done.stdout
    if prints is not None:
        pattern = re.escape(prints.strip()).replace(re.escape("..."), ".*?")
        assert re.fullmatch(pattern, done.stdout.strip(), re.DOTALL), done.stdout


def test_the_readme_shows_python_node_and_curl():
    kinds = [RUNNERS.get(language) for language, *_ in blocks(ROOT / "README.md")]
    assert "python" in kinds and "js" in kinds
    text = (ROOT / "README.md").read_text()
    assert "curl" in text and "scripts/run" in text and "scripts/test" in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_json_in_a_document_is_json(document):
    for language, code, _, line in blocks(document):
        if language == "json":
            try:
                json.loads(code)
            except ValueError as error:
                pytest.fail(f"{document.name}:{line}: {error}")


def members():
    """The rows of the table of request members: (name, example, {upstream: what happens})."""
    text = (ROOT / "docs/api.md").read_text()
    section = text[text.index("## Request members"):]
    section = section[:section.index("\n## ", 3)]
    rows = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            name, example = cells[0].strip("`"), cells[1].strip("`")
            rows.append(pytest.param(name, json.loads(example), cells[2], cells[3],
                                     id=f"{name}-{example}"))
    return rows


@pytest.mark.parametrize("name, example, codewhisperer, coze", members())
def test_a_request_member_does_what_the_table_says(documented, name, example, codewhisperer, coze):
    gateway = documented[0]
    for model, says in (("codewhisperer", codewhisperer), ("gpt-4", coze)):
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], name: example}
        answer = gateway.fetch("POST", "/v1/chat/completions", json=body)
        transforms = (answer.header("x-dragoman-transforms") or "").split(", ")
        if says == "refused":
            assert answer.status == 400, answer
            assert answer.error["code"] == "unsupported_parameter" and answer.error["param"] == name
        elif says.startswith("dropped"):
            said = says.removeprefix("dropped").strip(" ()`") or name
            assert answer.status == 200 and transforms == ["dropped:" + said], answer
        else:
            assert says in ("passed on", "answered here", "ignored"), says
            assert answer.status == 200 and transforms == [""], answer


EXAMPLE_FILES = {".env": ROOT / ".env.example", "dragoman.toml": ROOT / "examples/dragoman.toml"}
# "#name" with nothing between is a setting to be uncommented; "# Name" is prose.
COMMENTED = re.compile(r"^#(?=[A-Za-z_]+ ?=)", re.MULTILINE)


def effective(files):
    """What `config print` shows: {section.key: value}."""
    code, out, err = run("config", "print", files=files)
    assert (code, err) == (0, "")
    values, section = {}, ""
    for line in out.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif " = " in line:
            key, rest = line.split(" = ", 1)
            values[f"{section}.{key}"] = rest.rsplit("  # ", 1)[0]
    values.pop("server.state_dir")  # below a home folder of each run's own
    return values


@pytest.mark.parametrize("name", EXAMPLE_FILES)
@pytest.mark.parametrize("uncommented", [False, True], ids=["as-it-is", "uncommented"])
def test_a_file_to_copy_is_good_and_holds_the_defaults(name, uncommented):
    text = EXAMPLE_FILES[name].read_text()
    if uncommented:
        text = COMMENTED.sub("", text)
    code, out, err = run("config", "check", files={name: text})
    assert (code, err) == (0, ""), out
    assert effective({name: text}) == effective({})


def test_the_files_to_copy_hold_every_setting():
    _, reference, _ = run("config", "reference")
    dotenv, toml = (path.read_text() for path in EXAMPLE_FILES.values())
    section, keys = "", set()
    for line in toml.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif COMMENTED.match(line):
            keys.add(f"{section}.{line[1:].split(' = ')[0]}")
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*?) \|", reference, re.MULTILINE)
    assert keys == {key for key, _ in rows}
    for _, variables in rows:
        first, *others = re.findall(r"`(\w+)`", variables)
        assert re.search(rf"^#?{first}=", dotenv, re.MULTILINE), first
        for name in others:
            assert name in dotenv, name
