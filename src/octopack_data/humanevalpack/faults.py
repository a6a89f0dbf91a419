"""What can be wrong with a problem, in one table, and one fault as a record."""

from dataclasses import asdict, dataclass

KINDS = {
    # seen in the texts
    "empty": "a text is empty that says what is asked, or what is right or wrong",
    "carriage_return": "a text holds carriage returns: its lines end with CRLF",
    "entry_point": "the function that entry_point names is not in the declaration, the prompt or the test",
    "description": "signature, docstring or instruction do not say what the prompt says",
    "unused_import": "the prompt imports what nothing uses",
    "duplicate": "two problems share a text",
    "same_solution": "the bug is no change of the code",
    "chance_in_test": "the test draws random numbers without a seed",
    "no_assertion": "the test holds no assertion, or a function that nothing calls",
    "lost_comparison": "a comparison or a value has no effect: it stands outside of the assertion, or before a comma",
    # seen when programs run
    "canonical_fails": "prompt + canonical_solution does not pass the test",
    "example_fails": "prompt + canonical_solution does not pass example_test",
    "declaration_fails": "declaration + canonical_solution does not pass, although the prompt's form does",
    "answer_is_cut": "the rule that ends an answer cuts the canonical solution, which fails then",
    "bug_passes": "prompt + buggy_solution passes the test",
    "bug_does_not_build": "the buggy program is refused by the compiler, before any test",
    "symptom": "the buggy program does not end, and failure_symptoms says something else",
    "chance": "the same canonical program passes in one run and fails in another",
    "never_called": "a function that aborts at once passes the test",
    "constant_passes": "a function that always returns the same value passes the test",
    "wrong_value_passes": "a function whose every value is off passes the test",
}
"""Kind of a fault: what it means."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one problem; ``what`` says what was seen."""

    language: str
    task_id: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.task_id} {self.kind}: {self.what}"

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON types."""
        return asdict(self)
