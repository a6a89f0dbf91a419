"""What runs inside a sandbox: standard library only, started as a folder of its own (also copied into images)."""
