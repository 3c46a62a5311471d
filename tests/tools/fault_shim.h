#pragma once
// The shim's own interface, for a test program that has fault_shim.cc linked in: the same as its
// environment variables (fault_shim.cc), for this process from now on. nullptr: as if not set.

extern "C" {

void FaultShimSet(const char* path, const char* call, const char* at, const char* action,
                  const char* log);
void FaultShimClear();
// How many calls have matched since.
unsigned long FaultShimCount();
}
