#pragma once
// The JSON of the API's objects. Pure.
//
// Members that the service leaves out are left out: completed_at before the end, last_error never,
// and so on. The studio forms follow the open-source server: zero times are written, last_error is
// not, messages carry meta_data.

#include "emulator/coze/types.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::coze {

void write_chat(json::Writer& out, const Chat& chat);

// As in stream events: created_at only when the message has one.
void write_event_message(json::Writer& out, const Message& message, bool studio);

// As in lists and answers to message calls. So that clients meet both forms of updated_at, it is a
// string for modified messages and for every fourth id.
void write_message(json::Writer& out, const Message& message);

void write_conversation(json::Writer& out, const Conversation& conversation);

void write_pairs(json::Writer& out, const Pairs& pairs);

}  // namespace dragoman::emulator::coze
