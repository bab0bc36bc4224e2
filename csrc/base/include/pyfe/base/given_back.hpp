// Mapped files that are read once by somebody else.
#pragma once

#include <thread>

#include "pyfe/base/shared_bytes.hpp"

namespace pyfe {

// As long as it lives, a thread gives back every few milliseconds what was read of a mapped file: for whoever
// reads all of it once and cannot say how far he is.
class GivenBack {
  public:
    explicit GivenBack(SharedBytes bytes);
    ~GivenBack() { stop(); }
    GivenBack(const GivenBack&) = delete;
    GivenBack& operator=(const GivenBack&) = delete;
    void stop();

  private:
    std::jthread thread_;
};

}  // namespace pyfe
