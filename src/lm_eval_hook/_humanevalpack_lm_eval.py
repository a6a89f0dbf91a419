"""Makes a plain ``lm_eval --tasks humanevalpack`` find our tasks; a ``.pth`` file imports this when Python starts.

lm_eval 0.4.13 looks for tasks in its own folder and in ``--include_path`` only (a way to register task folders is an
open proposal, EleutherAI/lm-evaluation-harness pull request 4015). So this module waits for ``lm_eval.tasks.manager``
and gives its TaskManager our folder. It imports nothing of humanevalpack and nothing else that a start-up would feel.
Switched off by the environment variable HUMANEVALPACK_LM_EVAL=off.
"""

import functools
import os
import sys

_MANAGER = "lm_eval.tasks.manager"
_SWITCH = "HUMANEVALPACK_LM_EVAL"


class _ManagerFinder:
    """A ``sys.meta_path`` entry that finds one module, as the other entries would, and adds our folder to it."""

    def find_spec(self, name, path=None, target=None):
        """Return the other finders' spec of lm_eval's task manager, None for every other module."""
        if name != _MANAGER:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(name, path, target)
            if spec is not None and spec.loader is not None:
                run = spec.loader.exec_module

                def run_and_extend(module, run=run):
                    run(module)
                    extend(module)

                spec.loader.exec_module = run_and_extend
                return spec
        return None


def extend(manager_module):
    """Make TaskManager read our task folder before the user's ``include_path``, whose tasks so win over ours."""
    task_manager = manager_module.TaskManager
    original = task_manager.__init__
    if getattr(original, "humanevalpack", False):
        return

    @functools.wraps(original)
    def init(self, verbosity=None, include_path=None, *args, **kwargs):
        folder = _task_folder()
        if folder is not None:
            users = include_path if isinstance(include_path, (list, tuple)) else [include_path]
            include_path = [folder, *filter(None, users)]
        original(self, verbosity, include_path, *args, **kwargs)

    init.humanevalpack = True
    task_manager.__init__ = init
    _register_model()


def _register_model():
    """Name our model class to lm_eval, which imports it when it is asked for."""
    # lm_eval fills its registry of models only while that is empty: its own come first.
    import lm_eval.models  # noqa: F401
    from lm_eval.api.registry import model_registry

    model_registry.register("hf-encoder-decoder", target="humanevalpack.lm_eval_plugin.seq2seq:EncoderDecoderLM")


def _task_folder():
    """Return the folder of our task files; the package is located, not imported."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("humanevalpack")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        tasks = Path(folder) / "lm_eval_plugin" / "tasks"
        if tasks.is_dir():
            return tasks
    sys.stderr.write(
        "humanevalpack: its lm_eval hook is installed, but not its task files; reinstall humanevalpack, "
        f"or set {_SWITCH}=off\n"
    )
    return None


def install():
    """Install the hook once; does nothing when it is there or switched off."""
    if os.environ.get(_SWITCH, "").lower() in ("off", "0", "false", "no"):
        return
    manager = sys.modules.get(_MANAGER)
    if manager is not None:
        extend(manager)
    elif not any(isinstance(finder, _ManagerFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ManagerFinder())


install()
