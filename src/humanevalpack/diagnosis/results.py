"""What is looked for in verdicts and scores: mostly a symptom of something that the answers show."""

from humanevalpack.diagnosis import low_scores, signs
from humanevalpack.diagnosis.evidence import is_judged
from humanevalpack.diagnosis.records import SEE_PROMPT, Rule

_LIMITS = ("timeout", "memory_limit", "output_limit")

RESULT_RULES: tuple[Rule, ...] = (
    Rule(
        code="missing_names",
        severity="warning",
        units=signs.missing_names,
        share=0.1,
        least=5,
        why="only names that three problems lack count, and that stood in the prompt, or as an import or helper in the "
        "answer: a slip of the model's is another name each time",
        said="{hits} of {total} programs lack the same few names: {most}",
        cause="an import or helper that stood before the function was cut off, or one that this language does not have "
        "here (require in JavaScript, an unused import in Go)",
        mend="profile=fixed keeps helpers; prompt=chat keeps imports; look whether the answers hold the import",
    ),
    Rule(
        code="over_limits",
        severity="warning",
        units=signs.with_status(is_judged, *_LIMITS),
        share=0.1,
        least=5,
        why="an endless loop is a rare mistake; in one program of ten it is the machine, or programs that wait",
        said="{hits} of {total} programs ran into a limit: {most}",
        cause="a slow or overloaded machine, a time limit set too low, or answers that wait for input",
        mend="humanevalpack doctor; humanevalpack generations clean RUN --status timeout --output NEW, then "
        "humanevalpack evaluate NEW --workers 2",
    ),
    Rule(
        code="nothing_kept",
        severity="warning",
        units=signs.nothing_kept,
        share=0.1,
        least=5,
        why="an answer of which nothing is left cannot pass: one in ten costs ten points",
        said="of {hits} of {total} answers nothing is left in the program",
        cause="the answer does not begin as code that continues the prompt, so that all of it is cut away",
        mend=SEE_PROMPT,
        is_symptom=True,
    ),
    Rule(
        code="does_not_compile",
        severity="warning",
        units=signs.not_compiled,
        share=0.5,
        least=5,
        why="most of them: a weak model's slips are fewer",
        said="{hits} of {total} samples do not compile; most often: {most}",
        cause="the programs are not what the model meant (look at one), or the model does not know this language",
        mend="humanevalpack report RUN --html report.html shows every program beside its generation",
        is_symptom=True,
    ),
    Rule(
        code="below_published",
        severity="warning",
        units=low_scores.below_published,
        share=0,
        least=1,
        why="20 problems or more, and the whole interval below half of the published score",
        said="far below what is published: {most}",
        cause="another prompt, budget, precision or checkpoint than the published one",
        mend="humanevalpack presets show MODEL has its settings; humanevalpack compare RUN OTHER what differs",
        is_symptom=True,
    ),
    Rule(
        code="below_other_languages",
        severity="note",
        units=low_scores.below_other_languages,
        share=0,
        least=1,
        why="20 problems or more, and the whole interval below a third of the mean of the other languages",
        said="far below the same model's other languages: {most}",
        cause="the model does not know this language, or its answers end or begin differently there",
        mend="look at the samples of this language; humanevalpack verify --languages LANGUAGE checks the machine",
        is_symptom=True,
    ),
    Rule(
        code="no_passes",
        severity="note",
        units=low_scores.no_passes,
        share=1,
        least=10,
        why="a model that solves a fifth of the problems has nine in ten chances to pass one of ten",
        said="not one of {total} samples passes; most often: {most}",
        cause="the programs compile and run, and are wrong: the model may be too weak for these problems",
        mend="look at three samples; humanevalpack verify shows that right programs pass on this machine",
        is_symptom=True,
    ),
)
