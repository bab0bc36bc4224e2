# The bill of materials of a wheel (PEP 770, CycloneDX 1.6): what of others is inside the module. Its Python requirements
# are not: the wheel's metadata names those.
set(PYFE_STATIC_LIBCXX "" CACHE STRING "Version of the LLVM whose libc++ is linked statically; empty: none is")
set(PYFE_STATIC_RUNTIME "" CACHE STRING "Version of the zig whose compiler runtime is linked statically")

set(PYFE_SBOM_VERSION ${SKBUILD_PROJECT_VERSION_FULL})
set(PYFE_SBOM_RUNTIME "")
set(PYFE_SBOM_REFS "\"pybind11\"")
function(pyfe_sbom_static name version description purl licence)
    string(APPEND PYFE_SBOM_RUNTIME ",
    {
      \"type\": \"library\",
      \"bom-ref\": \"${name}\",
      \"name\": \"${name}\",
      \"version\": \"${version}\",
      \"description\": \"${description}, linked statically into pyfe._core\",
      \"purl\": \"${purl}\",
      \"licenses\": [{\"expression\": \"${licence}\"}]
    }")
    string(APPEND PYFE_SBOM_REFS ", \"${name}\"")
    set(PYFE_SBOM_RUNTIME "${PYFE_SBOM_RUNTIME}" PARENT_SCOPE)
    set(PYFE_SBOM_REFS "${PYFE_SBOM_REFS}" PARENT_SCOPE)
endfunction()
if(PYFE_STATIC_LIBCXX)
    pyfe_sbom_static("libc++" ${PYFE_STATIC_LIBCXX} "with libc++abi and libunwind"
        "pkg:github/llvm/llvm-project@llvmorg-${PYFE_STATIC_LIBCXX}" "Apache-2.0 WITH LLVM-exception")
endif()
if(PYFE_STATIC_RUNTIME)
    pyfe_sbom_static("zig-compiler-rt" ${PYFE_STATIC_RUNTIME} "the compiler's runtime"
        "pkg:github/ziglang/zig@${PYFE_STATIC_RUNTIME}" "MIT")
endif()
configure_file(sbom.cdx.json.in sbom.cdx.json @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sbom.cdx.json DESTINATION ${SKBUILD_METADATA_DIR}/sboms RENAME pyfe-crypto.cdx.json)
