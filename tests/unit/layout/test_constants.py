import pytest

from framepath.layout.constants import parse_numbers
from framepath.layout.model import ConstantType

INT, FLOAT = ConstantType.INT, ConstantType.FLOAT


@pytest.mark.parametrize(
    ("text", "type", "numbers", "rest"),
    [
        ("1", INT, (1,), ""),
        ("1,2,3", INT, (1, 2, 3), ""),
        (" 1 ,2", INT, (1,), ",2"),  # the comma is skipped only right after a number
        ("1, 2", INT, (1, 2), ""),
        ("1 2", INT, (1, 2), ""),
        ("-7,+8", INT, (-7, 8), ""),
        ("1.5", INT, (1,), ".5"),
        ("0x10", INT, (0,), "x10"),
        ("2147483647,2147483648", INT, (2147483647,), "2147483648"),
        ("-2147483648", INT, (-2147483648,), ""),
        ("0" * 30 + "5", INT, (5,), ""),
        ("9" * 5000, INT, (), "9" * 5000),
        ("", INT, (), ""),
        ("one", INT, (), "one"),
        ("1,,2", INT, (1,), ",2"),
        ("1.5", FLOAT, (1.5,), ""),
        (".5,5.,1e3,-1E-3", FLOAT, (0.5, 5.0, 1000.0, -0.001), ""),
        ("1e", FLOAT, (), "1e"),
        ("1e999", FLOAT, (), "1e999"),
        ("nan", FLOAT, (), "nan"),
        ("12abc", FLOAT, (12.0,), "abc"),
    ],
)
def test_numbers_are_read_as_a_cpp_stream_reads_them(text, type, numbers, rest):
    assert parse_numbers(text, type) == (numbers, rest)
    assert all(isinstance(n, int if type is INT else float) for n in parse_numbers(text, type)[0])
