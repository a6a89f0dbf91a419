"""Settings of the whole way from commits to CommitPack and CommitPackFT: one YAML file."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from octopack_data.bigquery import BigQuerySettings
from octopack_data.commit_rows import HistorySettings
from octopack_data.decontamination import DecontaminateSettings
from octopack_data.duplicates import DuplicateSettings
from octopack_data.fetch.settings import FetchSettings
from octopack_data.filtering import FilterSettings
from octopack_data.records import Mode
from octopack_data.redaction import RedactSettings
from octopack_data.remote_selection import BIGQUERY, RemoteSelection
from octopack_data.settings import Settings, written_settings
from octopack_data.shards import ShardSettings
from octopack_data.splitting import SplitSettings
from octopack_data.statements import SelectSettings
from octopack_data.train_valid import TrainValidSettings

Begin = Literal["select", "fetch", "split", "filter"]
_SHARED = ("mode", "sample")


class SelectionSettings(SelectSettings, HistorySettings):
    """The selection, and how clones become tables."""


class ChainSettings(Settings):
    """What is read, where the stages lie, and the settings of each stage; what is not named has its default."""

    sources: tuple[str, ...] = Field(min_length=1)
    """Clones or folders with clones; or one: a folder with the tables, the word bigquery, the output of the stage
    before ``begin``, or a hub id (bigcode/commitpack with begin: filter)."""
    output: Path
    """Folder of all stages."""
    begin: Begin = "select"
    """First stage: select reads clones or tables, fetch CommitPackMeta, split fetched rows, filter CommitPack."""
    workers: int = Field(1, gt=0)
    """Processes of each stage."""
    mode: Mode = "fixed"
    """For every stage that names no mode of its own."""
    sample: str = ""
    """Rows of every stage, by commit hash: a share (0.01) or a number (1000); empty: all."""
    select: SelectionSettings = SelectionSettings()
    """Which commits."""
    bigquery: BigQuerySettings = BigQuerySettings()
    """Where the selection runs and what it may cost, with bigquery as the source; ``run --dry-run`` says its price."""
    fetch: FetchSettings = Field(default_factory=lambda: FetchSettings.model_validate({}))
    """Contents before and after; with clones as sources and no backend named, these clones are read."""
    split: SplitSettings = SplitSettings()
    """Licence, language, opt-out."""
    commitpack: ShardSettings | Literal[False] = ShardSettings()
    """Shards of CommitPack; false: none."""
    filter: FilterSettings = FilterSettings()
    """The rules of CommitPackFT."""
    deduplicate: DuplicateSettings | Literal[False] = False
    """Leave duplicates out of CommitPackFT; false (the default): no."""
    redact: RedactSettings | Literal[False] = False
    """Write over secrets and personal data; false (the default): no."""
    decontaminate: DecontaminateSettings | Literal[False] = False
    """Leave out what holds a problem of HumanEvalPack; false (the default): no."""
    split_train: TrainValidSettings | Literal[False] = False
    """Train and validation data by repository; false (the default): no."""
    commitpackft: ShardSettings = ShardSettings(layout="joined")
    """Files of CommitPackFT."""

    @field_validator("sources")
    @classmethod
    def _home(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Path(source).expanduser()) if source.startswith("~") else source for source in sources)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.begin != "select" and len(self.sources) > 1:
            raise ValueError(f"begin: {self.begin} reads one source, not {len(self.sources)}")
        if BIGQUERY in self.sources and (len(self.sources) > 1 or self.begin != "select"):
            raise ValueError(f"the source {BIGQUERY} stands alone, with begin: select")
        if self.remote and not self.bigquery.project:
            raise ValueError("bigquery.project is missing: the Google Cloud project that pays for the selection")
        return self

    @property
    def remote(self) -> bool:
        """Whether the selection runs in BigQuery."""
        return self.sources == (BIGQUERY,)

    def remote_selection(self) -> RemoteSelection:
        """Return the settings of a selection in BigQuery, which takes no sample: the stages behind it do."""
        asked = written_settings(self.of("select") or self.select) | {"sample": self.select.sample}
        whole = asked | written_settings(self.bigquery)
        return RemoteSelection.model_validate({name: whole[name] for name in RemoteSelection.model_fields})

    def of(self, stage: str) -> Settings | None:
        """Return the settings of a stage, with the mode and sample of the whole where it names none."""
        own: Settings | Literal[False] = getattr(self, stage)
        if own is False:
            return None
        fields = type(own).model_fields
        shared = {n: getattr(self, n) for n in _SHARED if n in fields and n not in own.model_fields_set}
        return own.model_copy(update=shared)
