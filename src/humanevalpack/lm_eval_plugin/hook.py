"""Installs the hook through which lm_eval finds our tasks where Python has not read our ``.pth`` file.

That is so for ``python -S``, for a checkout or a ``--target`` folder on PYTHONPATH. Free where it is installed.
"""

import sys
from pathlib import Path

_MODULE = "_humanevalpack_lm_eval"


def install() -> None:
    """Import the hook, from beside the package or from a checkout's ``src/lm_eval_hook``; importing it installs it."""
    if _MODULE in sys.modules:
        return
    from importlib import import_module, util

    if util.find_spec(_MODULE) is not None:
        import_module(_MODULE)
        return
    checkout = Path(__file__).resolve().parents[2] / "lm_eval_hook" / f"{_MODULE}.py"
    spec = util.spec_from_file_location(_MODULE, checkout)
    if spec is None or spec.loader is None or not checkout.is_file():
        raise ImportError(
            f"this installation of humanevalpack lacks {_MODULE}.py: pip install --force-reinstall humanevalpack"
        )
    module = util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    spec.loader.exec_module(module)
