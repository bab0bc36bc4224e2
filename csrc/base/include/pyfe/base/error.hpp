// The one exception type of the native core. The bindings turn each kind into its Python class.
#pragma once

#include <stdexcept>
#include <string>

namespace pyfe {

enum class ErrorKind { parameter, decode, key_mismatch, out_of_range, randomness, resource, refused };

// Every member lies out of line: this header is also read by files compiled with extra CPU flags.
class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message);
    Error(const Error&);
    Error& operator=(const Error&);
    ~Error() override;

    ErrorKind kind() const noexcept;

  private:
    ErrorKind kind_;
};

// Throws Error. Out of line keeps the cold path out of the callers' loops.
[[noreturn]] void fail(ErrorKind kind, const std::string& message);

}  // namespace pyfe
