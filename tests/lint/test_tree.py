"""What is tracked speaks of the project alone, and is whole."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Put together here, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    r"(?<![\w./-])/(?:" + "|".join(["work" + "/", "root" + "/", "opt/" + "wheels"]) + ")")
REGISTRIES = re.compile(
    r"(?:" + "|".join([r"registry\.npm" + "js", r"py" + r"pi\.org", r"files\.python" + "hosted",
                       r"deb\.debian" + r"\.org", r"snapshot\.debian" + r"\.org",
                       r"crates" + r"\.io", r"proxy\.golang" + r"\.org", r"repo1?\.mav" + "en"]) + ")")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
PROSE_AND_CODE = {".md", ".txt", ".cpp", ".hpp", ".h", ".py", ".mjs", ".js", ".json", ".toml", ".cmake",
                  ".sh", ".yml", ".yaml", ".ini", ""}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True,
                         capture_output=True).stdout.decode()
    return [name for name in out.split("\0") if name and (ROOT / name).is_file()]


def texts(skip=()):
    for name in tracked():
        path = ROOT / name
        if path.suffix not in PROSE_AND_CODE or name.startswith(tuple(skip)):
            continue
        yield name, path.read_text(encoding="utf-8", errors="replace")


def hits(pattern, skip=()):
    return [f"{name}:{number}: {line.strip()[:120]}"
            for name, text in texts(skip)
            for number, line in enumerate(text.split("\n"), 1) if pattern.search(line)]


def test_no_file_names_a_path_of_a_machine():
    assert hits(MACHINE_PATHS, skip=("tests/testdata/",)) == []


def test_no_file_names_the_host_of_a_package_registry():
    assert hits(REGISTRIES) == []


def test_no_source_is_left_unfinished():
    assert [hit for hit in hits(UNFINISHED) if hit.startswith(("src/", "scripts/", "cmake/"))] == []


def test_no_source_file_passes_600_lines():
    long = {name: text.count("\n") for name, text in texts()
            if name.startswith("src/") and text.count("\n") > 600}
    assert long == {}


def test_the_scripts_can_be_run():
    for name in ("scripts/setup", "scripts/run", "scripts/test", ".ci/run", "tests/lint/layering"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_links_inside_the_documents_lead_somewhere():
    broken = []
    for name, text in texts():
        if not name.endswith(".md") or name.startswith("tests/testdata/"):
            continue
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not ((ROOT / name).parent / target).exists():
                broken.append(f"{name}: {target}")
    assert broken == []
