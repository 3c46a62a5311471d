#pragma once
// What a run carries over to the next, between the pipeline's own shapes and the snapshot's: open
// lines of a source, and the ledger.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/absent_sources.h"
#include "pipeline/batch.h"
#include "pipeline/ledger.h"
#include "records/compile.h"
#include "state/snapshot.h"

namespace parshall::pipeline {

// All sources between two batches, each name once (a name can come back as another source);
// `sources` are the ledger's rows. The caller holds the intake and the turn.
std::vector<state::SavedSource> SaveSources(const std::vector<SourceEntry*>& entries,
                                            const std::vector<Ledger::Source>& sources,
                                            const records::RuleProgram& program);

// The event and the pieces of an earlier run; an event of a rule that is no more is dropped, since
// its lines were counted. The entry has not been read from.
void RestoreOpenLines(const state::SavedSource& saved, const records::RuleProgram& program,
                      SourceState* state);

SourceTally TallyOf(const state::SavedSource& saved);
state::Counters SaveTally(const SourceTally& tally);
// 0 of a source whose file was there; else the place among those that were gone, in their order.
uint64_t GonePlace(const state::SavedSource& saved);

// Sources that nobody reads now, and the sum of those that gave up their names.
void SaveAbsent(const AbsentSources& absent, state::Snapshot* snapshot);
GoneSources EarlierGone(const state::Snapshot& snapshot);

// The rest of the ledger. Sources are not touched.
void SaveLedger(const Ledger& ledger, state::Snapshot* snapshot);
// Into an empty ledger: the part that every later moment begins with (see Ledger).
Ledger EarlierLedger(const state::Snapshot& snapshot);
void AddEarlier(const Ledger& earlier, Ledger* ledger);

}  // namespace parshall::pipeline
