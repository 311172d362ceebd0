// Five questions about a real log, with answers computed by plain loops over a copy of it.
#pragma once

#include <vector>

#include "log_copy.h"
#include "question.h"

namespace mneme::demo {

// What time it is when the questions are asked: the log's last moment, by the clock that started at boot.
std::int64_t log_end_ns(const LogCopy& log);

std::vector<Question> log_questions(const LogCopy& log);

}  // namespace mneme::demo
