// Package pyfe scores encrypted rows by libpyfe, the C ABI of pyfe.
package pyfe

// #cgo LDFLAGS: -lpyfe
// #include <pyfe.h>
// #include <stdlib.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// An Error is what a function of libpyfe refused, by the name of its status.
type Error struct{ Status, Message string }

func (e *Error) Error() string { return e.Status + ": " + e.Message }

// try runs one call, and makes an error of its status.
func try(run func(call *C.pyfe_call) C.pyfe_status) error {
	call := (*C.pyfe_call)(C.calloc(1, C.sizeof_pyfe_call))
	defer C.free(unsafe.Pointer(call))
	if status := run(call); status != C.PYFE_OK {
		return &Error{C.GoString(C.pyfe_status_name(status)), C.GoString(&call.message[0])}
	}
	return nil
}

// octets is where bytes lie, for the time of a call: libpyfe keeps no pointer.
func octets(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(data))) }

// A PublicKey is what a data owner encrypts under, and what a FunctionKey is checked against.
type PublicKey struct{ c *C.pyfe_public_key }

// A FunctionKey opens the scores of its functions. Any number of goroutines may use one.
type FunctionKey struct{ c *C.pyfe_function_key }

// A Batch is encrypted rows.
type Batch struct{ c *C.pyfe_batch }

// LoadPublicKey reads an envelope; fingerprint is what the authority tells over another channel.
func LoadPublicKey(data []byte, fingerprint string) (*PublicKey, error) {
	key := &PublicKey{}
	var text *C.char
	if fingerprint != "" {
		text = C.CString(fingerprint)
		defer C.free(unsafe.Pointer(text))
	}
	err := try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_public_key_load(octets(data), C.uint64_t(len(data)), text, &key.c, call)
	})
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(key, func(key *PublicKey) { C.pyfe_public_key_free(key.c) })
	return key, nil
}

// LoadFunctionKey reads an envelope, and checks that the authority of the public key issued it.
func LoadFunctionKey(data []byte, by *PublicKey) (*FunctionKey, error) {
	key := &FunctionKey{}
	err := try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_function_key_load(octets(data), C.uint64_t(len(data)), by.c, &key.c, call)
	})
	runtime.KeepAlive(by)
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(key, func(key *FunctionKey) { C.pyfe_function_key_free(key.c) })
	return key, nil
}

// LoadBatch reads an envelope; signer, unless empty, is the Ed25519 key of who has to have signed it.
func LoadBatch(data, signer []byte) (*Batch, error) {
	batch := &Batch{}
	err := try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_batch_load(octets(data), C.uint64_t(len(data)), octets(signer), &batch.c, call)
	})
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(batch, func(batch *Batch) { C.pyfe_batch_free(batch.c) })
	return batch, nil
}

// Coordinates is how many integers a row has.
func (key *PublicKey) Coordinates() int { return int(C.pyfe_public_key_coordinates(key.c)) }

// Bounds is the range of every coordinate, both ends included.
func (key *PublicKey) Bounds() (lower, upper []int64) {
	lower, upper = make([]int64, key.Coordinates()), make([]int64, key.Coordinates())
	C.pyfe_public_key_bounds(key.c, (*C.int64_t)(&lower[0]), (*C.int64_t)(&upper[0]))
	runtime.KeepAlive(key)
	return lower, upper
}

// Encrypt makes the envelope of rows of coordinates, row after row.
func (key *PublicKey) Encrypt(coordinates []int64) ([]byte, error) {
	n := key.Coordinates()
	rows := C.uint64_t(len(coordinates) / n)
	var size C.uint64_t
	if err := try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_encrypted_size(key.c, rows, 0, &size, call)
	}); err != nil {
		return nil, err
	}
	out := make([]byte, size)
	x := (*C.int64_t)(unsafe.SliceData(coordinates))
	err := try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_encrypt(key.c, x, rows, C.uint64_t(n), nil, octets(out), size, &size, call)
	})
	runtime.KeepAlive(key)
	return out, err
}

// Decrypt gives the scores of all rows, and the decision values, row after row.
func (key *FunctionKey) Decrypt(batch *Batch) (scores []int64, decisions []float64, err error) {
	count := int(C.pyfe_batch_rows(batch.c) * C.pyfe_function_key_functions(key.c))
	scores, decisions = make([]int64, count), make([]float64, count)
	z, d := (*C.int64_t)(unsafe.SliceData(scores)), (*C.double)(unsafe.SliceData(decisions))
	err = try(func(call *C.pyfe_call) C.pyfe_status {
		return C.pyfe_decrypt(key.c, batch.c, -1, z, d, C.uint64_t(count), call)
	})
	runtime.KeepAlive(key)
	runtime.KeepAlive(batch)
	return scores, decisions, err
}
