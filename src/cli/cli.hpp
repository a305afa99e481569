#pragma once
// The command line: verbs, their options and exit codes.
//
// 0: done; 1: it failed and a message on standard error says why; 2: the call was wrong.

namespace dragoman::cli {

int run(int argc, char** argv);

}  // namespace dragoman::cli
