"""How one task asks the model: its problems, its prompt, its stop words, and what needs no model to be answered."""

import sys
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any

from humanevalpack.completions import extract_candidate
from humanevalpack.corrections import corrected
from humanevalpack.errors import InputError, UsageError
from humanevalpack.lm_eval_plugin.arguments import generation_arguments
from humanevalpack.lm_eval_plugin.descriptions import given_descriptions, load_descriptions
from humanevalpack.lm_eval_plugin.kept import generation_of, kept_row
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.prompting import ChatFunction, choose_prompting
from humanevalpack.lm_eval_plugin.repeats import warning
from humanevalpack.lm_eval_plugin.requests import AnswerRequest
from humanevalpack.lm_eval_plugin.samples import Generation, prompt_text
from humanevalpack.problems import Problem, content_hash, load_problems
from humanevalpack.prompts import render_encoder_prompt, stop_words
from humanevalpack.results.rows import SKIPPED
from humanevalpack.scenarios import task_name
from humanevalpack.templates import PROMPT_AUTO


class Asking:
    """The asking side of a task, without lm_eval's base class."""

    def __init__(self, *, name: str, scenario: str, language: str, options: Options, model_name: str | None) -> None:
        self.name = name
        self.scenario = scenario
        self.language = language
        self.options = options
        self.left_out = ""
        """Why this language is left out of the run; empty if it is not."""
        self.judged_with = ""
        """Kind of sandbox that this task's programs run in; empty if none runs."""
        self.model_arguments: Mapping[str, Any] = {}
        """What lm_eval's ``--model_args`` and ``--metadata`` hold beside our options; for the record."""
        self.configured: Mapping[str, Any] = {}
        """lm_eval's generation_kwargs of the task, ``--gen_kwargs`` included; set before requests are built."""
        self._model_name = model_name
        self.prompting = choose_prompting(options, scenario, model_name=model_name)
        self.first_stops = self.stop_words()
        """The stop words that lm_eval was told at first; others in ``configured`` are the user's."""

    @property
    def task(self) -> str:
        """The task's own name, by which generations are kept: a user's task file may call it otherwise."""
        return task_name(self.scenario, self.language)

    @cached_property
    def problems(self) -> dict[str, Problem]:
        """Task id to problem as the profile sees it, in the data's order."""
        return {problem.task_id: corrected(problem, self.options.profile) for problem in self._data}

    @property
    def dataset_sha256(self) -> str:
        """The content hash of the data as it was read."""
        return content_hash(self._data)

    @cached_property
    def _data(self) -> tuple[Problem, ...]:
        if self.options.dataset == "hub":
            return _from_hub(self.language, self.options.dataset_revision)
        return load_problems(self.language, self.options.dataset)

    @cached_property
    def descriptions(self) -> dict[str, list[str]]:
        """Task id to the descriptions of an earlier run, if the user named its file."""
        if self.options.descriptions is None or self.scenario != "explainsynthesize":
            return {}
        return load_descriptions(
            self.options.descriptions, list(self.problems.values()), self.description_from, announce
        )

    @property
    def samples_per_problem(self) -> int:
        """Samples that each problem gets."""
        return max(map(len, self.descriptions.values()), default=0) or self.options.n_samples

    def choose_prompt(self, chat: ChatFunction | None, system: str | None) -> None:
        """Choose the template again, now that it is known whether lm_eval applies a chat template."""
        self.prompting = choose_prompting(
            self.options, self.scenario, model_name=self._model_name, chat=chat, system=system
        )
        if self.prompting.is_chat and chat is None and self.options.generations is None:
            raise UsageError("prompt=chat is the model's own chat template: add --apply_chat_template")

    def meet_model(self, model_name: str | None, requests: Iterable[AnswerRequest]) -> dict[str, str]:
        """Choose the template again if only now the model's name is known (a model object in Python), and say which."""
        if self._model_name is None and self.options.prompt == PROMPT_AUTO:
            before, self._model_name = self.prompting, model_name
            self.choose_prompt(before.chat, before.system)
            if self.prompting.template.name != before.template.name:
                for request in {id(request): request for request in requests if request.asking is self}.values():
                    request.arguments = self.question(request.problem, request.description)
        template = self.prompting.template.name
        announce_once(f"prompt {template!r}: {self.prompting.reason}")
        sampled = self.generation_arguments()["do_sample"]
        if line := warning(self.options, samples=self.samples_per_problem, sampled=sampled):
            announce_once(line)
        return {"prompt": template, "prompt_reason": self.prompting.reason}

    def prompt_for(self, problem: Problem, description: str | None) -> Any:
        """Return the prompt; explainsynthesize without a description asks for one first."""
        asks_first = self.scenario == "explainsynthesize" and description is None
        return self.prompting.render(problem, "explaindescribe" if asks_first else self.scenario, description)

    def encoder_prompt_for(self, problem: Problem, description: str | None) -> str:
        """Return what an encoder reads; raises UsageError if the template has nothing for it."""
        asks_first = self.scenario == "explainsynthesize" and description is None
        scenario = "explaindescribe" if asks_first else self.scenario
        template = self.prompting.template
        text = render_encoder_prompt(problem, scenario, prompt=template, description=description)
        if text is None:
            raise UsageError(
                f"prompt {template.name!r} is for decoders only, and this model has an encoder: "
                "use prompt=instructcodet5p, or a template of yours with encoder_template"
            )
        return text

    def asks_for_code(self, description: str | None) -> bool:
        """Whether the answer is a program, not a description, patch or hunk."""
        describes = self.scenario == "explaindescribe" or (self.scenario == "explainsynthesize" and description is None)
        return self.prompting.template.answer == "code" and not describes

    def question(self, problem: Problem, description: str | None) -> tuple[Any, dict[str, Any]]:
        """Return prompt and generation arguments as lm_eval's requests hold them."""
        return self.prompt_for(problem, description), self.generation_arguments()

    def description_from(self, problem: Problem, generation: str) -> str:
        """Return the description that a raw generation holds."""
        template, profile = self.prompting.template, self.options.profile
        return extract_candidate(problem, "explaindescribe", generation, prompt=template, profile=profile)

    def descriptions_of(self, problem: Problem) -> list[str]:
        """Return the given descriptions of a problem; none means that the model makes them."""
        return given_descriptions(problem, self.descriptions, self.options)

    def stop_words(self) -> list[str]:
        """Return the stop words of the chosen template."""
        return stop_words(self.language, prompt=self.prompting.template, profile=self.options.profile)

    def generation_arguments(self) -> dict[str, Any]:
        """Return the arguments of generation, with the chosen template's stop words unless the user set others."""
        arguments = dict(self.configured)
        if arguments["until"] == self.first_stops:
            arguments["until"] = self.stop_words()
        return generation_arguments(arguments, self.options)

    def answer_without_model(self, request: AnswerRequest, sample: int) -> Generation | None:
        """Return the answer where the model is not to be asked: a language left out, or kept generations."""
        prompt = request.arguments[0]
        if self.left_out:
            return Generation(prompt=prompt_text(prompt), text="", status=SKIPPED)
        if self.options.generations is None:
            return None
        last = request.idx + (request.repeats or 1) - 1
        row = kept_row(self.options, self.task, request.problem.task_id, min(sample, last))
        if request.describes_first and row.description is not None:
            prompt = self.prompt_for(request.problem, row.description)
        if row.prompt != prompt_text(prompt) and not self.prompting.is_chat:
            raise InputError(
                f"generations {self.options.generations}: {self.task}, {row.task_id} was made with another prompt "
                f"(now it is {self.prompting.template.name!r}): set prompt= and dataset= as they were"
            )
        return generation_of(row)


@cache  # seconds each, and five tasks need the same; a file is read anew, for it may have been mended in a notebook
def _from_hub(language: str, revision: str | None) -> tuple[Problem, ...]:
    return load_problems(language, revision=revision)


def announce(line: str) -> None:
    """Say something where every user sees it: a notebook shows no log lines."""
    sys.stderr.write(f"humanevalpack: {line}\n")


@cache
def announce_once(line: str) -> None:
    """Say something once a run, however many tasks it is true of; whoever ends a run clears the cache."""
    announce(line)
