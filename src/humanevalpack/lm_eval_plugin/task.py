"""The lm_eval task: one scenario in one language."""

import logging
import sys
import time
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from humanevalpack.completions import extract_candidate
from humanevalpack.errors import EnvironmentFault, InputError, SandboxFault, ToolchainMissing, UsageError
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.lm_eval_plugin import exit_codes, groups, two_stage
from humanevalpack.lm_eval_plugin.arguments import generation_arguments
from humanevalpack.lm_eval_plugin.descriptions import load_descriptions
from humanevalpack.lm_eval_plugin.kept import KeptRow, read_rows, scoring_command, write_rows
from humanevalpack.lm_eval_plugin.options import PROMPT_AUTO, read_options
from humanevalpack.lm_eval_plugin.prompting import Prompting, choose_prompting
from humanevalpack.lm_eval_plugin.samples import SKIPPED, Generation, Sample, prompt_text
from humanevalpack.lm_eval_plugin.scoring import (
    COUNTED,
    aggregations,
    code_metrics,
    description_metrics,
    extract,
    read_samples,
    run_samples,
)
from humanevalpack.lm_eval_plugin.two_stage import REQUEST_TYPE, AnswerRequest
from humanevalpack.problems import Problem, content_hash, load_problems
from humanevalpack.prompts import stop_words
from humanevalpack.sandbox import Toolchain, check_toolchains, choose_sandbox
from humanevalpack.scenarios import SCENARIOS, check_scenario

_log = logging.getLogger(__name__)


class HumanEvalPackTask(ConfigurableTask):  # type: ignore[misc]  # lm_eval is untyped
    """``humaneval{scenario}-{language}``; lm_eval makes it from a file in ``tasks/``, or from a user's that includes one."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        exit_codes.install()
        groups.install()
        two_stage.install()
        own = dict(config)
        self.scenario = check_scenario(_own_key(own, "scenario", SCENARIOS))
        self.language = get_language(_own_key(own, "language", LANGUAGES)).name
        own.pop("class", None)
        metadata = dict(own.pop("metadata", None) or {})
        self.options = read_options(metadata, own.pop("options", None))
        self._model_name = next((metadata[key] for key in ("pretrained", "model") if metadata.get(key)), None)
        self.prompting = choose_prompting(self.options, self.scenario, model_name=_text(self._model_name))
        self._skipped = ""
        self._ranks = 1
        self._metrics: dict[str, Any] = {}
        self._statuses: tuple[str, ...] = COUNTED
        self._stops = self._stop_words()
        super().__init__(config=self._lm_eval_config(own, metadata))
        # lm_eval's own name for the request stays in the config, so that --gen_kwargs still reaches us.
        self.OUTPUT_TYPE = REQUEST_TYPE
        self._aggregation_list |= aggregations(self.options.scored_ks(self.samples_per_problem), mean)
        if self.options.sandbox == "process" and not self.options.confirm_run_unsafe_code and self._is_executed:
            self.UNSAFE_CODE = True

    def _lm_eval_config(self, own: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        options = self.options
        arguments: dict[str, Any] = {"until": list(self._stops), "temperature": options.temperature}
        if options.temperature > 0:
            arguments |= {"top_p": options.top_p, "top_k": options.top_k}
        if options.total_length is None:
            arguments["max_gen_toks"] = options.max_new_tokens
        scores = [f"pass@{k}" for k in options.scored_ks(self.samples_per_problem)] if self._is_executed else []
        return {
            "test_split": "test",
            "num_fewshot": 0,
            "target_delimiter": "",
            "repeats": 1 if self._descriptions else options.n_samples,
            "generation_kwargs": arguments,
            # A text (not a function): it tells lm_eval that metric names are ours.
            "process_results": "humanevalpack",
            "metric_list": [
                {"metric": name, "aggregation": "mean", "higher_is_better": True}
                for name in scores or ["description_characters"]
            ],
            **own,
            "metadata": {**metadata, "humanevalpack": {"options": options.recorded(), "profile": options.profile}},
        }

    # What lm_eval asks a task for

    def download(self, dataset_kwargs: Any = None, **kwargs: Any) -> None:
        """Put the problems where lm_eval looks for a dataset."""
        self.dataset = {"test": datasets.Dataset.from_list([problem.row() for problem in self.problems.values()])}

    def doc_to_text(self, doc: Mapping[str, Any], doc_to_text: Any = None) -> Any:
        """Return the prompt of the first question about a problem (explainsynthesize: it may ask for a description)."""
        problem = self.problems[doc["task_id"]]
        descriptions = self._descriptions.get(problem.task_id, [None])
        return self.prompt_for(problem, descriptions[0])

    def doc_to_target(self, doc: Mapping[str, Any], doc_to_target: Any = None) -> str:
        """Return what a perfect answer would be."""
        return str(doc["docstring" if self.scenario == "explaindescribe" else "canonical_solution"])

    def fewshot_context(self, doc: Mapping[str, Any], num_fewshot: int = 0, **kwargs: Any) -> Any:
        """Return the whole prompt: there are no examples, and the chat template is applied by ``prompting``."""
        return self.doc_to_text(doc)

    def build_all_requests(
        self,
        *,
        cache_requests: bool = False,
        rewrite_requests_cache: bool = False,
        system_instruction: str | None = None,
        chat_template: Any = None,
        world_size: int = 1,
        **kwargs: Any,
    ) -> None:
        """Build the requests; everything that scoring needs is checked first, before the model is asked anything."""
        self._ranks = world_size
        self.prompting = choose_prompting(
            self.options,
            self.scenario,
            model_name=_text(self._model_name),
            chat=chat_template,
            system=system_instruction,
        )
        if self._is_executed:
            self._check_toolchain()
        # lm_eval's cache of requests knows nothing of our options and would bring back another prompt's.
        super().build_all_requests(
            cache_requests=False, rewrite_requests_cache=False, chat_template=None, world_size=world_size, **kwargs
        )

    def construct_requests(
        self, doc: Mapping[str, Any], ctx: Any, *, metadata: tuple[str, int, int], **kwargs: Any
    ) -> list[AnswerRequest]:
        """Return one request to be repeated, or one for each description that was given."""
        problem = self.problems[doc["task_id"]]
        name, number, repeats = metadata
        descriptions = self._given_descriptions(problem)
        requests = [
            AnswerRequest(
                request_type=REQUEST_TYPE,
                doc=doc,
                arguments=(),
                idx=place,
                metadata=(name, number, repeats),
                task=self,
                problem=problem,
                description=description,
                describes_first=self.scenario == "explainsynthesize" and description is None,
            )
            for place, description in enumerate(descriptions or [None])
        ]
        for request in requests:
            self._ask_anew(request)
        return requests

    def apply_filters(self) -> None:
        """Judge every sample of this task in one batch and leave each as JSON text for the log and the scores."""
        answers = [
            (request.idx + number, request, generation)
            for request in self._instances
            # With several ranks lm_eval repeats the last request to even out the batches.
            for number, generation in enumerate(request.generations[: request.repeats])
        ]
        samples = extract(
            self.scenario,
            self.prompting.template,
            self.options,
            [(number, request.problem, generation) for number, request, generation in answers],
        )
        if self._is_executed and not self._skipped:
            samples = self._judged(samples, [request for _, request, _ in answers])
        for request in self._instances:
            request.filtered_resps[self.options.profile] = []
        for (_, request, _), sample in zip(answers, samples, strict=True):
            request.filtered_resps[self.options.profile].append(sample.to_json())
        if self._ranks == 1:
            # Statuses that did not occur would only fill the table; several ranks must all name the same.
            found = {sample.status for sample in samples}
            self._statuses = tuple(status for status in COUNTED if status in found)

    def process_results(self, doc: Mapping[str, Any], results: list[list[str]]) -> dict[str, float]:
        """Return one problem's metrics."""
        if self._predicts_only:
            return {"bypass": 999}
        samples = read_samples(results)
        if self.scenario == "explaindescribe":
            return description_metrics(samples)
        return code_metrics(samples, self.options, self._statuses)

    # What a request asks for (two_stage)

    @property
    def name(self) -> str:
        """The task's name."""
        return str(self.config.task)

    def meet_model(self, model_name: str | None, requests: list[AnswerRequest]) -> None:
        """Choose the template again if only now the model's name is known (a model object in Python), and say which."""
        if self._model_name is None and self.options.prompt == PROMPT_AUTO:
            old = self.prompting
            self.prompting = choose_prompting(
                self.options, self.scenario, model_name=model_name, chat=old.chat, system=old.system
            )
            if self.prompting.template.name != old.template.name:
                for request in {id(request): request for request in requests if request.task is self}.values():
                    self._ask_anew(request)
        template = self.prompting.template.name
        self._record(prompt=template, prompt_reason=self.prompting.reason)
        _announce(f"prompt {template!r}: {self.prompting.reason}")

    def prompt_for(self, problem: Problem, description: str | None) -> Any:
        """Return the prompt; explainsynthesize without a description asks for one first."""
        asks_first = self.scenario == "explainsynthesize" and description is None
        return self.prompting.render(problem, "explaindescribe" if asks_first else self.scenario, description)

    def description_from(self, problem: Problem, generation: str) -> str:
        """Return the description that a raw generation holds."""
        template, profile = self.prompting.template, self.options.profile
        return extract_candidate(problem, "explaindescribe", generation, prompt=template, profile=profile)

    def generation_arguments(self) -> dict[str, Any]:
        """Return the arguments of generation after ``--gen_kwargs``, with the template's stop words."""
        arguments = dict(self.config.generation_kwargs)
        if arguments["until"] == self._stops:
            arguments["until"] = self._stop_words()
        return generation_arguments(arguments, self.options)

    def answer_without_model(self, request: AnswerRequest, sample: int) -> Generation | None:
        """Return the answer where the model is not to be asked: a language left out, or kept generations."""
        expected = prompt_text(request.arguments[0])
        if self._skipped:
            return Generation(prompt=expected, text="", status=SKIPPED)
        if self.options.generations is None:
            return None
        return self._kept_generation(request, min(sample, request.idx + request.repeats - 1), expected)

    # Details

    @property
    def samples_per_problem(self) -> int:
        """Samples that each problem gets."""
        return max(map(len, self._descriptions.values()), default=0) or self.options.n_samples

    @property
    def _is_executed(self) -> bool:
        return self.scenario != "explaindescribe" and not self._predicts_only

    @property
    def _predicts_only(self) -> bool:
        # --predict_only replaces the metrics by lm_eval's "bypass".
        return "bypass" in getattr(self, "_metric_fn_list", {})

    @cached_property
    def problems(self) -> dict[str, Problem]:
        """Task id to problem, in the data's order."""
        return {problem.task_id: problem for problem in _load(self.language, self.options.dataset, self.options.dataset_revision)}

    @cached_property
    def _descriptions(self) -> dict[str, list[str]]:
        """The descriptions of an earlier run, if the user named its file."""
        if self.options.descriptions is None or self.scenario != "explainsynthesize":
            return {}
        return load_descriptions(self.options.descriptions, list(self.problems.values()), self.description_from)

    @cached_property
    def _kept(self) -> dict[tuple[str, str, int], KeptRow]:
        assert self.options.generations is not None
        return _load_kept(self.options.generations)

    def _given_descriptions(self, problem: Problem) -> list[str]:
        if not self._descriptions:
            return []
        texts = self._descriptions.get(problem.task_id, [])
        wanted = self.options.n_samples if "n_samples" in self.options.given else len(texts) or 1
        if len(texts) != wanted:
            raise InputError(
                f"descriptions {self.options.descriptions}: {len(texts)} for {problem.task_id}, but {wanted} are wanted "
                "(n_samples, one program each): make them with the same --limit and n_samples"
            )
        return texts

    def _ask_anew(self, request: AnswerRequest) -> None:
        request.arguments = (self.prompt_for(request.problem, request.description), self.generation_arguments())

    def _stop_words(self) -> list[str]:
        return stop_words(self.language, prompt=self.prompting.template, profile=self.options.profile)

    def _record(self, **facts: Any) -> None:
        """Put facts of this run where lm_eval's results keep the task's configuration."""
        self.config.metadata["humanevalpack"] |= facts

    def _check_toolchain(self) -> None:
        sandbox = choose_sandbox(self.options.sandbox)
        toolchain = _toolchain(self.language, sandbox)
        self._record(sandbox=sandbox, toolchain=toolchain.version, dataset_sha256=content_hash(list(self.problems.values())))
        if toolchain.available:
            return
        problem = f"{self.name}: no toolchain for {self.language} ({', '.join(toolchain.missing)} missing)"
        if self.options.missing_toolchains == "error":
            raise ToolchainMissing(f"{problem}; {toolchain.install}, or leave it out: missing_toolchains=skip")
        self._skipped = problem
        self.config.task_alias = f"{self.name} (left out: no toolchain)"
        self._record(left_out=problem)
        _announce(f"{problem}; left out of every score. {toolchain.install}")

    def _judged(self, samples: list[Sample], requests: list[AnswerRequest]) -> list[Sample]:
        try:
            verdicts = run_samples(
                self.scenario,
                self.prompting.template,
                self.options,
                samples,
                [request.problem for request in requests],
                ranks=self._ranks,
            )
        except EnvironmentFault as fault:
            raise SandboxFault(f"{self.name}: {fault}\n{self._keep_everything()}") from fault
        return [sample.with_verdict(verdict) for sample, verdict in zip(samples, verdicts, strict=True)]

    def _keep_everything(self) -> str:
        rows = self._instances[0].everything
        folder = Path(self.options.keep_generations or f"humanevalpack-generations-{time.strftime('%Y%m%d-%H%M%S')}")
        path = write_rows(rows, folder / "generations.jsonl")
        options = {key: value for key, value in self.options.recorded().items() if key in self.options.given}
        for name in ("descriptions", "keep_generations", "preset", "generations"):
            options.pop(name, None)
        options |= {"prompt": self._template_for_later(), "n_samples": self.samples_per_problem}
        command = scoring_command(list(dict.fromkeys(row.task for row in rows)), path.parent, options)
        return f"All {len(rows)} generations are kept in {path}. Once the cause is mended, score them: {command}"

    def _template_for_later(self) -> str:
        return self.options.prompt if self.options.prompt != PROMPT_AUTO else self.prompting.template.name

    def _kept_generation(self, request: AnswerRequest, sample: int, expected: str) -> Generation:
        row = self._kept.get((self.name, request.problem.task_id, sample))
        where = f"generations {self.options.generations}"
        if row is None:
            raise InputError(
                f"{where}: nothing for {self.name}, {request.problem.task_id}, sample {sample}: "
                "use the tasks, --limit and n_samples that the generations were made with"
            )
        if request.describes_first:
            expected = prompt_text(self.prompt_for(request.problem, row.description)) if row.description else row.prompt
        if row.prompt != expected and not self.prompting.is_chat:
            raise InputError(
                f"{where}: {self.name}, {request.problem.task_id} was made with another prompt (template or data differ); "
                f"now it is {self.prompting.template.name!r}: set prompt= and dataset= as they were"
            )
        return row.as_generation()


def _own_key(config: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = config.pop(key, None)
    if value not in allowed:
        raise UsageError(f"task {config.get('task')!r}: {key} is {value!r}; its file must set one of {', '.join(allowed)}")
    return str(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


@cache
def _load(language: str, dataset: str, revision: str | None) -> tuple[Problem, ...]:
    return load_problems(language, dataset, revision=revision)


@cache
def _load_kept(path: str) -> dict[tuple[str, str, int], KeptRow]:
    return read_rows(Path(path).expanduser())


@cache
def _toolchain(language: str, sandbox: str) -> Toolchain:
    return check_toolchains([language], sandbox=sandbox)[language]


@cache
def _announce(line: str) -> None:
    """Say something once, on whatever the user sees: a notebook shows no log lines."""
    sys.stderr.write(f"humanevalpack: {line}\n")
