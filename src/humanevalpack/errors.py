"""Every error a user can meet: who is at fault, and which exit code a command ends with."""


class HumanEvalPackError(Exception):
    """Base of all our errors; ``exit_code`` is what a command returns (evaluation contract: 2 usage, 3 environment)."""

    exit_code = 2


class UsageError(HumanEvalPackError, ValueError):
    """A wrong name, option or argument: the message lists what works."""


class InputError(HumanEvalPackError, ValueError):
    """A file or data set with wrong content: the message names the file, the row, the field and the value."""


class EnvironmentFault(HumanEvalPackError, RuntimeError):
    """Something of this machine is missing (hub, sandbox, toolchain): the message names the command that mends it."""

    exit_code = 3


class SandboxFault(EnvironmentFault):
    """The sandbox, not the program, failed: never counted as a model's failure."""


class ToolchainMissing(EnvironmentFault):
    """A language cannot be judged here: the message says how to install its toolchain."""
