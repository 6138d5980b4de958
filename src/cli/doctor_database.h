// What `sutler doctor` says about a database that several nodes share.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/result.h"
#include "cli/doctor_checks.h"
#include "store/postgres/inspect.h"

namespace sutler::cli {

// `facts` may be the error with which the database answered.
[[nodiscard]] Diagnosis diagnose_database(const std::string& shown,
                                          const base::Result<store::DatabaseFacts>& facts);

// What a server says of its database (`GET /api/v1/status?database=true`); its error is one too.
[[nodiscard]] base::Result<store::DatabaseFacts> read_database_facts(
    const boost::json::value& tree);

}  // namespace sutler::cli
