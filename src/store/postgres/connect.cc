#include "store/postgres/connect.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "store/postgres/answers.h"

namespace sutler::store::postgres {

using base::Code;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kEndingLimit{1'000};
constexpr milliseconds kLookAtEnding{250};
constexpr long kTimeoutSecondsMin = 2, kTimeoutSecondsMax = 60;

std::string_view get(const Dsn& dsn, std::string_view name) {
  const auto at = std::ranges::find(dsn.parameters(), name,
                                    [](const auto& one) { return std::string_view(one.first); });
  return at == dsn.parameters().end() ? std::string_view() : std::string_view(at->second);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

milliseconds timeout_of(const Dsn& dsn) {
  const std::string_view text = get(dsn, "connect_timeout");
  long seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds <= 0) seconds = kTimeoutSecondsMax;
  return std::chrono::seconds(std::clamp(seconds, kTimeoutSecondsMin, kTimeoutSecondsMax));
}

// How long somebody waits, less when the process ends.
class Wait {
 public:
  Wait(milliseconds limit, const Ending& ending)
      : ending_(ending), deadline_(steady_clock::now() + limit) {}
  // Until it is time to look again; nothing is left: 0.
  [[nodiscard]] milliseconds next() {
    if (!in_haste_ && ending_ && *ending_) {
      in_haste_ = true;
      deadline_ = std::min(deadline_, steady_clock::now() + kEndingLimit);
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now());
    return std::clamp(left, milliseconds(0), kLookAtEnding);
  }

 private:
  const Ending& ending_;
  steady_clock::time_point deadline_;
  bool in_haste_ = false;
};

// A question to the name service, which nothing can call back: it runs on a thread of its own, and
// whoever asks for the same name meanwhile waits for the same one.
struct Lookup {
  std::mutex mutex;
  std::condition_variable answered;
  bool done = false;
  std::vector<std::string> addresses;
  std::string error;
};

struct Lookups {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Lookup>, std::less<>> by_name;
};

// Never destroyed: the threads may outlast main().
Lookups& lookups() {
  static auto* const all = new Lookups;
  return *all;
}

void look_up(const std::string& name, Lookup& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  const std::lock_guard lock(lookup.mutex);
  if (failed != 0) lookup.error = ::gai_strerror(failed);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) !=
        0) {
      continue;
    }
    if (std::ranges::find(lookup.addresses, text) == lookup.addresses.end()) {
      lookup.addresses.emplace_back(text);
    }
  }
  if (found != nullptr) ::freeaddrinfo(found);
  lookup.done = true;
  lookup.answered.notify_all();
}

std::shared_ptr<Lookup> begin_lookup(const std::string& name) {
  const std::lock_guard lock(lookups().mutex);
  auto& lookup = lookups().by_name[name];
  if (lookup) return lookup;
  lookup = std::make_shared<Lookup>();
  const auto made = lookup;
  try {
    std::thread([name, made] {
      look_up(name, *made);
      const std::lock_guard ended(lookups().mutex);
      lookups().by_name.erase(name);
    }).detach();
  } catch (const std::system_error&) {
    made->error = "no thread is left to ask the name service";
    made->done = true;
    lookups().by_name.erase(name);
  }
  return made;
}

std::vector<std::string> addresses_of(const std::string& name, milliseconds limit,
                                      const Ending& ending, std::string& failures) {
  const auto lookup = begin_lookup(name);
  Wait wait(limit, ending);
  std::unique_lock lock(lookup->mutex);
  for (auto left = wait.next(); !lookup->done && left.count() > 0; left = wait.next()) {
    lookup->answered.wait_for(lock, left);
  }
  if (lookup->done && lookup->error.empty()) return lookup->addresses;
  failures += "could not translate host name \"" + name + "\" to address: " +
              (lookup->done ? lookup->error : "the name service does not answer") + "\n";
  return {};
}

bool needs_lookup(std::string_view host) {
  if (host.empty() || host.starts_with('/') || host.starts_with('@')) return false;
  in6_addr ignored{};  // large enough for both
  const std::string text(host);
  return ::inet_pton(AF_INET, text.c_str(), &ignored) != 1 &&
         ::inet_pton(AF_INET6, text.c_str(), &ignored) != 1;
}

void count_warning(void* count, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity != nullptr && std::string_view(severity) == "WARNING") {
    ++*static_cast<std::uint64_t*>(count);
  }
}

// False: there is no answer in time.
bool drive(PGconn* handle, Wait wait) {
  auto wants = PGRES_POLLING_WRITING;
  while (wants == PGRES_POLLING_READING || wants == PGRES_POLLING_WRITING) {
    const auto left = wait.next();
    if (left.count() <= 0) return false;
    const short events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    pollfd socket{PQsocket(handle), events, 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(left.count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) wants = PQconnectPoll(handle);
  }
  return true;
}

// Null with a line in `failures`.
Handle try_place(const Dsn& dsn, const Place& place, const Ending& ending, std::uint64_t& warnings,
                 std::string& failures) {
  std::vector<const char*> names, values;
  const auto add = [&](const char* name, const std::string& value) {
    names.push_back(name);
    values.push_back(value.c_str());
  };
  for (const auto& [name, value] : dsn.parameters()) {
    if (name != "host" && name != "hostaddr" && name != "port") add(name.c_str(), value);
  }
  if (!place.host.empty()) add("host", place.host);
  if (!place.address.empty()) add("hostaddr", place.address);
  if (!place.port.empty()) add("port", place.port);
  names.push_back(nullptr);
  values.push_back(nullptr);
  Handle handle(PQconnectStartParams(names.data(), values.data(), 0));
  if (!handle) {
    failures += "no memory for a database connection\n";
    return nullptr;
  }
  PQsetNoticeReceiver(handle.get(), count_warning, &warnings);
  const auto limit = timeout_of(dsn);
  const bool answered =
      PQstatus(handle.get()) != CONNECTION_BAD && drive(handle.get(), Wait(limit, ending));
  if (answered && PQstatus(handle.get()) == CONNECTION_OK) return handle;
  const std::string_view said = PQerrorMessage(handle.get());
  if (!said.empty()) {
    failures += said;
    if (!said.ends_with('\n')) failures += '\n';
  } else {
    const std::string& where = place.host.empty() ? place.address : place.host;
    failures += "connection to server at \"" + where + "\"" +
                (place.port.empty() ? "" : ", port " + place.port) + " failed: timeout expired\n";
  }
  return nullptr;
}

}  // namespace

void Finish::operator()(PGconn* connection) const { PQfinish(connection); }

std::vector<Place> find_places(const Dsn& dsn, const Ending& ending, std::string& failures) {
  const auto hosts = split_list(get(dsn, "host"));
  const auto addresses = split_list(get(dsn, "hostaddr"));
  const auto ports = split_list(get(dsn, "port"));
  std::vector<Place> places;
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    Place place{i < hosts.size() ? hosts[i] : "", i < addresses.size() ? addresses[i] : "",
                ports[std::min(i, ports.size() - 1)]};
    if (!place.address.empty() || !needs_lookup(place.host)) {
      places.push_back(std::move(place));
      continue;
    }
    for (auto& one : addresses_of(place.host, timeout_of(dsn), ending, failures)) {
      places.push_back({place.host, std::move(one), place.port});
    }
  }
  return places;
}

Result<Handle> connect(const Dsn& dsn, const Ending& ending, std::uint64_t& warnings) {
  std::string failures;
  for (const Place& place : find_places(dsn, ending, failures)) {
    warnings = 0;
    if (auto handle = try_place(dsn, place, ending, warnings, failures)) return handle;
    if (ending && *ending) break;
  }
  return fail_connect(dsn, failures);
}

}  // namespace sutler::store::postgres
