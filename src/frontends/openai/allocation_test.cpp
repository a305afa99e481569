// Counts allocations, by replacing the global operator new of this test program. The encoder's hot
// path must only ever grow the output.

#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "frontends/openai/chat_encode.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All that pair up without alignment: a half replaced set would confuse AddressSanitizer.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace dragoman::openai {
namespace {

TEST(ChunkEncoder, AllocatesNothingPerEventWhenTheOutputHasRoom) {
  ChunkEncoder encoder({"chatcmpl-0123456789abcdefghijklmn", 1700000000, "claude-sonnet-4.5"},
                       true);
  std::string out;
  out.reserve(std::size_t{1} << 20);
  const chat::Event text =
      chat::TextDelta{chat::JsonText::promise(R"(a delta with \"escapes\" in it)")};
  const chat::Event reasoning = chat::ReasoningDelta{chat::JsonText::promise("hm")};
  const chat::Event usage = chat::Usage{};
  const chat::Event finished = chat::Finished{};

  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    encoder.write(text, out);
    encoder.write(reasoning, out);
  }
  encoder.write(usage, out);
  encoder.write(finished, out);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(out.size(), 100'000U);

  const std::string longer(out.size(), 'x');  // the counter counts
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace dragoman::openai
