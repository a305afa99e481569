#pragma once
// A text as a QR code for terminals.

#include <string>
#include <string_view>

namespace dragoman::cli {

// Half blocks, two rows of the code to a line, with the quiet zone scanners need. The light parts
// are drawn, so that it reads on dark terminals; most scanners take it inverted as well. Empty when
// the text is too long for a terminal (or for a QR code).
std::string draw_qr_code(std::string_view text);

}  // namespace dragoman::cli
