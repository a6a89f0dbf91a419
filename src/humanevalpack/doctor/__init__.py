"""What of this machine matters for judging programs, what is wrong with it, and the command that mends it."""

from humanevalpack.doctor.facts import Fact
from humanevalpack.doctor.installation import installation_facts
from humanevalpack.doctor.kinds import kind_facts
from humanevalpack.doctor.machine import machine_facts
from humanevalpack.doctor.tools import tool_facts

__all__ = ["Fact", "installation_facts", "kind_facts", "machine_facts", "tool_facts"]
