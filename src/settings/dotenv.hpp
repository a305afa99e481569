#pragma once
// Reads the text of a `.env` file.
//
//   # a comment
//   PORT=3000                     # blanks before a # begin a comment
//   export COZE_API_KEY=pat_1
//   NAME='as it is, $ and \n too'
//   COZE_JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\nMII...\n"    may span lines
//
// In double quotes \n, \r, \t, \" and \\ are escapes; any other backslash stays. Variables are not
// expanded. A name that comes twice takes the last value.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace dragoman::settings {

struct DotenvEntry {
  std::string name;
  std::string value;
  std::size_t line = 0;  // where it begins, from 1
};

// Errors: bad_request, "line 3: ..."; the message quotes nothing of the file.
Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text);

}  // namespace dragoman::settings
