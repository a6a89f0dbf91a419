"""The one place of the version: the build reads it, and it costs no start-up time (unlike installed metadata)."""

__version__ = "0.1.0"
