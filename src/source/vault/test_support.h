// For tests: an HTTP server on loopback that answers each request by a function. What real stores
// do is shown elsewhere; this is for what must hold however fast they answer.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/file.h"

namespace sutler::source::test {

struct SmallAnswer {
  int status = 200;
  std::string body;
};

// A connection for each request, and a thread for each connection. The function is called by
// several at once, with the path.
class SmallServer {
 public:
  explicit SmallServer(std::function<SmallAnswer(const std::string&)> answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), plain, size) != 0 || ::listen(listener_.get(), 128) != 0 ||
        ::getsockname(listener_.get(), plain, &size) != 0) {
      std::abort();
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { accept_all(); });
  }
  ~SmallServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    while (open_ > 0) std::this_thread::yield();
  }
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++open_;
      std::thread([this, fd] {
        serve(base::FileDescriptor(fd));
        --open_;
      }).detach();
    }
  }
  void serve(base::FileDescriptor peer) {
    std::string heard;
    char part[4096];
    while (!is_whole(heard)) {
      const ssize_t got = ::read(peer.get(), part, sizeof part);
      if (got <= 0) return;
      heard.append(part, static_cast<std::size_t>(got));
    }
    const auto from = heard.find(' ') + 1;
    const SmallAnswer answer = answer_(heard.substr(from, heard.find(' ', from) - from));
    const std::string said =
        "HTTP/1.1 " + std::to_string(answer.status) +
        " Said\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) +
        "\r\n\r\n" + answer.body;
    (void)::send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL);
  }
  static bool is_whole(std::string_view heard) {
    const auto end = heard.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = heard.find(kLength);
    std::size_t length = 0;
    if (at < end) {
      const char* const digits = heard.data() + at + kLength.size();
      (void)std::from_chars(digits, heard.data() + end, length);
    }
    return heard.size() >= end + 4 + length;
  }

  std::function<SmallAnswer(const std::string&)> answer_;
  base::FileDescriptor listener_;
  std::string url_;
  std::atomic<int> open_{0};
  std::thread thread_;
};

}  // namespace sutler::source::test
