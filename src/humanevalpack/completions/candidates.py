"""From a raw generation to a candidate: stop words, where the answer ends, what stands before it.

Rules: as the reference harness (evaluation rules, section 5); profile ``fixed`` mends its known faults.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from humanevalpack.completions.fenced import NO_CODE, Extraction, extract_fenced, refused_or_empty
from humanevalpack.completions.thinking import without_thinking
from humanevalpack.corrections import corrected
from humanevalpack.languages import Profile, get_language
from humanevalpack.patches import find_hunk
from humanevalpack.problems import Problem
from humanevalpack.prompts import render_prompt, stop_words
from humanevalpack.scenarios import FIX_SCENARIOS, scenario_base
from humanevalpack.templates import PromptTemplate, load_template

# Lines of the solution that are longer than this are taken out of a description (they would give the answer away).
_LONGEST_HARMLESS = 20


def extract_candidate(
    problem: Problem,
    scenario: str,
    generation: str,
    *,
    prompt: str | Path | PromptTemplate = "instruct",
    profile: Profile = "reference",
) -> str:
    """Return the candidate that a generation (the text after the prompt) holds.

    Code answers: the program text from its start to the end of the function. ``explaindescribe``: the description.
    Prompt ``diff``: the patch; ``diff-carper``: the hunk, empty if none can be read. Any text is a valid generation.
    A fenced template (``chat``): see ``extract_answer``, which says how the code was found, too.
    Raises UsageError for an unknown scenario, prompt or profile, or one that the other does not support.
    """
    return extract_answer(problem, scenario, generation, prompt=prompt, profile=profile).candidate


def extract_answer(
    problem: Problem,
    scenario: str,
    generation: str,
    *,
    prompt: str | Path | PromptTemplate = "instruct",
    profile: Profile = "reference",
    finish: str | None = None,
) -> Extraction:
    """Return the candidate and how it was found: a key of ``EXTRACTIONS``, empty where nothing has to be found.

    ``finish`` is why the model stopped (``stop``, ``length``, ``refusal``, ``empty``), where its server says it.
    """
    template = load_template(prompt)
    template.check_supports(scenario)
    if template.answer != "fenced":
        return Extraction(_reference_candidate(problem, scenario, generation, template, profile), "")
    words = stop_words(problem.language, prompt=template, profile=profile)
    problem, answer = corrected(problem, profile), cut_at_stop_words(generation, words)
    if scenario != "explaindescribe":
        base = scenario_base(problem, scenario) if scenario in FIX_SCENARIOS else problem.prompt
        return extract_fenced(problem, base, answer, finish=finish)
    text, unfinished = without_thinking(answer)
    status = refused_or_empty(text, finish, unfinished=unfinished)
    # Every description is cut by the reference's rule, whoever wrote it; only what is sent to the model differs.
    words = [*stop_words(problem.language, profile=profile), *words]
    return Extraction(_description(problem, text, words), "" if status == NO_CODE else status)


def _reference_candidate(
    problem: Problem, scenario: str, generation: str, template: PromptTemplate, profile: Profile
) -> str:
    words = stop_words(problem.language, prompt=template, profile=profile)
    problem = corrected(problem, profile)
    if scenario == "explaindescribe":
        return _description(problem, generation, words)
    answer = cut_at_stop_words(generation.rstrip(), words)
    if profile == "reference" or template.answer == "code":  # the reference cuts patches like code, python's to nothing
        answer = get_language(problem.language).cut(answer, profile)
    if template.answer == "patch":
        return answer
    if template.answer == "hunk":
        return find_hunk(render_prompt(problem, scenario, prompt=template, profile=profile) + answer)
    base = scenario_base(problem, scenario) if scenario in FIX_SCENARIOS else problem.prompt
    return base.rstrip() + answer


def cut_at_stop_words(text: str, words: Iterable[str]) -> str:
    """Cut at the first occurrence of each word, one word after the other."""
    for word in words:
        text = text.split(word, 1)[0]
    return text


def is_complete(answer: str, language: str, words: Sequence[str], *, profile: Profile = "reference") -> bool:
    """Whether every continuation of a growing code answer holds the same candidate, so that generation may stop.

    That is so at the function's end and at a stop word. Stricter than the reference, which looks at the end alone: a
    stop word that has begun and may go on (``<`` at the start of a line) would cut elsewhere.
    """
    text = answer.rstrip()
    # Asked of every row after every token, and nearly always answered with no here.
    if not any(word in text for word in words) and not get_language(language).is_complete(text, profile):
        return False
    return not any(text.endswith(word[:length]) for word in words for length in range(1, len(word)))


def _description(problem: Problem, generation: str, words: list[str]) -> str:
    text = cut_at_stop_words(generation.strip()[: len(problem.docstring)], words).rstrip()
    for line in map(str.strip, problem.canonical_solution.split("\n")):
        if len(line) > _LONGEST_HARMLESS:
            text = text.replace(line, "")
    return text
