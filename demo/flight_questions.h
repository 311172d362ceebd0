// Five questions of a robot at the end of its flight, with the answers that follow from the flight itself: every one
// is computed by plain loops over the flight's log, without the database.
#pragma once

#include <vector>

#include "flight.h"
#include "question.h"

namespace mneme::demo {

std::vector<Question> flight_questions(const Flight& flight, const FlightLog& log);

}  // namespace mneme::demo
