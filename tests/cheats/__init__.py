"""Cheats: answers that do not solve their problem and want to pass anyway, one file of them for each language.

How to add one: append an entry to ``<language>.yaml``. ``name`` says what it does, ``kind`` is one of ``KINDS``,
``code`` is the whole answer as a model would give it (with imports; Java: the class Solution; Go: without the package
line, which the program's assembly brings). It is put together with the tests of the mini problem number ``problem`` (0
if there is none: ``night_bus_minutes``) exactly as the product does it. ``profile`` is ``reference`` if there is none.

Two tests hold for every entry. It is a real cheat: the naive judge of ``judges.py``, which runs the language's own tool
and looks at the exit code (JavaScript: and that nothing was printed), lets it pass; ``fools: nobody`` excepts an attack
that such a judge refuses by itself (it is aimed at this very supervisor, say), and a comment says why it is kept. And
it does not pass in any sandbox of ours; ``status`` may name the one verdict that is right.
"""
