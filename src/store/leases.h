// Work that one node at a time should do: whoever holds the lease does it.
//
// A node that dies, or is cut off from the database, loses its leases after their time, and another
// goes on. A node that was frozen for longer notices it when it asks lost() the next time; what it
// does between two questions must be harmless when another does it as well.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/backend/backend.h"

namespace sutler::store {

inline constexpr std::chrono::seconds kLeaseTime{60};

// Thread-safe. The backend must outlive it, and it every Held.
class Leases {
  struct Lease;

 public:
  // `holder` is the node's id; `seconds` of a clock that never goes back (nothing: the machine's).
  Leases(Backend& backend, std::string holder, std::function<double()> seconds = {});

  // Gives the lease up when it goes.
  class Held {
   public:
    ~Held();
    Held(Held&& other) noexcept = default;
    Held& operator=(Held&& other) noexcept;
    // Somebody else has it or may have it by now. It does not come back.
    [[nodiscard]] bool lost() const;

   private:
    friend class Leases;
    Held(Leases& leases, std::shared_ptr<Lease> lease)
        : leases_(&leases), lease_(std::move(lease)) {}
    void give_up();
    Leases* leases_;
    std::shared_ptr<Lease> lease_;
  };

  // Nothing: another node has it, or it is taken already by this one. Errors of the backend.
  [[nodiscard]] base::Result<std::optional<Held>> take(const std::string& name);
  // About once a second: renews those that are held, three times in their time. While the database
  // cannot be asked, they are kept for what is left of it.
  void tick();
  [[nodiscard]] const std::string& holder() const { return holder_; }

 private:
  struct Lease {
    std::string name;
    double renewed = 0;  // before the database was asked
    bool lost = false;
  };
  [[nodiscard]] bool is_over(const Lease& lease) const;

  Backend& backend_;
  const std::string holder_;
  const std::function<double()> seconds_;
  mutable std::mutex mutex_;  // over what follows, and what Held points to
  std::vector<std::weak_ptr<Lease>> held_;
};

}  // namespace sutler::store
