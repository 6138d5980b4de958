-- What wrk sends, and its figures as one JSON line at the end.
-- The token comes from a file, so that it stands in no process list.

local file = assert(io.open(os.getenv("BENCH_TOKEN_FILE"), "r"))
wrk.headers["Authorization"] = "Bearer " .. file:read("*l")
file:close()

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "errors": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "bytes": %d}',
    summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99), summary.bytes))
end
