"""Megatron's checkpoints: read from ranks or distributed, merged, and the way from and to GPTBigCode's folder."""
