#pragma once
// What a reload can do about settings: which of them have changed, and which of these wait for a
// restart.

#include <string>
#include <vector>

#include "app/settings.h"

namespace parshall::app {

// Whether other sources are read, or in another way; and whether that can be done without a
// restart: all of them, before and after, are files that are followed.
bool SourcesChanged(const Settings& running, const Settings& wanted);
bool CanChangeSources(const Settings& running, const Settings& wanted);

// Whether records go elsewhere, or are written in another way.
bool OutputChanged(const Settings& running, const Settings& wanted);

// A sentence for each setting that was changed and stays as it is until the program is started
// anew.
std::vector<std::string> NeedRestart(const Settings& running, const Settings& wanted);

}  // namespace parshall::app
