"""``python -m framepath`` is the ``framepath`` command."""

from framepath.cli import main

main()
