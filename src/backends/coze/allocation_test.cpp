// Counts what the codec allocates: nothing for a delta, once the buffers have their usual size.

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "backends/coze/decode.hpp"

namespace {
std::size_t allocations = 0;
}

#if defined(__GNUC__) && !defined(__clang__)
// g++ takes the free() in a replaced operator delete for a mistake.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

// All forms, or a sanitizer sees memory of one kind given back as another.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace dragoman::coze {
namespace {

TEST(CozeAllocation, DeltasAllocateNothingInSteadyState) {
  std::string stream;
  for (const char* text : {"plain", "line\\nbreak \\\"quoted\\\"", "\\ud83d", "\\ude00"}) {
    stream +=
        "event:conversation.message.delta\n"
        "data:{\"id\":\"7404000000000000001\",\"conversation_id\":\"7402000000000000001\","
        "\"role\":\"assistant\",\"type\":\"answer\",\"content\":\"" +
        std::string(text) + "\",\"content_type\":\"text\",\"chat_id\":\"7403000000000000001\"}\n\n";
  }

  simdjson::ondemand::parser parser;
  Decoder decoder(parser, "LOG1");
  std::vector<chat::Event> events;
  std::array<char, 100 + byte_padding> read{};
  // Reads of 100 bytes cut every event; the period of the cuts is that of the stream.
  std::size_t position = 0;
  const auto feed_once = [&] {
    for (std::size_t i = 0; i < 100; ++i) read[i] = stream[(position + i) % stream.size()];
    position = (position + 100) % stream.size();
    events.clear();
    decoder.feed(PaddedBytes::promise({read.data(), 100}), events);
  };
  for (int i = 0; i < 1000; ++i) feed_once();
  const std::size_t before = allocations;
  std::size_t count = 0;
  for (int i = 0; i < 10000; ++i) {
    feed_once();
    count += events.size();
  }
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_GT(count, 3000U);
  EXPECT_FALSE(decoder.ended());
}

}  // namespace
}  // namespace dragoman::coze
