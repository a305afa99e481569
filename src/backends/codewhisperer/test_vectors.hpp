#pragma once
// The golden vectors, for the tests of this folder (tests/testdata/codewhisperer/README.md).

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/padded.hpp"
#include "json/reader.hpp"
#include "json/writer.hpp"

namespace dragoman::codewhisperer::vectors {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

inline std::filesystem::path path_of(std::string_view folder, std::string_view name) {
  return std::filesystem::path(DRAGOMAN_TESTDATA) / "codewhisperer" / folder / name;
}

// Names without extension, sorted.
inline std::vector<std::string> names(std::string_view folder) {
  std::vector<std::string> list;
  for (const auto& entry : std::filesystem::directory_iterator(path_of(folder, ""))) {
    if (entry.path().extension() == ".json") list.push_back(entry.path().stem().string());
  }
  std::ranges::sort(list);
  if (list.empty()) throw std::runtime_error("no vectors in " + std::string(folder));
  return list;
}

inline std::string bytes_of(std::string_view folder, const std::string& name) {
  return read_file(path_of(folder, name + ".bin"));
}

// The official client hands on lone surrogates, and so some descriptions hold them; our parser
// refuses them. They become U+FFFD here.
inline std::string without_lone_surrogates(std::string_view text) {
  const auto half = [&](std::size_t at, std::string_view leads) {
    return at + 6 <= text.size() && text[at] == '\\' && text[at + 1] == 'u' &&
           text[at + 2] == 'd' && leads.find(text[at + 3]) != leads.npos;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (half(i, "89ab") && half(i + 6, "cdef")) {
      out += text.substr(i, 12);
      i += 12;
    } else if (half(i, "89abcdef")) {
      out += "\\ufffd";
      i += 6;
    } else {
      const std::size_t step = text[i] == '\\' ? 2 : 1;
      out += text.substr(i, step);
      i += step;
    }
  }
  return out;
}

inline json::Document description(std::string_view folder, const std::string& name) {
  auto document =
      json::Document::parse(without_lone_surrogates(read_file(path_of(folder, name + ".json"))));
  if (!document) throw std::runtime_error(name + ": " + document.error().message);
  return std::move(*document);
}

// JSON text with members sorted by name: equal texts mean equal values.
inline std::string canonical(const json::Reader& value) {
  if (auto object = value.object()) {
    std::vector<std::pair<std::string, std::string>> members;
    for (const auto& [key, member] : *object) {
      members.emplace_back(json::escape(key), canonical(member));
    }
    std::ranges::sort(members);
    std::string out = "{";
    for (const auto& [key, member] : members) {
      out += (out.size() > 1 ? ",\"" : "\"") + key + "\":" + member;
    }
    return out + "}";
  }
  if (auto array = value.array()) {
    std::string out = "[";
    for (const json::Reader element : *array) {
      out += (out.size() > 1 ? "," : "") + canonical(element);
    }
    return out + "]";
  }
  if (auto text = value.string()) return "\"" + json::escape(*text) + "\"";
  return value.minified();
}

inline std::string canonical(std::string_view text) {
  const auto document = json::Document::parse(text);
  if (!document) throw std::runtime_error("not JSON: " + document.error().message);
  return canonical(document->root());
}

// Cuts of a text of that size: none, every byte, and a few random sets (always the same ones).
inline std::vector<std::vector<std::size_t>> splits(std::size_t size, int random_sets = 20) {
  std::vector<std::vector<std::size_t>> sets(2);
  for (std::size_t i = 1; i < size; ++i) sets[1].push_back(i);
  std::minstd_rand random(20260101);
  for (int set = 0; set < random_sets && size > 0; ++set) {
    std::vector<std::size_t> cuts;
    const std::size_t count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) cuts.push_back(random() % (size + 1));
    std::ranges::sort(cuts);
    sets.push_back(std::move(cuts));
  }
  return sets;
}

// Calls use(PaddedBytes) with each piece, in memory that is overwritten afterwards.
inline void for_each_piece(std::string_view bytes, const std::vector<std::size_t>& cuts, auto use) {
  std::string piece;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    piece.assign(bytes.substr(start, end - start));
    const std::size_t size = piece.size();
    piece.append(byte_padding, '\xEE');
    use(PaddedBytes::promise(std::string_view(piece).substr(0, size)));
    std::ranges::fill(piece, '#');
    start = end;
  }
}

}  // namespace dragoman::codewhisperer::vectors
