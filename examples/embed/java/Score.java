// Scores of encrypted rows in Java, by the foreign function API (final since Java 22):
// java --enable-native-access=ALL-UNNAMED Score LIBRARY PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in hexadecimal.
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

public final class Score {
    // libpyfe, and memory for the time of its use
    private final SymbolLookup library;
    private final Arena arena;
    private final MemorySegment call; // 1,024 bytes: cancelled, status, message

    private Score(Path path, Arena arena) {
        this.arena = arena;
        library = SymbolLookup.libraryLookup(path, arena);
        call = arena.allocate(1024, 8);
    }

    private MethodHandle function(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.find(name).orElseThrow(), type);
    }

    private static FunctionDescriptor status(MemoryLayout... arguments) {
        return FunctionDescriptor.of(JAVA_INT, arguments);
    }

    private void require(int status) throws Throwable {
        if (status == 0) return;
        FunctionDescriptor type = FunctionDescriptor.of(ADDRESS, JAVA_INT);
        MemorySegment name = (MemorySegment) function("pyfe_status_name", type).invokeExact(status);
        throw new IllegalStateException(name.reinterpret(64).getString(0) + ": " + call.getString(8));
    }

    private MemorySegment load(String what, Path file, MemorySegment third) throws Throwable {
        byte[] bytes = Files.readAllBytes(file);
        MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), out = arena.allocate(ADDRESS);
        FunctionDescriptor type = status(ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS);
        require((int) function("pyfe_" + what + "_load", type)
                .invokeExact(data, (long) bytes.length, third, out, call));
        return out.get(ADDRESS, 0);
    }

    private long count(String name, MemorySegment object) throws Throwable {
        return (long) function(name, FunctionDescriptor.of(JAVA_LONG, ADDRESS)).invokeExact(object);
    }

    private void free(String what, MemorySegment object) throws Throwable {
        function("pyfe_" + what + "_free", FunctionDescriptor.ofVoid(ADDRESS)).invokeExact(object);
    }

    private void print(Path publicFile, Path keyFile, Path batchFile, MemorySegment signer) throws Throwable {
        MemorySegment publicKey = load("public_key", publicFile, MemorySegment.NULL);
        MemorySegment key = load("function_key", keyFile, publicKey);
        MemorySegment batch = load("batch", batchFile, signer);
        long values = count("pyfe_batch_rows", batch) * count("pyfe_function_key_functions", key);
        MemorySegment scores = arena.allocate(JAVA_LONG, values), decisions = arena.allocate(JAVA_DOUBLE, values);
        FunctionDescriptor type = status(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
        require((int) function("pyfe_decrypt", type)
                .invokeExact(key, batch, -1L, scores, decisions, values, call));
        StringBuilder lines = new StringBuilder();
        for (long i = 0; i < values; ++i)
            lines.append(scores.getAtIndex(JAVA_LONG, i)).append(' ').append(decisions.getAtIndex(JAVA_DOUBLE, i)).append('\n');
        System.out.print(lines);
        free("batch", batch);
        free("function_key", key);
        free("public_key", publicKey);
    }

    public static void main(String[] arguments) throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment signer = arguments.length < 5 ? MemorySegment.NULL
                    : arena.allocateFrom(ValueLayout.JAVA_BYTE, HexFormat.of().parseHex(arguments[4]));
            new Score(Path.of(arguments[0]), arena)
                    .print(Path.of(arguments[1]), Path.of(arguments[2]), Path.of(arguments[3]), signer);
        } catch (IllegalStateException refused) {
            System.err.println(refused.getMessage());
            System.exit(1);
        }
    }
}
