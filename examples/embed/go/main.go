// Command score prints the scores of encrypted rows: score PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in
// hexadecimal. score -calls N PUBLIC_KEY FUNCTION_KEY BATCH opens the batch N times from eight goroutines instead, and
// encrypts rows and gives damaged bytes in between.
package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"example.org/score/pyfe"
)

func main() {
	calls := flag.Int64("calls", 0, "how often, from eight goroutines")
	flag.Parse()
	if err := run(flag.Args(), *calls); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string, calls int64) error {
	if len(arguments) < 3 {
		return errors.New("score [-calls N] PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER]")
	}
	files := make([][]byte, 3)
	for i := range files {
		var err error
		if files[i], err = os.ReadFile(arguments[i]); err != nil {
			return err
		}
	}
	var signer []byte
	if len(arguments) > 3 {
		var err error
		if signer, err = hex.DecodeString(arguments[3]); err != nil || len(signer) != 32 {
			return fmt.Errorf("the signer is no Ed25519 key: %v", err)
		}
	}
	publicKey, err := pyfe.LoadPublicKey(files[0], "")
	if err != nil {
		return err
	}
	key, err := pyfe.LoadFunctionKey(files[1], publicKey)
	if err != nil {
		return err
	}
	batch, err := pyfe.LoadBatch(files[2], signer)
	if err != nil {
		return err
	}
	scores, decisions, err := key.Decrypt(batch)
	if err != nil {
		return err
	}
	if calls > 0 {
		return often(calls, publicKey, key, files[2], scores)
	}
	for i, score := range scores {
		fmt.Printf("%d %.17g\n", score, decisions[i])
	}
	return nil
}

// often has eight goroutines share all objects: every call must give what the first one gave.
func often(calls int64, publicKey *pyfe.PublicKey, key *pyfe.FunctionKey, file []byte, expected []int64) error {
	batch, err := pyfe.LoadBatch(file, nil)
	if err != nil {
		return err
	}
	lower, _ := publicKey.Bounds()
	var done atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				turn := done.Add(1)
				if turn > calls {
					return
				}
				if err := one(turn, publicKey, key, batch, file, lower, expected); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	group.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	fmt.Printf("%d calls\n", calls)
	return nil
}

func one(turn int64, publicKey *pyfe.PublicKey, key *pyfe.FunctionKey, batch *pyfe.Batch, file []byte,
	lower, expected []int64) error {
	switch turn % 16 {
	case 0:
		_, err := publicKey.Encrypt(lower)
		return err
	case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11:
		damaged := append([]byte(nil), file...)
		damaged[turn%int64(len(file)-1)] ^= 0xff
		_, err := pyfe.LoadBatch(damaged[:len(damaged)-1], nil)
		var refused *pyfe.Error
		if !errors.As(err, &refused) || refused.Status != "PYFE_DECODE" || refused.Message == "" {
			return fmt.Errorf("damaged bytes give %v", err)
		}
		return nil
	}
	scores, _, err := key.Decrypt(batch)
	if err == nil && !slices.Equal(scores, expected) {
		err = errors.New("another score")
	}
	return err
}
