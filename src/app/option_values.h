#pragma once
// What a flag's text means: numbers, sizes, times and words with their bounds, put into Options.

#include "app/arguments.h"
#include "app/options.h"
#include "base/result.h"

namespace parshall::app {

// The flag's choices are checked already. An Error's place is where the value came from.
Status StoreValue(const Given& given, Options* options);

}  // namespace parshall::app
