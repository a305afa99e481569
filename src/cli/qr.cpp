#include "cli/qr.hpp"

#include <memory>
#include <qrencode.h>

namespace dragoman::cli {

std::string draw_qr_code(std::string_view text) {
  constexpr std::size_t longest = 400;  // beyond it the code is wider than 80 columns
  constexpr int quiet_zone = 2;  // four by the standard; two are read, and fit more terminals
  constexpr int automatic_version = 0;
  if (text.empty() || text.size() > longest) return {};
  const std::string terminated(text);
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(terminated.c_str(), automatic_version, QR_ECLEVEL_L), &QRcode_free);
  if (!code) return {};
  const int width = code->width;
  const auto is_light = [&](int row, int column) {
    if (row < 0 || column < 0 || row >= width || column >= width) return true;
    return (code->data[row * width + column] & 1) == 0;
  };
  std::string out;
  for (int row = -quiet_zone; row < width + quiet_zone; row += 2) {
    for (int column = -quiet_zone; column < width + quiet_zone; ++column) {
      const bool upper = is_light(row, column);
      // The last line may have no lower half.
      const bool lower = row + 1 < width + quiet_zone && is_light(row + 1, column);
      if (upper && lower) {
        out += "\u2588";
      } else if (upper) {
        out += "\u2580";
      } else if (lower) {
        out += "\u2584";
      } else {
        out += ' ';
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace dragoman::cli
