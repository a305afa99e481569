"""The module table holds; and the checker sees what it should."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import layering  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

TABLE = """
dragoman_module(base LINKS asio)
dragoman_module(json USES base)   # a comment (with brackets)
dragoman_module(wire USES base)
dragoman_module(chat USES base json)
dragoman_module(net USES base)
dragoman_module(openai FOLDER frontends/openai USES chat
  json)
dragoman_module(backends USES chat net)
dragoman_module(coze FOLDER backends/coze USES backends chat)
dragoman_module(emulator USES base net)
dragoman_module(cli USES net)
"""


def complaints(path, text):
    return layering.check_file(path, text, layering.parse_table(TABLE))


def test_the_sources_keep_to_the_table():
    assert layering.check(ROOT) == []


def test_the_table_is_read_with_folders_and_line_breaks():
    modules = layering.parse_table(TABLE)
    assert modules["openai"].folder == "frontends/openai"
    assert modules["openai"].uses == {"chat", "json"}
    assert modules["base"].uses == set()
    assert layering.check_table(modules) == []


def test_a_listed_module_the_own_one_and_base_may_be_included():
    assert complaints("chat/x.cpp", '#include "base/a.hpp"\n#include "chat/b.hpp"\n'
                      '#include "json/c.hpp"\n#include <boost/beast/core.hpp>\n') == []


def test_a_module_that_is_not_listed_may_not():
    assert len(complaints("chat/x.hpp", '#include "net/client.hpp"')) == 1


def test_what_a_listed_module_uses_is_not_inherited():
    assert len(complaints("backends/coze/x.cpp", '#include "net/client.hpp"')) == 1


def test_the_deepest_folder_decides():
    assert complaints("backends/coze/x.cpp", '#include "backends/backend.hpp"') == []
    assert len(complaints("backends/x.cpp", '#include "backends/coze/codec.hpp"')) == 1


def test_a_frontend_never_sees_net():
    assert len(complaints("frontends/openai/x.cpp", '#include "net/client.hpp"')) == 1
    table = TABLE.replace("FOLDER frontends/openai USES chat", "FOLDER frontends/openai USES net")
    assert len(layering.check_table(layering.parse_table(table))) == 1


def test_an_emulator_never_reaches_the_codecs_it_judges():
    table = TABLE.replace("emulator USES base net", "emulator USES net coze")
    found = layering.check_table(layering.parse_table(table))
    assert [line for line in found if "reaches coze" in line]
    assert [line for line in found if "reaches backends" in line]


def test_the_table_goes_from_bottom_to_top():
    table = TABLE.replace("json USES base", "json USES chat")
    assert len(layering.check_table(layering.parse_table(table))) == 1


def test_slow_headers_stay_out_of_headers():
    for name in ("boost/beast/http.hpp", "openssl/ssl.h", "CLI/CLI.hpp", "toml++/toml.h"):
        assert len(complaints("net/x.hpp", f"#include <{name}>")) == 1, name
        assert complaints("net/x.cpp", f"#include <{name}>") == [], name


def test_the_command_line_parser_is_included_in_one_file():
    text = "#include <CLI/CLI.hpp>"
    assert layering.check_single_use({"cli/a.cpp": text}) == []
    assert len(layering.check_single_use({"cli/a.cpp": text, "cli/b.cpp": text})) == 1


def test_main_only_starts_the_command_line():
    assert complaints("main.cpp", '#include "cli/cli.hpp"') == []
    assert len(complaints("main.cpp", '#include "net/client.hpp"')) == 1


def test_a_folder_without_a_module_is_reported():
    assert len(complaints("utils/x.cpp", "")) == 1
