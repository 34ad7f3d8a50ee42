"""Read XML text from a path or a setting, and walk its elements within fixed bounds."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from framepath.layout.failures import BadXml, SourceUnreadable
from framepath.layout.position import Position

MAX_BYTES = 8 * 1024 * 1024
"""Longest text that is parsed; areaDetector's own setting holds 1 MiB (rule 1.1)."""

MAX_DEPTH = 64
"""Deepest nesting of elements."""

MAX_ELEMENTS = 50_000
"""Most elements of one text."""


@dataclass(frozen=True, slots=True)
class Element:
    """The start of an XML element; ``depth`` is 1 for the root."""

    name: str
    attributes: dict[str, str]
    position: Position
    depth: int


def read_file(path: str, inline_mark: str) -> bytes:
    """Content of a regular file, at most one byte more than `MAX_BYTES`.

    ``inline_mark`` is what XML text would have to contain to be taken for text: said to whoever
    gave XML as a path.

    Raises
    ------
    SourceUnreadable
        There is no such file, it is no regular file, or it may not be read.
    """
    try:
        is_file = stat.S_ISREG(Path(path).stat().st_mode)
        if is_file:
            with Path(path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        fault = "it is no regular file"
    except OSError as error:
        # str(error) would repeat the path, which may be long.
        fault = error.strerror or type(error).__name__
    except ValueError as error:
        fault = str(error)  # a null byte in the path
    raise SourceUnreadable(
        "the XML file cannot be opened",
        found=fault,
        where=repr(path[:200]),
        next_step=f"XML text is taken for a path unless it contains {inline_mark}: add that"
        if "<" in path
        else "check the path, as the process that opens it sees it",
    )


def walk_elements(
    text: str | bytes,
    origin: str,
    on_start: Callable[[Element], None],
    on_end: Callable[[str], None],
) -> None:
    """Call ``on_start`` and ``on_end`` for every element, in document order.

    Names are qualified names (rule 2.2). Text, comments and processing instructions are skipped.

    Raises
    ------
    BadXml
        Not well-formed, a DOCTYPE (so no entity but XML's own five), or beyond `MAX_BYTES`,
        `MAX_DEPTH` or `MAX_ELEMENTS`. What callbacks raise passes through.
    """
    parser, data = _parser_for(text, origin)
    walk = _Walk(parser, origin, on_start, on_end)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.StartDoctypeDeclHandler = walk.doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadXml(
            f"the text is not well-formed XML: {expat.errors.messages[error.code]}",
            origin=origin,
            position=Position(error.lineno, error.offset + 1),
            next_step="correct the XML there; xmllint --noout names the same place",
        ) from error
    except LookupError as error:
        raise _undecodable(origin, error) from error
    except ValueError as error:
        # pyexpat raises a plain ValueError for encodings it cannot map; faults of ours pass.
        if type(error) is not ValueError:
            raise
        raise _undecodable(origin, error) from error


def _parser_for(text: str | bytes, origin: str) -> tuple[expat.XMLParserType, bytes]:
    """The parser and the bytes to feed; text that is already decoded overrides ``encoding=``."""
    if isinstance(text, bytes):
        parser, data = expat.ParserCreate(), text
    else:
        try:
            parser, data = expat.ParserCreate(encoding="utf-8"), text.encode()
        except UnicodeEncodeError as error:
            raise _undecodable(origin, error) from error
    if len(data) > MAX_BYTES:
        raise BadXml(
            f"the XML is longer than {MAX_BYTES} bytes",
            origin=origin,
            position=Position(1, 1),
            next_step="give the file you meant: layouts have some kilobytes",
        )
    return parser, data


def _undecodable(origin: str, error: Exception) -> BadXml:
    return BadXml(
        f"the text cannot be decoded: {error}",
        origin=origin,
        position=Position(1, 1),
        next_step='save it as UTF-8 and declare <?xml version="1.0" encoding="UTF-8"?>',
    )


class _Walk:
    """The callbacks of one parse, with what they count."""

    def __init__(
        self,
        parser: expat.XMLParserType,
        origin: str,
        on_start: Callable[[Element], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._parser = parser
        self._origin = origin
        self._on_start = on_start
        self._on_end = on_end
        self._depth = 0
        self._n_elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._n_elements += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(f"elements are nested more than {MAX_DEPTH} deep")
        if self._n_elements > MAX_ELEMENTS:
            raise self._refused(f"there are more than {MAX_ELEMENTS} elements")
        self._on_start(Element(name, attributes, self._position(), self._depth))

    def end(self, name: str) -> None:
        self._depth -= 1
        self._on_end(name)

    def doctype(self, *_declaration: object) -> None:
        raise self._refused(
            "the XML has a DOCTYPE; entities and external DTDs are not accepted",
            "delete the DOCTYPE and write the text of each entity in its place",
        )

    def _position(self) -> Position:
        return Position(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def _refused(self, summary: str, next_step: str = "simplify the XML") -> BadXml:
        return BadXml(summary, origin=self._origin, position=self._position(), next_step=next_step)
