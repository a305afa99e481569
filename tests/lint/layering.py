"""Who may include whom: the table is in src/CMakeLists.txt (USES), the includes are in src/**.

    tests/lint/layering            prints each include that the table does not allow; exit code 1

A file belongs to the module with the deepest folder that holds it: backends/coze/x.hpp to `coze`,
backends/backend.hpp to `backends`. A module may include itself, base, and what it names after USES;
what those use is not inherited, so that the table tells the whole truth.
"""

import pathlib
import re

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CALL = re.compile(r"dragoman_module\(\s*([^)]*?)\s*\)", re.DOTALL)
KEYWORDS = ("FOLDER", "USES", "LINKS")

# Slow to compile or a matter of one place: the implementation's business, never a header's.
NOT_IN_HEADERS = ("boost/beast", "openssl/", "CLI/", "toml++/", "toml.hpp")
# Included in one file of the whole program.
IN_ONE_FILE = ("CLI/", "toml++/")
# Modules that may never be reached, not even through others.
NEVER = (
    (r"frontends/.+", ("net", "backends")),
    (r"emulator(/.+)?", ("backends", "wire", "codewhisperer", "coze")),
)


class Module:
    def __init__(self, name, folder, uses):
        self.name = name
        self.folder = folder
        self.uses = uses


def parse_table(text):
    text = re.sub(r"#[^\n]*", "", text)
    modules = {}
    for call in CALL.findall(text):
        words = call.split()
        values = {key: [] for key in KEYWORDS}
        current = None
        for word in words[1:]:
            if word in KEYWORDS:
                current = word
            else:
                values[current].append(word)
        name = words[0]
        folder = values["FOLDER"][0] if values["FOLDER"] else name
        modules[name] = Module(name, folder, set(values["USES"]))
    return modules


def owner(path, modules):
    """The module whose folder holds this path (relative to src), or None."""
    best = None
    for module in modules.values():
        if path.startswith(module.folder + "/"):
            if best is None or len(module.folder) > len(best.folder):
                best = module
    return best


def reachable(name, modules, seen=()):
    found = set()
    todo = list(modules[name].uses)
    while todo:
        used = todo.pop()
        if used not in found and used in modules:
            found.add(used)
            todo += modules[used].uses
    return found


def check_table(modules):
    """Complaints about the table itself."""
    complaints = []
    defined = set()
    for module in modules.values():
        for used in sorted(module.uses - defined):
            why = "is unknown" if used not in modules else "stands below it: the order is bottom to top"
            complaints.append(f"src/CMakeLists.txt: {module.name} uses {used}, which {why}")
        defined.add(module.name)
        for folder, forbidden in NEVER:
            if re.fullmatch(folder, module.folder):
                for used in sorted(reachable(module.name, modules) & set(forbidden)):
                    complaints.append(f"src/CMakeLists.txt: {module.name} reaches {used}, never allowed")
    return complaints


def check_file(path, text, modules):
    """Complaints about the includes of one file; path is relative to src."""
    module = owner(path, modules)
    if module is None and "/" in path:
        return [f"src/{path}: its folder is no module of src/CMakeLists.txt"]
    # Files beside the modules (main.cpp) only start the command line.
    allowed = {"cli"} if module is None else module.uses | {module.name, "base"}
    complaints = []
    for quoted, angled in INCLUDE.findall(text):
        if quoted:
            used = owner(quoted, modules)
            if used is None:
                complaints.append(f'src/{path}: "{quoted}" is not below a module\'s folder')
            elif used.name not in allowed:
                who = module.name if module else path
                complaints.append(f"src/{path}: {who} may not include {quoted} (module {used.name})")
        elif path.endswith((".hpp", ".h")):
            for prefix in NOT_IN_HEADERS:
                if angled.startswith(prefix):
                    complaints.append(f"src/{path}: <{angled}> does not belong into a header")
    return complaints


def check_single_use(files):
    """Complaints about libraries that more than one file includes; files: {path: text}."""
    complaints = []
    for prefix in IN_ONE_FILE:
        users = sorted(path for path, text in files.items()
                       if any(angled.startswith(prefix) for _, angled in INCLUDE.findall(text)))
        if len(users) > 1:
            complaints.append(f"<{prefix}...> is included by {', '.join(users)}: one file only")
    return complaints


def sources(root):
    found = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".hpp", ".cpp", ".h"):
            found[str(path.relative_to(root / "src"))] = path.read_text()
    return found


def check(root):
    root = pathlib.Path(root)
    modules = parse_table((root / "src/CMakeLists.txt").read_text())
    files = sources(root)
    complaints = check_table(modules)
    for path, text in files.items():
        complaints += check_file(path, text, modules)
    return complaints + check_single_use(files)
