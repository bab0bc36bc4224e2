"""The slow twin: ristretto255, hashing to it, ALS16 over DDH, the envelope, in plain Python from the papers alone."""
