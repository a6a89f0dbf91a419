"""The lm_eval task: one scenario in one language."""

from collections.abc import Mapping
from typing import Any

import datasets
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from humanevalpack.errors import EnvironmentFault, SandboxFault, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.lm_eval_plugin import exit_codes, findings, groups, two_stage
from humanevalpack.lm_eval_plugin.arguments import model_arguments, task_config
from humanevalpack.lm_eval_plugin.asking import Asking
from humanevalpack.lm_eval_plugin.kept import keep_everything
from humanevalpack.lm_eval_plugin.options import read_options
from humanevalpack.lm_eval_plugin.requests import REQUEST_TYPE, AnswerRequest
from humanevalpack.lm_eval_plugin.samples import Sample
from humanevalpack.lm_eval_plugin.scoring import (
    COUNTED,
    HOW,
    aggregations,
    code_metrics,
    description_metrics,
    extract,
    read_samples,
    run_samples,
    words_of,
)
from humanevalpack.lm_eval_plugin.toolchain_check import judged_here
from humanevalpack.scenarios import SCENARIOS
from humanevalpack.version import __version__


class HumanEvalPackTask(ConfigurableTask):  # type: ignore[misc]  # lm_eval is untyped
    """``humaneval{scenario}-{language}``, made by lm_eval from a file in ``tasks/`` or a user's that includes one."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        exit_codes.install()
        groups.install()
        two_stage.install()
        own = dict(config)
        own.pop("class", None)
        self.scenario = _own_key(own, "scenario", SCENARIOS)
        self.language = _own_key(own, "language", LANGUAGES)
        metadata = dict(own.pop("metadata", None) or {})
        self.options = read_options(metadata, own.pop("options", None), scenario=self.scenario)
        self.asking = Asking(
            name=str(own.get("task")),
            scenario=self.scenario,
            language=self.language,
            options=self.options,
            model_name=_model_name(metadata),
        )
        self.asking.model_arguments = model_arguments(metadata)
        self.scores: dict[int, dict[str, float]] = {}
        """Problem number to metrics, of the problems that this process scored: groups average over problems."""
        self._ranks = 1
        self._statuses: tuple[str, ...] = COUNTED
        self._how: tuple[str, ...] = HOW
        samples = self.asking.samples_per_problem
        if self._is_executed:
            self.options.check_ks(samples)
        record = {
            "version": __version__,
            "options": self.options.recorded(),
            "profile": self.options.profile,
            "dataset_sha256": self.asking.dataset_sha256,
        }
        super().__init__(
            config={
                **task_config(self.options, samples, self.asking.first_stops, has_score=self._is_executed),
                "repeats": 1 if self.asking.descriptions else self.options.n_samples,
                **own,
                "metadata": {**metadata, "humanevalpack": record},
            }
        )
        # lm_eval's own name for the request stays in the config, so that --gen_kwargs still reaches us.
        self.OUTPUT_TYPE = REQUEST_TYPE
        self._aggregation_list |= aggregations(self.options.scored_ks(samples), mean)
        if self.options.sandbox == "process" and not self.options.confirm_run_unsafe_code and self._is_executed:
            # lm_eval then asks for --confirm_run_unsafe_code.
            self.UNSAFE_CODE = True

    def download(self, dataset_kwargs: Any = None, **kwargs: Any) -> None:
        """Put the problems where lm_eval looks for a dataset."""
        rows = [problem.row() for problem in self.asking.problems.values()]
        self.dataset = {"test": datasets.Dataset.from_list(rows)}

    def doc_to_text(self, doc: Mapping[str, Any], doc_to_text: Any = None) -> Any:
        """Return the prompt of the first question about a problem (explainsynthesize: it may ask for a description)."""
        problem = self.asking.problems[doc["task_id"]]
        descriptions = self.asking.descriptions.get(problem.task_id)
        return self.asking.prompt_for(problem, descriptions[0] if descriptions else None)

    def doc_to_target(self, doc: Mapping[str, Any], doc_to_target: Any = None) -> str:
        """Return what a perfect answer would be."""
        return str(doc["docstring" if self.scenario == "explaindescribe" else "canonical_solution"])

    def fewshot_context(self, doc: Mapping[str, Any], num_fewshot: int = 0, **kwargs: Any) -> Any:
        """Return the whole prompt: there are no examples, and ``Prompting`` applies the chat template."""
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
        """Build the requests; what scoring needs is checked first, before the model is asked anything."""
        self._ranks = world_size
        self.asking.configured = self.config.generation_kwargs
        self.asking.choose_prompt(chat_template, system_instruction)
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
        problem = self.asking.problems[doc["task_id"]]
        descriptions: list[str | None] = [*self.asking.descriptions_of(problem)] or [None]
        return [
            AnswerRequest(
                request_type=REQUEST_TYPE,
                doc=doc,
                arguments=self.asking.question(problem, description),
                idx=place,
                metadata=metadata,
                asking=self.asking,
                problem=problem,
                description=description,
                describes_first=self.scenario == "explainsynthesize" and description is None,
                facts=self.config.metadata["humanevalpack"],
            )
            for place, description in enumerate(descriptions)
        ]

    def apply_filters(self) -> None:
        """Judge every sample of this task in one batch and leave each as JSON text for the log and the scores."""
        answers = [
            (request.idx + number, request, generation)
            for request in self._instances
            for number, generation in enumerate(request.generations)
        ]
        samples = extract(
            self.scenario,
            self.asking.prompting.template,
            self.options,
            [(number, request.problem, generation) for number, request, generation in answers],
        )
        recording = answers[0][1].recording if answers else None
        if self._is_executed and not self.asking.left_out:
            samples = self._judged(samples, [request for _, request, _ in answers])
        elif recording is not None:
            recording.verdicts([])  # descriptions, too, are kept before the run ends
        if answers:
            task_ids = [request.problem.task_id for _, request, _ in answers]
            findings.judged(answers[0][1], zip(task_ids, samples, strict=True))
        for request in self._instances:
            request.filtered_resps[self.options.profile] = []
        for (_, request, _), sample in zip(answers, samples, strict=True):
            request.filtered_resps[self.options.profile].append(sample.to_json())
        if self._ranks == 1:
            # Statuses that did not occur would only fill the table; several ranks must all name the same ones.
            found = {sample.status for sample in samples}
            self._statuses = tuple(status for status in COUNTED if status in found)
            words = {
                word
                for sample in samples
                for word in words_of({"extraction": sample.extraction, "finish": sample.generation.finish})
            }
            self._how = tuple(word for word in HOW if word in words)

    def process_results(self, doc: Mapping[str, Any], results: list[list[str]]) -> dict[str, float]:
        """Return one problem's metrics."""
        if self._predicts_only:
            return {"bypass": 999}
        samples = read_samples(results)
        if self.scenario == "explaindescribe":
            return description_metrics(samples, self._how)
        metrics = code_metrics(samples, self.options, self._statuses, self._how)
        self.scores[self.asking.problems[doc["task_id"]].index] = metrics
        return metrics

    @property
    def _is_executed(self) -> bool:
        return self.scenario != "explaindescribe" and not self._predicts_only

    @property
    def _predicts_only(self) -> bool:
        # --predict_only replaces the metrics by lm_eval's "bypass".
        return "bypass" in getattr(self, "_metric_fn_list", {})

    def _check_toolchain(self) -> None:
        facts = self.config.metadata["humanevalpack"]
        facts |= judged_here(self.task_name, self.asking)
        if self.asking.left_out:
            self.config.task_alias = f"{self.task_name} (left out: no toolchain)"

    def _judged(self, samples: list[Sample], requests: list[AnswerRequest]) -> list[Sample]:
        recording = requests[0].recording
        if recording is not None:
            numbered = [(request, sample.number) for request, sample in zip(requests, samples, strict=True)]
            known = recording.verdicts(numbered)
            return [sample.with_verdict(verdict) for sample, verdict in zip(samples, known, strict=True)]
        template = self.asking.prompting.template
        problems = [request.problem for request in requests]
        try:
            verdicts = run_samples(self.scenario, template, self.options, samples, problems, ranks=self._ranks)
        except EnvironmentFault as fault:
            kept = keep_everything(
                requests[0].everything,
                str(self.task_name),
                self.options,
                template,
                samples=self.asking.samples_per_problem,
                problems=len(self.asking.problems),
            )
            raise SandboxFault(f"{self.task_name}: {fault}\n{kept}") from fault
        return [sample.with_verdict(verdict) for sample, verdict in zip(samples, verdicts, strict=True)]


def _own_key(config: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = config.pop(key, None)
    if value not in allowed:
        raise UsageError(f"task {config.get('task')!r}: {key} is {value!r}, it must be one of {', '.join(allowed)}")
    return str(value)


def _model_name(metadata: Mapping[str, Any]) -> str | None:
    """Return the model's name from its arguments, which lm_eval merges into the metadata."""
    names = [metadata[key] for key in ("pretrained", "model") if isinstance(metadata.get(key), str)]
    return names[0] if names else None
