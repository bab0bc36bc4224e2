/* Scores of encrypted rows in C: score PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in hexadecimal. */
#include <inttypes.h>
#include <pyfe.h>
#include <stdio.h>
#include <stdlib.h>

static pyfe_call call; /* what went wrong, and how; zeroed */

static void require(pyfe_status status) {
    if (status == PYFE_OK) return;
    fprintf(stderr, "%s: %s\n", pyfe_status_name(status), call.message);
    exit(1);
}

static uint8_t *contents(const char *path, uint64_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) { perror(path); exit(2); }
    *size = (uint64_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size + 1);
    if (data == NULL || fread(data, 1, *size, file) != *size) { perror(path); exit(2); }
    fclose(file);
    return data;
}

int main(int count, char **arguments) {
    if (count < 4) return fputs("score PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER]\n", stderr), 2;
    uint8_t signer[PYFE_ID_SIZE];
    for (int i = 0; count > 4 && i < PYFE_ID_SIZE; ++i)
        if (sscanf(arguments[4] + 2 * i, "%2" SCNx8, &signer[i]) != 1) return 2;

    uint64_t size;
    uint8_t *data = contents(arguments[1], &size);
    pyfe_public_key *public_key;
    require(pyfe_public_key_load(data, size, NULL, &public_key, &call)); /* in earnest: with the fingerprint */
    free(data);

    data = contents(arguments[2], &size);
    pyfe_function_key *key;
    require(pyfe_function_key_load(data, size, public_key, &key, &call));
    free(data);

    data = contents(arguments[3], &size);
    pyfe_batch *batch;
    require(pyfe_batch_load(data, size, count > 4 ? signer : NULL, &batch, &call));
    free(data);

    const uint64_t rows = pyfe_batch_rows(batch), k = pyfe_function_key_functions(key);
    int64_t *scores = malloc(rows * k * sizeof *scores + 1);
    double *decisions = malloc(rows * k * sizeof *decisions + 1);
    if (scores == NULL || decisions == NULL) return 2;
    require(pyfe_decrypt(key, batch, -1, scores, decisions, rows * k, &call));
    for (uint64_t i = 0; i < rows * k; ++i) printf("%" PRId64 " %.17g\n", scores[i], decisions[i]);

    free(scores), free(decisions);
    pyfe_batch_free(batch);
    pyfe_function_key_free(key);
    pyfe_public_key_free(public_key);
    return 0;
}
