"""What a set of keys reveals, once more: the rules in slow plain Python, from their text alone; no pyfe."""
