// Between libFuzzer and a target; with PYFE_FUZZ_REPLAY a program of its own that runs a target on files, for
// compilers without libFuzzer.
#include <cstdio>
#include <cstdlib>

#include "fuzz.hpp"
#include "pyfe/base/error.hpp"

using pyfe::fuzz::Bytes, pyfe::fuzz::View;

namespace {

int accepted = 0;

[[noreturn]] void broken(const char* what, const char* detail) {
    std::fprintf(stderr, "fuzz: %s: %s\n", what, detail);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const Bytes again = pyfe::fuzz::decode({data, size});
        if (!again.empty() && (again.size() != size || std::memcmp(again.data(), data, size) != 0))
            broken("accepted", "what its encoder writes otherwise");
        ++accepted;
    } catch (const pyfe::Error& error) {
        if (error.kind() != pyfe::ErrorKind::decode) broken("refused by another error", error.what());
    }
    return 0;
}

#ifdef PYFE_FUZZ_REPLAY

int main(int count, char** names) {
    for (int i = 1; i < count; ++i) {
        std::FILE* file = std::fopen(names[i], "rb");
        if (file == nullptr) broken("cannot open", names[i]);
        Bytes data;
        for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file))
            data.push_back(static_cast<std::uint8_t>(c));
        std::fclose(file);
        LLVMFuzzerTestOneInput(data.data(), data.size());
        pyfe::fuzz::repair(data);
        LLVMFuzzerTestOneInput(data.data(), data.size());
    }
    std::printf("replayed %d, accepted %d\n", count - 1, accepted);
}

#else

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

// Three inputs of four are repaired after they were changed, so that the search does not stop at lengths.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    size = LLVMFuzzerMutate(data, size, most);
    if (seed % 4 == 0) return size;
    Bytes repaired(data, data + size);
    pyfe::fuzz::repair(repaired);
    if (repaired.empty() || repaired.size() > most) return size;
    std::memcpy(data, repaired.data(), repaired.size());
    return repaired.size();
}

#endif
