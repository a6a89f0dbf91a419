"""From generations on disk to verdicts and scores in a run's folder; a killed evaluation goes on where it was."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, SandboxFault, ToolchainMissing, UsageError
from humanevalpack.evaluation.judging import Judging, judge
from humanevalpack.languages import check_profile
from humanevalpack.problems import content_hash
from humanevalpack.programs import Program
from humanevalpack.results.folder import GENERATIONS, RunFolder, read_run
from humanevalpack.results.joining import join_rows, listed, missing_samples, read_several
from humanevalpack.results.manifest import MANIFEST, new_manifest, read_manifest
from humanevalpack.results.reading import Generations
from humanevalpack.results.records import Run
from humanevalpack.results.rows import PROGRAM, KeptRow
from humanevalpack.sandbox import Toolchain, Verdict, check_toolchains, choose_sandbox, process, run_programs
from humanevalpack.scenarios import parse_task
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate

DEFAULT_KS = (1, 10, 100)
_DEFAULT_FOLDER = Path("results")


def evaluate(
    files: str | Path | Sequence[str | Path],
    task: str | None = None,
    *,
    output: str | Path | None = None,
    prompt: str | PromptTemplate = PROMPT_AUTO,
    profile: str | None = None,
    dataset: str | Path | None = None,
    form: str = "auto",
    limit_start: int | Sequence[int] | None = None,
    descriptions_per_problem: int | None = None,
    sandbox: str = "auto",
    workers: int | str | None = None,
    time_limit: float | None = None,
    k: Sequence[int] = (),
    missing_toolchains: str = "error",
    overwrite: bool = False,
    confirm_unsafe: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Judge the generations in ``files`` and return the run; its folder has everything, ``Run.score`` the scores.

    Files and their arguments (``task`` to ``descriptions_per_problem``) are those of ``read_generations``;
    ``limit_start`` may hold one number a file. ``output`` is the run's folder: by default that of the generations, if
    they lie in one, else ``results/<name of the file>``. The same call goes on where an earlier one was killed;
    ``overwrite`` begins anew. ``k`` are the k of pass@k (default: 1, 10 and 100, as far as there are samples).
    ``on_progress(judged, all)`` is called for every verdict.

    Raises UsageError, InputError, ToolchainMissing, and SandboxFault for a lasting fault of the sandbox; what has a
    verdict by then is kept.
    """
    if sandbox == "process":
        process.confirm(confirm_unsafe)
    found = read_several(
        files,
        task,
        dataset=dataset,
        prompt=prompt,
        form=form,
        limit_start=limit_start,
        descriptions_per_problem=descriptions_per_problem,
    )
    facts = next((source.facts for source in found if source.facts), {})
    rows, twice = join_rows(found)
    if not rows:
        raise InputError(f"{found[0].path}: no generations in it")
    checked_profile = check_profile(profile or str(facts.get("profile") or "reference"))
    source = str(dataset or facts.get("dataset") or "hub")
    judging = Judging.of(rows, source, checked_profile, prompt, facts)
    toolchains, left_out, kind = _toolchains(rows, sandbox, workers, skip=_skips(missing_toolchains))
    _check_ks(k, rows)
    notes = [note for item in found for note in item.notes]
    notes += [
        f"{name}: {len(missing)} samples are missing, and the score is over those that are there: {listed(missing)}"
        for name, missing in missing_samples(rows, judging.problems).items()
        if missing
    ]
    notes += [f"{twice} generations stand in several files: they count once"] if twice else []
    unknown = prompt == PROMPT_AUTO and not facts.get("prompt") and all(row.form == PROGRAM for row in rows)
    manifest = _manifest(
        *(found, facts, judging, toolchains, left_out, kind, time_limit, source, notes), prompt_unknown=unknown
    )
    folder = _folder(found, output, manifest)
    in_place = any(folder.resolve() in (item.path.resolve(), item.path.parent.resolve()) for item in found)
    run_folder = RunFolder(folder, manifest, overwrite=overwrite and not in_place, judge_anew=overwrite and in_place)

    def execute(programs: list[Program], on_verdict: Callable[[int, Verdict], None]) -> None:
        for _ in run_programs(
            programs,
            sandbox=kind,
            workers=workers,
            time_limit=time_limit,
            confirm_unsafe=confirm_unsafe,
            on_verdict=on_verdict,
        ):
            pass

    with run_folder as run:
        run.add_generations(rows)
        wanted = [row for row in rows if parse_task(row.task)[1] not in left_out]
        faults = judge(run, judging, wanted, execute=execute, on_progress=on_progress or (lambda _done, _all: None))
        if faults:
            raise SandboxFault(
                f"the sandbox failed for {len(faults)} of {len(wanted)} programs, first: {faults[0]}. Every other "
                f"verdict is kept in {folder}: once the cause is mended, the same command goes on"
            )
        done = read_run(folder)
        run.write_scores(done, k or DEFAULT_KS)
    return done


def _toolchains(
    rows: Sequence[KeptRow], sandbox: str, workers: int | str | None, *, skip: bool
) -> tuple[dict[str, Toolchain], dict[str, str], str]:
    """Return the toolchains that are here, the languages left out with the reason, and the kind of sandbox."""
    tasks = [parse_task(task) for task in dict.fromkeys(row.task for row in rows)]
    languages = list(dict.fromkeys(language for scenario, language in tasks if scenario != "explaindescribe"))
    if not languages:
        return {}, {}, sandbox
    kind = choose_sandbox(sandbox, languages, workers=workers)
    toolchains = check_toolchains(languages, sandbox=kind, workers=workers)
    missing = {name: "; ".join(item.missing) for name, item in toolchains.items() if not item.available}
    if missing and not skip:
        said = "\n".join(f"{name}: {why}. Install it: {toolchains[name].install}" for name, why in missing.items())
        raise ToolchainMissing(f"{said}\nTo leave these languages out: missing_toolchains=skip")
    return {name: item for name, item in toolchains.items() if item.available}, missing, kind


def _skips(missing_toolchains: str) -> bool:
    if missing_toolchains not in ("error", "skip"):
        raise UsageError(f"missing_toolchains is {missing_toolchains!r}; allowed: error, skip")
    return missing_toolchains == "skip"


def _check_ks(ks: Sequence[int], rows: Sequence[KeptRow]) -> None:
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        counted[row.task, row.task_id] = counted.get((row.task, row.task_id), 0) + 1
    fewest = min(counted.values())
    for k in ks:
        if not 1 <= k <= fewest:
            raise UsageError(f"k is {k}; it must be at least 1 and at most {fewest}, the samples of every problem")


def _manifest(
    found: Sequence[Generations],
    facts: Mapping[str, Any],
    judging: Judging,
    toolchains: Mapping[str, Toolchain],
    left_out: Mapping[str, str],
    kind: str,
    time_limit: float | None,
    dataset: str,
    notes: Sequence[str],
    *,
    prompt_unknown: bool,
) -> dict[str, Any]:
    from humanevalpack.version import __version__

    used = list(judging.templates.values())
    names = {template.name for template, _ in used}
    prompts = {scenario: template.name for scenario, (template, _) in judging.templates.items()}
    hashes = {scenario: template.sha256 for scenario, (template, _) in judging.templates.items()}
    own = {
        "prompt": names.pop() if len(names) == 1 else prompts,
        "prompt_reason": used[0][1],
        "prompt_sha256": hashes if len(set(hashes.values())) > 1 else next(iter(hashes.values())),
        "prompt_templates": {scenario: template.to_dict() for scenario, (template, _) in judging.templates.items()},
        "profile": judging.profile,
        "dataset": dataset,
        "dataset_sha256": {name: content_hash(list(rows.values())) for name, rows in judging.problems.items()},
        "sandbox": kind,
        "toolchains": {name: item.version for name, item in toolchains.items()},
        "images": {name: item.image for name, item in toolchains.items() if item.image} or None,
        "limits": {"time_limit": time_limit or "each language's own"},
        "left_out": dict(left_out) or None,
        "source": [str(item.path) for item in found],
        "notes": list(notes) or None,
        "packages": {"humanevalpack": __version__},
    }
    if prompt_unknown:
        own |= dict.fromkeys(("prompt", "prompt_sha256", "prompt_templates"))
        own |= {"prompt_reason": "the generations are post-processed: their prompt is not known"}
    made = {key: value for key, value in facts.items() if key not in (*own, "name", "version")}
    return new_manifest(str(facts.get("name") or found[0].path.resolve().stem), **own, **made)


def _folder(found: Sequence[Generations], output: str | Path | None, manifest: Mapping[str, Any]) -> Path:
    if output is not None:
        return Path(output).expanduser()
    first = found[0].path
    own = first.parent if first.name == GENERATIONS else first
    if len(found) == 1 and (own / MANIFEST).is_file():
        return own
    folder = _DEFAULT_FOLDER / first.resolve().stem
    if (folder / MANIFEST).is_file():
        before = read_manifest(folder).get("source")
        if before != manifest["source"]:
            raise UsageError(f"{folder} holds the run of {before}: give another folder (output)")
    return folder
