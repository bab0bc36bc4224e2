// Scores of encrypted rows in Node: node score.js LIBRARY PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in
// hexadecimal.
"use strict";
const fs = require("fs");
const koffi = require("koffi");

const [library, ...files] = process.argv.slice(2, 6);
const signer = process.argv[6] ? Buffer.from(process.argv[6], "hex") : null;
const lib = koffi.load(library);

koffi.opaque("pyfe_public_key");
koffi.opaque("pyfe_function_key");
koffi.opaque("pyfe_batch");
const load = (name, third) =>
  lib.func(`int32_t pyfe_${name}_load(const uint8_t *data, uint64_t size, ${third}, _Out_ pyfe_${name} **out, void *call)`);
const loadPublicKey = load("public_key", "const char *fingerprint");
const loadFunctionKey = load("function_key", "const pyfe_public_key *by");
const loadBatch = load("batch", "const uint8_t *signer");
const statusName = lib.func("const char *pyfe_status_name(int32_t status)");
const rowsOf = lib.func("uint64_t pyfe_batch_rows(const pyfe_batch *batch)");
const functionsOf = lib.func("uint64_t pyfe_function_key_functions(const pyfe_function_key *key)");
const decrypt = lib.func(
  "int32_t pyfe_decrypt(const pyfe_function_key *key, const pyfe_batch *batch, int64_t now, void *scores, void *decisions, uint64_t capacity, void *call)",
);
const freed = ["public_key", "function_key", "batch"].map((name) => lib.func(`void pyfe_${name}_free(pyfe_${name} *object)`));

// A pyfe_call is 1,024 bytes: cancelled, status, message.
function attempt(run) {
  const call = Buffer.alloc(1024);
  const status = run(call);
  if (status === 0) return;
  const end = call.indexOf(0, 8);
  console.error(`${statusName(status)}: ${call.toString("utf8", 8, end)}`);
  process.exit(1);
}

function loaded(run, path, third) {
  const data = fs.readFileSync(path);
  const out = [null];
  attempt((call) => run(data, data.length, third, out, call));
  return out[0];
}

const publicKey = loaded(loadPublicKey, files[0], null);
const key = loaded(loadFunctionKey, files[1], publicKey);
const batch = loaded(loadBatch, files[2], signer);
const count = Number(rowsOf(batch)) * Number(functionsOf(key));
const scores = Buffer.alloc(8 * count), decisions = Buffer.alloc(8 * count);
attempt((call) => decrypt(key, batch, -1, scores, decisions, count, call));
for (let i = 0; i < count; ++i) console.log(`${scores.readBigInt64LE(8 * i)} ${decisions.readDoubleLE(8 * i)}`);
[publicKey, key, batch].forEach((object, i) => freed[i](object));
