#pragma once
// Counts the allocations of the test program, so that a test can say there were none.

#include <cstddef>

namespace dragoman::codewhisperer {

// By operator new, of all threads, since the start.
std::size_t allocations();

}  // namespace dragoman::codewhisperer
