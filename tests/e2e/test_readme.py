"""The examples of the documents work as they stand.

Every block of sh, python or js in README.md is run against a gateway with both upstreams emulated,
but for those behind a comment <!-- not run: reason -->. What they are told to call,
http://localhost:3000 or http://127.0.0.1:3000, is replaced by the gateway's own address.
A block fails when it ends with an error or prints nothing.
"""

import os
import pathlib
import re
import subprocess

import pytest

from support.program import ROOT, clean_environment

BLOCK = re.compile(
    r"(?:<!--\s*not run:\s*(?P<reason>[^>]+?)\s*-->\s*\n)?^```(?P<language>[a-z]+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL)
RUNNERS = {"sh": "sh", "bash": "sh", "python": "python", "js": "js", "javascript": "js"}


def examples():
    found = []
    text = (ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else ""
    for number, match in enumerate(BLOCK.finditer(text), 1):
        kind = RUNNERS.get(match["language"])
        if kind and not match["reason"]:
            line = text.count("\n", 0, match.start("code")) + 1
            found.append(pytest.param(kind, match["code"], id=f"{kind}-line-{line}"))
    return found


def command(kind, code, folder):
    if kind == "sh":
        return ["bash", "-euo", "pipefail", "-c", code]
    if kind == "python":
        import sys
        return [sys.executable, "-c", code]
    (folder / "node_modules").symlink_to(ROOT / "tests/sdk/node_modules")
    (folder / "example.mjs").write_text(code)
    return [os.environ["DRAGOMAN_NODE"], "example.mjs"]


@pytest.mark.parametrize("kind, code", examples())
def test_an_example_works(gateway, kind, code, tmp_path):
    code = re.sub(r"http://(?:localhost|127\.0\.0\.1):3000", gateway.url, code)
    done = subprocess.run(command(kind, code, tmp_path), cwd=tmp_path, timeout=60,
                          env=clean_environment(tmp_path), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), done.stderr
    assert '"error"' not in done.stdout, done.stdout


def test_the_readme_shows_python_node_and_curl():
    kinds = [parameter.values[0] for parameter in examples()]
    assert "python" in kinds and "js" in kinds
    text = pathlib.Path(ROOT / "README.md").read_text()
    assert "curl" in text and "scripts/run" in text and "scripts/test" in text
