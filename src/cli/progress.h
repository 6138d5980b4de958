// A line on the terminal that tells how far long work is; nothing where stderr is none.
#pragma once

#include <cstddef>
#include <string>

namespace sutler::cli {

class Progress {
 public:
  // `what` as in "reading 120 of 1000 groups": "reading", "groups". Silent below a hundred.
  Progress(std::string doing, std::string things, std::size_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // takes the line away

  void step();

 private:
  std::string doing_, things_;
  std::size_t total_, done_ = 0;
  bool is_shown_;
};

}  // namespace sutler::cli
