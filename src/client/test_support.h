// For the tests of this room: a server that answers once.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "base/file.h"

namespace sutler::client::test {

// Accepts one connection on a unix socket, reads what comes until `until` was seen, answers,
// closes.
class OneShotServer {
 public:
  OneShotServer(std::string until, std::string answer)
      : until_(std::move(until)), answer_(std::move(answer)) {
    char pattern[] = "/tmp/sutler-client-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    listener_ = base::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().c_str(), path().native().size() + 1);  // a short one
    (void)::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    (void)::listen(listener_.get(), 1);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneShotServer() {
    finish();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "s"; }
  // What it was sent; waits for its end.
  const std::string& heard() {
    finish();
    return heard_;
  }

 private:
  void finish() {
    if (thread_.joinable()) thread_.join();
  }
  void serve() {
    const base::FileDescriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char part[4096];
    while (heard_.find(until_) == std::string::npos) {
      const ssize_t got = ::read(peer.get(), part, sizeof part);
      if (got <= 0) return;
      heard_.append(part, static_cast<std::size_t>(got));
    }
    // The client may have gone already: MSG_NOSIGNAL instead of a signal.
    (void)::send(peer.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
  }

  std::string until_, answer_, heard_;
  std::filesystem::path folder_;
  base::FileDescriptor listener_;
  std::thread thread_;
};

}  // namespace sutler::client::test
