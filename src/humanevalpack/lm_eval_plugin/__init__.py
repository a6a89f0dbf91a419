"""The only room that knows lm_eval: our tasks and groups, their options, the request method, what a sample's log holds.

Found by lm_eval through the module ``_humanevalpack_lm_eval``, which only needs the task files in ``tasks/``.
"""
