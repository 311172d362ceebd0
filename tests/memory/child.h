// Work done in a process of its own, which tells how far its resident memory ever went above where it began: a parent's
// past peak is nobody's. For the tests of memory_budget.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace mneme::support {

struct Outcome {
  double grown_mib = 0;
  std::string trouble;  // Empty: `work` said so.
};

// `work` returns what went wrong. The child ends like a killed one: nobody closes what `work` left open.
// `data_bytes_more`: what it may ask of the system above what it has when it begins (RLIMIT_DATA); 0: as much as it
// likes.
Outcome in_child(const std::function<std::string()>& work, std::size_t data_bytes_more = 0);

// Whether this system counts private memory against RLIMIT_DATA.
bool data_limit_works();

// A field of /proc/self/status, for example VmHWM.
double status_mib(const std::string& field);

}  // namespace mneme::support
