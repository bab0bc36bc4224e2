/* pyfe for R: .Call("score", public_key, function_key, batch, signer), each a raw vector, the last one NULL or raw.
 * Scores are 64-bit integers, which R has not: they come as text. */
#include <R.h>
#include <Rinternals.h>
#include <inttypes.h>
#include <pyfe.h>
#include <stdio.h>

static void public_key_gone(SEXP pointer) { pyfe_public_key_free(R_ExternalPtrAddr(pointer)); }
static void function_key_gone(SEXP pointer) { pyfe_function_key_free(R_ExternalPtrAddr(pointer)); }
static void batch_gone(SEXP pointer) { pyfe_batch_free(R_ExternalPtrAddr(pointer)); }

/* R frees what it points to, also after an error. */
static SEXP kept(void *object, R_CFinalizer_t gone) {
    SEXP pointer = PROTECT(R_MakeExternalPtr(object, R_NilValue, R_NilValue));
    R_RegisterCFinalizerEx(pointer, gone, TRUE);
    return pointer;
}

static void require(pyfe_status status, const pyfe_call *call) {
    if (status != PYFE_OK) Rf_error("%s: %s", pyfe_status_name(status), call->message);
}

SEXP score(SEXP public_bytes, SEXP key_bytes, SEXP batch_bytes, SEXP signer) {
    pyfe_call call = {0};
    pyfe_public_key *public_key;
    pyfe_function_key *key;
    pyfe_batch *batch;
    require(pyfe_public_key_load(RAW(public_bytes), XLENGTH(public_bytes), NULL, &public_key, &call), &call);
    kept(public_key, public_key_gone);
    require(pyfe_function_key_load(RAW(key_bytes), XLENGTH(key_bytes), public_key, &key, &call), &call);
    kept(key, function_key_gone);
    const uint8_t *who = isNull(signer) ? NULL : RAW(signer);
    require(pyfe_batch_load(RAW(batch_bytes), XLENGTH(batch_bytes), who, &batch, &call), &call);
    kept(batch, batch_gone);

    const R_xlen_t count = pyfe_batch_rows(batch) * pyfe_function_key_functions(key);
    int64_t *scores = (int64_t *)R_alloc(count, sizeof *scores);
    SEXP decisions = PROTECT(allocVector(REALSXP, count)), text = PROTECT(allocVector(STRSXP, count));
    require(pyfe_decrypt(key, batch, -1, scores, REAL(decisions), count, &call), &call);
    for (R_xlen_t i = 0; i < count; ++i) {
        char digits[24];
        snprintf(digits, sizeof digits, "%" PRId64, scores[i]);
        SET_STRING_ELT(text, i, mkChar(digits));
    }
    SEXP both = PROTECT(allocVector(VECSXP, 2));
    SET_VECTOR_ELT(both, 0, text);
    SET_VECTOR_ELT(both, 1, decisions);
    UNPROTECT(6);
    return both;
}
