#pragma once
// Reads whole JSON documents, with errors that say where.
//
//   auto document = Document::parse(body);            // Result<Document>
//   json::Reader root = document->root();
//   auto model = root.find("model");                  // absent or null: nullopt
//   auto messages = root.require("messages");         // Result<Reader>
//   auto items = messages->array();   // Result<Array>; error: "messages: expected an array"
//   for (Reader message : *items) { auto role = message.require("role"); ... }
//
// Everything is checked by parse(): syntax, UTF-8, depth, numbers. A leading byte order mark is
// skipped. When a name occurs twice find() takes the first; a walk over an Object shows both.
//
// Readers and the strings they return refer to the document, which must outlive them; moving the
// document is allowed. A Reader keeps the name it was found by without copying it: pass literals,
// or what lives as long.
//
// Errors are bad_request, their `param` is the path ("messages.2.content"), their message begins
// with it and never quotes the input.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/padded.hpp"

namespace dragoman::json {

inline constexpr std::size_t default_max_depth = 128;
// Parsing takes memory for each value. A text above the first size must have so many bytes for each
// value, bracket and separator in it, or it is refused: then all of it takes at most four times the
// text. Texts of people and programs have far more.
inline constexpr std::size_t max_dense_bytes = std::size_t{1} << 20;
inline constexpr std::size_t min_bytes_per_token = 6;

// The way from the root to a value. Only the first eight steps are kept.
class Path {
 public:
  Path child(std::string_view key) const;
  Path child(std::size_t index) const;
  std::string str() const;

 private:
  struct Step {
    const char* key = nullptr;  // null: an index
    std::size_t number = 0;     // index, or length of the key
  };
  static constexpr std::size_t max_steps = 8;
  std::array<Step, max_steps> steps_{};
  std::size_t size_ = 0;
};

class Array;
class Object;

class Reader {
 public:
  enum class Kind { null, boolean, number, string, array, object };

  Reader(simdjson::dom::element value, Path path) : value_(value), path_(path) {}

  Kind kind() const;
  bool is_null() const { return value_.is_null(); }
  std::string path() const { return path_.str(); }
  // The path of a member, for errors about members that are not there.
  std::string path(std::string_view key) const { return path_.child(key).str(); }

  // Members of an object. On anything else: require() is an error, find() finds nothing.
  std::optional<Reader> find(std::string_view key) const;
  Result<Reader> require(std::string_view key) const;

  Result<std::string_view> string() const;
  Result<bool> boolean() const;
  Result<std::int64_t> integer() const;  // also 3.0; not 3.5
  Result<double> number() const;
  Result<Array> array() const;
  Result<Object> object() const;

  // find() and the type in one step: nullopt when absent or null, an error for another type.
  Result<std::optional<std::string_view>> optional_string(std::string_view key) const;
  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_integer(std::string_view key) const;
  Result<std::optional<double>> optional_number(std::string_view key) const;

  // Compact JSON text of this value: member order is kept, the spelling of numbers may change.
  std::string minified() const { return simdjson::minify(value_); }

  // bad_request at this value: "messages.2.content: <problem>".
  Error error(std::string_view problem) const;

 private:
  Error expected(std::string_view what) const;
  simdjson::dom::element value_;
  Path path_;
};

// Elements in order, as Readers.
class Array {
 public:
  Array(simdjson::dom::array value, Path path) : value_(value), path_(path) {}
  class Iterator {
   public:
    Iterator(simdjson::dom::array::iterator at, const Path* path) : at_(at), path_(path) {}
    Reader operator*() const { return Reader(*at_, path_->child(index_)); }
    Iterator& operator++() {
      ++at_;
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    simdjson::dom::array::iterator at_;
    const Path* path_;
    std::size_t index_ = 0;
  };
  Iterator begin() const { return {value_.begin(), &path_}; }
  Iterator end() const { return {value_.end(), &path_}; }
  // Counts by walking when there are more than 16 million elements, else at once.
  std::size_t size() const { return value_.size(); }
  bool empty() const { return value_.begin() == value_.end(); }

 private:
  simdjson::dom::array value_;
  Path path_;
};

struct Member {
  std::string_view key;
  Reader value;
};

// Members in order, as {key, value}.
class Object {
 public:
  Object(simdjson::dom::object value, Path path) : value_(value), path_(path) {}
  class Iterator {
   public:
    Iterator(simdjson::dom::object::iterator at, const Path* path) : at_(at), path_(path) {}
    Member operator*() const { return {at_.key(), Reader(at_.value(), path_->child(at_.key()))}; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    simdjson::dom::object::iterator at_;
    const Path* path_;
  };
  Iterator begin() const { return {value_.begin(), &path_}; }
  Iterator end() const { return {value_.end(), &path_}; }
  bool empty() const { return value_.begin() == value_.end(); }

 private:
  simdjson::dom::object value_;
  Path path_;
};

class Document {
 public:
  // Copies the text. Errors: bad_request with an empty param and a message fit for clients.
  // The second reads the text where it lies; it is not needed any more afterwards.
  static Result<Document> parse(std::string_view text, std::size_t max_depth = default_max_depth);
  static Result<Document> parse(PaddedBytes text, std::size_t max_depth = default_max_depth);

  Reader root() const { return Reader(root_, Path()); }

 private:
  static Result<Document> parse_text(std::string_view text, std::size_t max_depth, bool copy);
  explicit Document(std::unique_ptr<simdjson::dom::parser> parser) : parser_(std::move(parser)) {}
  std::unique_ptr<simdjson::dom::parser> parser_;  // owns what root_ refers to
  simdjson::dom::element root_;
};

}  // namespace dragoman::json
