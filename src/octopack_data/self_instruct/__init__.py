"""Self-Instruct: new instructions and answers from a few seed tasks, and files of them as prompts and completions."""
