"""Low-rank adapters after training: read, checked, folded into their base, with a note of where it came from."""
