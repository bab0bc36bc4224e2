#include "pyfe/base/error.hpp"

namespace pyfe {

Error::Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

ErrorKind Error::kind() const noexcept { return kind_; }

void fail(ErrorKind kind, const std::string& message) { throw Error(kind, message); }

}  // namespace pyfe
