#include "cli/cli.hpp"

int main(int argc, char** argv) { return dragoman::cli::run(argc, argv); }
