#pragma once
// The shapes of the operations' inputs: the service model, as tables.
//
// Where the published model and later field reports disagree on a limit, the stricter one is
// taken, except for the number of tool uses and results (10 in a snapshot of the model; newer
// clients send more, and so do gateways).

#include "emulator/codewhisperer/shape.hpp"

namespace dragoman::emulator::codewhisperer {

const Shape& generate_input();  // GenerateAssistantResponse
const Shape& send_input();      // SendMessage

}  // namespace dragoman::emulator::codewhisperer
