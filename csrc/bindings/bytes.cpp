#include "bytes.hpp"

#include "bindings.hpp"
#include "pyfe/base/error.hpp"

namespace pyfe::bindings {
namespace {

// Batches belong to Python objects, and work on them outside the GIL borrows from a batch that its caller
// holds
SharedBytes lent(PyObject* owner, std::span<const std::uint8_t> bytes) { return {held(owner), bytes}; }

std::span<const std::uint8_t> span_of(const Py_buffer& view) {
    return {static_cast<const std::uint8_t*>(view.buf), static_cast<std::size_t>(view.len)};
}

struct View {
    Py_buffer buffer;
    explicit View(PyObject* object) {
        if (PyObject_GetBuffer(object, &buffer, PyBUF_C_CONTIGUOUS) != 0) {
            PyErr_Clear();
            fail(ErrorKind::parameter, "data: must be contiguous bytes");
        }
    }
    ~View() { PyBuffer_Release(&buffer); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;
};

}  // namespace

std::shared_ptr<const void> held(py::handle object) {
    const auto let_go = [](const void* kept) {
        if (Py_IsInitialized() == 0) return;
        const PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(static_cast<PyObject*>(const_cast<void*>(kept)));
        PyGILState_Release(state);
    };
    return {object.inc_ref().ptr(), let_go};
}

SharedBytes shared_bytes(const Octets& data) {
    PyObject* const object = data.ptr();
    if (PyBytes_Check(object)) return lent(object, as_span(py::reinterpret_borrow<py::bytes>(data)));
    if (py::isinstance<SharedBytes>(data)) return data.cast<const SharedBytes&>();
    const View view(object);
    PyObject* const base = PyMemoryView_Check(object) ? PyMemoryView_GET_BASE(object) : nullptr;
    if (base != nullptr && py::isinstance<SharedBytes>(base)) {
        const auto& all = py::handle(base).cast<const SharedBytes&>();
        const auto bytes = span_of(view.buffer);
        return all.part(static_cast<std::size_t>(bytes.data() - all.span().data()), bytes.size());
    }
    if (base != nullptr && PyBytes_Check(base)) return lent(base, span_of(view.buffer));
    return SharedBytes::copy(
        span_of(view.buffer));  // with the GIL: a piece that changes meanwhile is read once
}

py::bytes joined_bytes(std::span<const SharedBytes> pieces) {
    std::size_t size = 0;
    for (const SharedBytes& piece : pieces) size += piece.size();
    const auto out =
        py::reinterpret_steal<py::bytes>(PyBytes_FromStringAndSize(nullptr, static_cast<py::ssize_t>(size)));
    if (!out) throw py::error_already_set();
    auto* to = reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(out.ptr()));
    const NoGil no_gil;  // nobody else knows the new object yet
    for (const SharedBytes& piece : pieces) {
        copy_in_pieces(piece.span(), to);
        to += piece.size();
    }
    return out;
}

}  // namespace pyfe::bindings
