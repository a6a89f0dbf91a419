"""What Megatron-LM reads, made and checked here: indexed datasets, path files."""
