"""The data pipelines of OctoPack: CommitPack, CommitPackFT, OASST, xP3x, self-instruct, HumanEvalPack's making."""
