#include <pybind11/stl.h>

#include <cstddef>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "bytes.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/given_back.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/hash/expand_message.hpp"
#include "pyfe/hash/sha2.hpp"
#include "pyfe/random/random.hpp"

namespace {

using pyfe::bindings::as_bytes;
using pyfe::bindings::as_span;

std::string active_backend_name() { return std::string(pyfe::backend_name(pyfe::active_backend())); }

void set_backend_by_name(const std::string& name) {
    pyfe::set_backend(pyfe::parse_backend(name, "set_backend"));
}

// long long, so that a negative count is a ParameterError like any other bad count.
void set_thread_count(long long count) {
    if (count < 1 || count > pyfe::max_threads) {
        pyfe::fail(pyfe::ErrorKind::parameter, "set_num_threads: " + std::to_string(count) +
                                                   " is not from 1 to " + std::to_string(pyfe::max_threads));
    }
    pyfe::set_num_threads(static_cast<unsigned>(count));
}

py::dict cpu_feature_dict() {
    const pyfe::CpuFeatures& cpu = pyfe::cpu_features();
    py::dict out;
    out["avx2"] = cpu.avx2;
    out["bmi2"] = cpu.bmi2;
    out["adx"] = cpu.adx;
    out["vpclmulqdq"] = cpu.vpclmulqdq;
    out["avx512f"] = cpu.avx512f;
    out["avx512dq"] = cpu.dq;
    out["avx512bw"] = cpu.bw;
    out["avx512vl"] = cpu.vl;
    out["avx512ifma"] = cpu.ifma;
    out["os_zmm"] = cpu.os_zmm;
    return out;
}

template <class Hash>
py::bytes digest(const py::bytes& data) {
    typename Hash::Digest out;
    {
        const pyfe::bindings::NoGil no_gil;
        out = Hash().update(as_span(data)).finish();
    }
    return as_bytes(out);
}

py::bytes expand_message(const py::bytes& msg, const py::bytes& dst, long long length) {
    constexpr long long max_length = 255 * 64;  // refused here too, before the buffer is made
    if (length < 1 || length > max_length) {
        pyfe::fail(pyfe::ErrorKind::parameter, "expand_message: length " + std::to_string(length) +
                                                   " is not from 1 to " + std::to_string(max_length));
    }
    std::vector<std::uint8_t> out(static_cast<std::size_t>(length));
    pyfe::expand_message_xmd_sha512(as_span(msg), as_span(dst), out);
    return as_bytes(out);
}

// Memory that is wiped when it is dropped, writable through the buffer protocol: what a cipher or a key
// derivation writes there never lies in Python's own memory.
using SecretBytes = pyfe::SecretVector<std::uint8_t>;

SecretBytes zeroed(long long size) {
    constexpr long long most = 1LL << 40;
    if (size < 1 || size > most)
        pyfe::fail(pyfe::ErrorKind::parameter,
                   "SecretBytes: size " + std::to_string(size) + " is not from 1 to 2^40");
    return SecretBytes(static_cast<std::size_t>(size));
}

SecretBytes drawn(long long size) {
    SecretBytes bytes = zeroed(size);
    pyfe::os_random().fill(bytes.data(), bytes.size());
    return bytes;
}

void bind_secret_bytes(py::module_& module) {
    pyfe::bindings::native_class<SecretBytes>(
        module, "SecretBytes", "Bytes in memory of the core, wiped when dropped; a writable buffer.",
        py::buffer_protocol())
        .def(py::init(&zeroed), py::arg("size"), "So many zeros.")
        .def_static("random", &drawn, py::arg("size"), "From the operating system.")
        .def("__len__", &SecretBytes::size)
        .def_buffer([](SecretBytes& bytes) {
            return py::buffer_info(bytes.data(), static_cast<py::ssize_t>(bytes.size()));
        })
        .def(
            "view", [](const py::object& bytes) { return py::memoryview(bytes); },
            "The bytes where they lie, to read and to write; keeps them alive.")
        .def("__repr__", [](const SecretBytes& bytes) {
            return "<SecretBytes of " + std::to_string(bytes.size()) + " bytes>";
        });
}

// What a batch lends: a read-only buffer that keeps the bytes alive
void bind_shared_bytes(py::module_& module) {
    using pyfe::SharedBytes;
    pyfe::bindings::native_class<pyfe::GivenBack>(module, "GivenBack",
                                                  "A block in which a mapped file is read once.")
        .def("__enter__", [](const pyfe::GivenBack&) {})
        .def(
            "__exit__",
            [](pyfe::GivenBack& b, const py::object&, const py::object&, const py::object&) { b.stop(); },
            py::arg("kind"), py::arg("error"), py::arg("trace"));
    pyfe::bindings::native_class<SharedBytes>(
        module, "SharedBytes",
        "Bytes that never change, shared with an object of the core; a read-only buffer.",
        py::buffer_protocol())
        .def_static("mapped", &SharedBytes::mapped, py::arg("descriptor"), py::arg("size"),
                    "All of a file, where it lies: for one that only its reader may write.")
        .def("let_go", &SharedBytes::let_go, py::arg("at"), py::arg("size"),
             "Give memory back; bytes of a file are read again where they are needed.")
        .def(
            "given_back", [](const SharedBytes& b) { return std::make_unique<pyfe::GivenBack>(b); },
            "While the block lasts, give back every few milliseconds what was read of a mapped file.")
        .def("__len__", &SharedBytes::size)
        .def_buffer([](SharedBytes& bytes) {
            return py::buffer_info(bytes.span().data(), static_cast<py::ssize_t>(bytes.size()));
        })
        .def(
            "view", [](const py::object& bytes) { return py::memoryview(bytes); },
            "The bytes where they lie; keeps them alive.")
        .def("__repr__", [](const SharedBytes& bytes) {
            return "<SharedBytes of " + std::to_string(bytes.size()) + " bytes>";
        });
    module.def(
        "joined",
        [](const std::vector<pyfe::bindings::Octets>& pieces) {
            std::vector<SharedBytes> all;
            for (const auto& piece : pieces) all.push_back(pyfe::bindings::shared_bytes(piece));
            return pyfe::bindings::joined_bytes(all);
        },
        py::arg("pieces"),
        "All pieces in one bytes object; each is copied once, and Ctrl-C is heard meanwhile.");
}

}  // namespace

void bind_base(py::module_& module) {
    bind_secret_bytes(module);
    bind_shared_bytes(module);
    module.def("backend", active_backend_name, "Name of the code path in use: 'ifma' or 'portable'.");
    module.def("set_backend", set_backend_by_name, py::arg("name"),
               "Choose 'auto', 'portable' or 'ifma'. ParameterError when this CPU cannot run it.");
    module.def("num_threads", pyfe::num_threads, "Threads that a batch uses, the calling one included.");
    module.def("set_num_threads", set_thread_count, py::arg("n"), "Set the thread count, 1 to 1024.");
    module.def("cpu_features", cpu_feature_dict,
               "CPU features that the operating system also supports, by name.");
    module.def("sha256", digest<pyfe::Sha256>, py::arg("data"), "SHA-256 digest, 32 bytes (FIPS 180-4).");
    module.def("sha512", digest<pyfe::Sha512>, py::arg("data"), "SHA-512 digest, 64 bytes (FIPS 180-4).");
    module.def("expand_message_xmd_sha512", expand_message, py::arg("msg"), py::arg("dst"), py::arg("length"),
               "expand_message_xmd with SHA-512 (RFC 9380, 5.3.1); length 1 to 16320 bytes.");
}
