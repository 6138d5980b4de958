// What `sutler doctor` says about a database that several nodes share.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/doctor_checks.h"
#include "store/postgres/inspect.h"

namespace sutler::cli {

// `facts` may be the error with which the database answered.
[[nodiscard]] Diagnosis diagnose_database(const std::string& shown,
                                          const base::Result<store::DatabaseFacts>& facts);

}  // namespace sutler::cli
