#pragma once
// The command line: verbs, their options and exit codes.
//
// 0: done; 1: it failed and a message on standard error says why; 2: the call or the configuration
// is wrong, and standard error has a line for each mistake.

namespace dragoman::cli {

int run(int argc, char** argv);

}  // namespace dragoman::cli
