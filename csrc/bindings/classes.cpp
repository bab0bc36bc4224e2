#include "classes.hpp"

#include <string>
#include <utility>

namespace py = pybind11;

namespace pyfe::bindings {
namespace {

// Set by the metaclass as it calls a class, spent by __new__.
constinit thread_local bool called_as_class = false;

PyTypeObject* base_class() {
    return reinterpret_cast<PyTypeObject*>(py::detail::get_internals().instance_base);
}

PyObject* call_class(PyObject* type, PyObject* args, PyObject* keywords) {
    called_as_class = true;
    PyObject* const made = py::detail::pybind11_meta_call(type, args, keywords);
    called_as_class = false;
    return made;
}

PyObject* new_object(PyTypeObject* type, PyObject* args, PyObject* keywords) {
    if (std::exchange(called_as_class, false) && py::detail::get_type_info(type) != nullptr)
        return py::detail::pybind11_object_new(type, args, keywords);
    PyErr_Format(PyExc_TypeError,
                 "%.200s: cannot be made like this; call the class, or what returns its objects",
                 type->tp_name);
    return nullptr;
}

void refuse_to_reduce(const py::object& self, const py::args&) {
    throw py::type_error(std::string(Py_TYPE(self.ptr())->tp_name) +
                         ": a native object is not pickled or copied; to_bytes() gives what may travel");
}

// -- arguments are not printed ----------------------------------------------------------------------------

using Function = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
constinit Function dispatcher = nullptr;  // pybind11's, the same for all functions

// The words of pybind11's own TypeError end with the values of all arguments, patients' rows too.
void cut_arguments() {
    py::error_already_set raised;
    const std::string words = py::str(raised.value());
    const size_t end = words.find("\n\nInvoked with: ");
    if (end == std::string::npos) return raised.restore();
    PyErr_SetString(PyExc_TypeError, words.substr(0, end).c_str());
}

PyObject* call_quietly(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
    PyObject* const result = dispatcher(self, args, count, keywords);
    if (result == nullptr && PyErr_ExceptionMatches(PyExc_TypeError) != 0) cut_arguments();
    return result;
}

void quiet(PyCFunctionObject* function) {
    const auto quietly = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call_quietly));
    const PyCFunction before = std::exchange(function->m_ml->ml_meth, quietly);
    if (before != quietly) dispatcher = reinterpret_cast<Function>(reinterpret_cast<void (*)()>(before));
}

void finish_members(py::handle owner);

void finish(py::handle object) {
    PyObject* const o = object.ptr();
    if (PyCFunction_CheckExact(o)) quiet(reinterpret_cast<PyCFunctionObject*>(o));
    if (PyInstanceMethod_Check(o)) finish(PyInstanceMethod_GET_FUNCTION(o));
    if (Py_IS_TYPE(o, &PyStaticMethod_Type)) finish(object.attr("__func__"));
    if (PyObject_TypeCheck(o, &PyProperty_Type)) finish(object.attr("fget"));
    if (PyModule_Check(o) || Py_IS_TYPE(o, py::detail::get_internals().default_metaclass))
        finish_members(object);
}

void finish_members(py::handle owner) {
    for (const auto& [name, member] : py::dict(owner.attr("__dict__"))) finish(member);
    if (PyType_Check(owner.ptr()))  // no __class__ of an object is changed to it, no method put in
        reinterpret_cast<PyTypeObject*>(owner.ptr())->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
}

}  // namespace

void guard_base_class() {
    // The test module and the core share the base class: what guards it knows one flag, that of whichever
    // came first.
    py::handle base(reinterpret_cast<PyObject*>(base_class()));
    if (base.attr("__dict__").contains("__reduce_ex__")) return;
    base_class()->tp_new = new_object;
    py::detail::get_internals().default_metaclass->tp_call = call_class;
    base.attr("__reduce_ex__") = py::cpp_function(refuse_to_reduce, py::is_method(base));
}

void finish_module(py::module_& module) { finish(module); }

}  // namespace pyfe::bindings
