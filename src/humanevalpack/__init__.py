"""HumanEvalPack (OctoPack, arXiv 2308.07124): 30 coding tasks, their prompts, programs, sandboxed verdicts and scores.

>>> import humanevalpack as hep
>>> problem = hep.load_problems("python", source="mini")[0]
>>> prompt = hep.render_prompt(problem, "fixtests", prompt="octocoder")
"""
