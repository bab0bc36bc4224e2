/* pyfe in C: encrypt coordinates, decrypt scores, check who signed what. For services in any language.
 *
 * Objects are whole envelopes, the files that pyfe writes: header, native payload and signature are read here. Of the
 * metadata, which is Python's, only four fields are looked at: who signs a public key, who signed a batch, the last
 * second of a key and its number. Schemas are read by Python only, so rows enter as coordinates, the integers that
 * Schema.encode gives.
 *
 * Conventions.
 *   - A function that can fail returns a pyfe_status, PYFE_OK (0) or what went wrong, and takes a pyfe_call last:
 *     memory of the caller, zeroed before its first use, in which the reason stands afterwards. It may be NULL.
 *   - Nothing is written to outputs unless the status is PYFE_OK; *size is also written with PYFE_BUFFER_TOO_SMALL.
 *   - Memory belongs to the caller. What comes in is copied and may be freed at once; what goes out goes into buffers
 *     of the caller, whose capacity he says. Objects are freed by their _free, which takes NULL.
 *   - Objects do not change. Any thread may use any of them at any time; whoever frees one sees to it that nobody does.
 *   - Nothing is global but constants, the threads of this process and tables, which no result depends on.
 *   - Ids, keys and fingerprints of people are checked by the caller's own means: see docs/guides/embed.md.
 *
 * The ABI, PYFE_ABI, only grows: no function changes its meaning, none goes away, structs keep their size.
 */
#ifndef PYFE_H
#define PYFE_H

#include <stdint.h>

#if defined(__GNUC__)
#define PYFE_API __attribute__((visibility("default")))
#else
#define PYFE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. A library of the same major and no smaller minor serves a program that was compiled
 * with it. */
#define PYFE_ABI_MAJOR 1
#define PYFE_ABI_MINOR 0

#define PYFE_ID_SIZE 32           /* bytes of an id, and of an Ed25519 key */
#define PYFE_SIGNATURE_SIZE 64    /* bytes of an Ed25519 signature */
#define PYFE_FINGERPRINT_SIZE 80  /* characters of a fingerprint, the 0 at the end included */
#define PYFE_MESSAGE_SIZE 1016    /* bytes of a message, the 0 at the end included */

/* What a function returns. Each stands for a class of pyfe.errors, or of C. Numbers are never given twice. */
enum {
    PYFE_OK = 0,
    PYFE_PARAMETER = 1,        /* an argument is wrong; nothing was done (ParameterError) */
    PYFE_DECODE = 2,           /* bytes are not the one encoding of such an object (DecodeError) */
    PYFE_KEY_MISMATCH = 3,     /* objects do not belong together (KeyMismatchError) */
    PYFE_SIGNATURE = 4,        /* a signature is missing, or is not the signer's (SignatureError) */
    PYFE_OUT_OF_RANGE = 5,     /* a coordinate outside its range, a result outside its interval (OutOfRangeError) */
    PYFE_REFUSED = 6,          /* the ciphertexts are not honest ones (RefusedError); see pyfe_decrypt */
    PYFE_SILENCED = 7,         /* whoever signed them is answered no more (SilencedError) */
    PYFE_KEY_EXPIRED = 8,      /* the key's last second has passed (KeyExpiredError) */
    PYFE_RANDOMNESS = 9,       /* the system gives no randomness; nothing was encrypted (RandomnessError) */
    PYFE_RESOURCE = 10,        /* no memory, no threads, no file */
    PYFE_UNSUPPORTED = 11,     /* not to be had here; the message says where (UnsupportedError) */
    PYFE_CANCELLED = 12,       /* pyfe_cancel was called */
    PYFE_BUFFER_TOO_SMALL = 13, /* *size says how large it must be */
    PYFE_INTERNAL = 14         /* an error of pyfe itself: please report it */
};
typedef int32_t pyfe_status;

/* One call at a time: its cancellation and its outcome. 1,024 bytes, all zero before the first use; it can be used
 * again, and is then cancelled still if it was. */
typedef struct pyfe_call {
    int32_t cancelled;               /* written by pyfe_cancel; the caller sets it back to 0 */
    int32_t status;                  /* what the function returned */
    char message[PYFE_MESSAGE_SIZE]; /* UTF-8, ended by 0: why; with PYFE_OK a notice for people, or nothing */
} pyfe_call;

typedef struct pyfe_public_key pyfe_public_key;
typedef struct pyfe_function_key pyfe_function_key;
typedef struct pyfe_batch pyfe_batch;

/* ---- The library ---- */

/* The release, such as "0.1.0". */
PYFE_API const char *pyfe_version(void);

/* PYFE_ABI_MAJOR * 65536 + PYFE_ABI_MINOR of the library. */
PYFE_API uint32_t pyfe_abi(void);

/* The name of a status, such as "PYFE_DECODE"; "unknown" for what is none. */
PYFE_API const char *pyfe_status_name(pyfe_status status);

/* Which code of this CPU runs: "ifma" or "portable". PYFE_PARAMETER where PYFE_BACKEND asks for what it cannot run. */
PYFE_API pyfe_status pyfe_backend(const char **name, pyfe_call *call);

/* How many threads work on one call, the caller's included: of this process, from the next call on. At first
 * PYFE_NUM_THREADS, or the cores there are. One call has the other threads at a time; further ones run on their own.
 * PYFE_PARAMETER outside 1 .. 1024. */
PYFE_API pyfe_status pyfe_set_threads(uint32_t threads, pyfe_call *call);
PYFE_API pyfe_status pyfe_threads(uint32_t *threads, pyfe_call *call);

/* Ends the call that uses this pyfe_call, from any other thread, or the next one if none does: it returns
 * PYFE_CANCELLED, as a rule within 0.2 s. */
PYFE_API void pyfe_cancel(pyfe_call *call);

/* PYFE_OK where it is the Ed25519 signature (64 bytes) of the message by the key (32 bytes), PYFE_SIGNATURE where it is
 * not. As RFC 8032 has it, and strictly: keys and S in their one encoding, no key of small order. For signed_part of
 * what this library does not read, such as identities. */
PYFE_API pyfe_status pyfe_verify_signature(const uint8_t *key, const uint8_t *message, uint64_t message_size,
                                           const uint8_t *signature, pyfe_call *call);

/* ---- Public keys: for whoever encrypts, or receives a function key ---- */

/* The public key of an envelope. It is signed by the authority whose key it contains; that this is the authority meant,
 * only its fingerprint says, which the authority tells over another channel: `fingerprint` is its text, 64 hexadecimal
 * digits (case, blanks, dashes and colons do not count), or NULL, and then compare pyfe_public_key_fingerprint.
 * PYFE_DECODE, PYFE_SIGNATURE, PYFE_KEY_MISMATCH (another fingerprint). Cost: decoding n points. */
PYFE_API pyfe_status pyfe_public_key_load(const uint8_t *data, uint64_t size, const char *fingerprint,
                                          pyfe_public_key **key, pyfe_call *call);
PYFE_API void pyfe_public_key_free(pyfe_public_key *key);

/* The id of its scheme, such as "ipfe-ddh-ristretto255". */
PYFE_API const char *pyfe_public_key_scheme(const pyfe_public_key *key);
/* Its fingerprint, in groups of four digits, with a 0 at the end: PYFE_FINGERPRINT_SIZE characters. */
PYFE_API void pyfe_public_key_fingerprint(const pyfe_public_key *key, char *text);
/* The id that keys and ciphertexts name, and the id of its schema: PYFE_ID_SIZE bytes. */
PYFE_API void pyfe_public_key_id(const pyfe_public_key *key, uint8_t *id);
PYFE_API void pyfe_public_key_schema_id(const pyfe_public_key *key, uint8_t *id);
/* n, the coordinates of a row. */
PYFE_API uint64_t pyfe_public_key_coordinates(const pyfe_public_key *key);
/* The range of every coordinate: n lower and n upper ends, both included. */
PYFE_API void pyfe_public_key_bounds(const pyfe_public_key *key, int64_t *lower, int64_t *upper);

/* Bytes of the envelope of so many encrypted rows, with a signature (is_signed not 0) or without. PYFE_OUT_OF_RANGE
 * beyond 2^48. */
PYFE_API pyfe_status pyfe_encrypted_size(const pyfe_public_key *key, uint64_t rows, int32_t is_signed, uint64_t *size,
                                         pyfe_call *call);

/* Encrypts `rows` rows of n coordinates, row after row, each under fresh randomness; `out` becomes the envelope of a
 * ciphertext batch, pyfe_encrypted_size bytes, which Python reads as well. PYFE_OUT_OF_RANGE, before any work, names
 * the first row and coordinate outside its range, and not the value. Time does not depend on the coordinates.
 *
 * signer: NULL, or the Ed25519 key of the data owner (his identity's). Then the batch names him, and its last 64 bytes
 * are zeros in which his signature of all bytes before them belongs: sign them where the secret key is. Schemes whose
 * pyfe_function_key_refuses is not 0 are decrypted signed only.
 *
 * Where the schema has noise slots (pyfe.noise), the coordinates of these slots are the noise: draw it as
 * docs/guides/noise.md says, or encrypt in Python. The first call makes tables of the key, which stay with it: some
 * 10 to 64 MB. */
PYFE_API pyfe_status pyfe_encrypt(const pyfe_public_key *key, const int64_t *coordinates, uint64_t rows, uint64_t n,
                                  const uint8_t *signer, uint8_t *out, uint64_t capacity, uint64_t *size,
                                  pyfe_call *call);

/* ---- Batches of encrypted rows ---- */

/* The batch of an envelope; every element of it is checked, and its signature where it has one. signer: NULL, or the
 * Ed25519 key of who has to have signed it: PYFE_SIGNATURE where it is unsigned, or signed by another. PYFE_DECODE for
 * what is no batch. Cost: decoding every point. */
PYFE_API pyfe_status pyfe_batch_load(const uint8_t *data, uint64_t size, const uint8_t *signer, pyfe_batch **batch,
                                     pyfe_call *call);
PYFE_API void pyfe_batch_free(pyfe_batch *batch);

PYFE_API const char *pyfe_batch_scheme(const pyfe_batch *batch);
PYFE_API uint64_t pyfe_batch_rows(const pyfe_batch *batch);
PYFE_API uint64_t pyfe_batch_coordinates(const pyfe_batch *batch);
/* Of the public key that it was encrypted under. */
PYFE_API void pyfe_batch_public_key_id(const pyfe_batch *batch, uint8_t *id);
/* Whether its rows are sums of encrypted rows: 0 or 1. */
PYFE_API int32_t pyfe_batch_combined(const pyfe_batch *batch);
/* 1, and the Ed25519 key of who signed it; 0 where it is unsigned, and then nothing is written. Whose key that is, he
 * says who knows it: without `signer` above, anybody may have signed. */
PYFE_API int32_t pyfe_batch_signer(const pyfe_batch *batch, uint8_t *signer);

/* ---- Function keys: for whoever evaluates ---- */

/* The function key of an envelope: ids and signature are checked against the public key first, then that it opens the
 * function that it states and no other. There are no unverified keys here. PYFE_KEY_MISMATCH, PYFE_SIGNATURE,
 * PYFE_DECODE; PYFE_UNSUPPORTED for a key of 0.1.0, whose readout lies in the metadata: have it issued again. It is a
 * secret of the evaluator. Cost: one signature, and about one decryption a function. */
PYFE_API pyfe_status pyfe_function_key_load(const uint8_t *data, uint64_t size, const pyfe_public_key *public_key,
                                            pyfe_function_key **key, pyfe_call *call);
PYFE_API void pyfe_function_key_free(pyfe_function_key *key);

PYFE_API const char *pyfe_function_key_scheme(const pyfe_function_key *key);
/* SHA-256 of the envelope. */
PYFE_API void pyfe_function_key_id(const pyfe_function_key *key, uint8_t *id);
PYFE_API uint64_t pyfe_function_key_coordinates(const pyfe_function_key *key);
/* k, the functions that it opens. */
PYFE_API uint64_t pyfe_function_key_functions(const pyfe_function_key *key);
/* Its number among the keys of its authority: what revocation lists name, which Python reads. */
PYFE_API uint64_t pyfe_function_key_sequence(const pyfe_function_key *key);
/* The last second, since 1970, at which it is to be used; -1 where it has no end. */
PYFE_API int64_t pyfe_function_key_not_after(const pyfe_function_key *key);
/* Not 0 where a refusal tells of the key, so that batches must be signed: see pyfe_decrypt. */
PYFE_API int32_t pyfe_function_key_refuses(const pyfe_function_key *key);

/* How its k results are read. The integer u of function f lies from lower[f] to upper[f]; its score is
 * u + intercepts[f], its decision value scales[f] times the score, which is off from the model's own by max_errors[f]
 * at most. k values each; NULL where they are not wanted. */
PYFE_API void pyfe_function_key_readout(const pyfe_function_key *key, int64_t *lower, int64_t *upper,
                                        int64_t *intercepts, double *scales, double *max_errors);
/* From decision values to what the model says: the number of its link (docs/reference/formats.md): 0 identity, 1 logit,
 * 2 softmax, ... S0 of the link cox; 0 otherwise. */
PYFE_API int32_t pyfe_function_key_link(const pyfe_function_key *key);
PYFE_API double pyfe_function_key_baseline_survival(const pyfe_function_key *key);
/* The classes of its probabilities: how many (0 of a regression), and the text of one, ended by 0. *size: its bytes,
 * with the 0. *type: 0 boolean ("True", "False"), 1 integer, 2 float (as C's %a), 3 text. */
PYFE_API uint64_t pyfe_function_key_classes(const pyfe_function_key *key);
PYFE_API pyfe_status pyfe_function_key_class(const pyfe_function_key *key, uint64_t at, char *text, uint64_t capacity,
                                             uint64_t *size, int32_t *type, pyfe_call *call);

/* Reads or builds the table that decryption searches in, so that the first decryption need not: under PYFE_CACHE_DIR or
 * the user's cache folder, or in memory where that cannot be written, which a notice then says. Schemes without a
 * search have nothing to do. */
PYFE_API pyfe_status pyfe_function_key_prepare(const pyfe_function_key *key, pyfe_call *call);

/* The scores of every row, [rows][k], and the decision values likewise (NULL where they are not wanted); `capacity`
 * counts the values of one of them and must be rows * k at least. now: seconds since 1970, which the key's end is held
 * against, or -1 for the system's clock.
 *
 * PYFE_KEY_MISMATCH at once for another public key or schema, PYFE_KEY_EXPIRED; PYFE_PARAMETER for combined rows, see
 * pyfe_decrypt_sums; PYFE_OUT_OF_RANGE, naming row and function, for a result outside its interval: the ciphertexts
 * were changed, or are not honest ones. Where pyfe_function_key_refuses is not 0:
 *   - the batch must have been loaded with its `signer` (PYFE_SIGNATURE): a refusal tells something of the key, so he
 *     who gets it must be known. Sums give PYFE_UNSUPPORTED;
 *   - ciphertexts that are not honest ones give PYFE_REFUSED, without a row or a reason, and no scores. It is the last
 *     answer to this signer: from now on this key object gives PYFE_SILENCED for what he signed;
 *   - the caller's part: one key object a process; on PYFE_REFUSED write the signer down, durably, before the answer
 *     leaves; after a restart, and in other processes, pyfe_function_key_silence says it to the new key object. */
PYFE_API pyfe_status pyfe_decrypt(const pyfe_function_key *key, const pyfe_batch *batch, int64_t now, int64_t *scores,
                                  double *decision_values, uint64_t capacity, pyfe_call *call);

/* The same for batches that may hold sums of rows, whose score is the same sum of scores; such have no decision value.
 * PYFE_OUT_OF_RANGE, before any search, for a row whose weights sum to more than largest_weight_sum in absolute values:
 * its search takes that many times as long. */
PYFE_API pyfe_status pyfe_decrypt_sums(const pyfe_function_key *key, const pyfe_batch *batch,
                                       uint64_t largest_weight_sum, int64_t now, int64_t *scores, uint64_t capacity,
                                       pyfe_call *call);

/* This key object answers the signer (32 bytes) no more, or again; only where pyfe_function_key_refuses is not 0 does
 * it matter. Releasing is for people who have looked into the incident. */
PYFE_API pyfe_status pyfe_function_key_silence(const pyfe_function_key *key, const uint8_t *signer, pyfe_call *call);
PYFE_API pyfe_status pyfe_function_key_release(const pyfe_function_key *key, const uint8_t *signer, pyfe_call *call);

#ifdef __cplusplus
}
#endif

#endif
