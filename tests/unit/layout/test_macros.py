import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.layout.macros import MacroError, expand_macros, parse_macros


@pytest.mark.parametrize(
    ("text", "definitions", "expanded"),
    [
        ("$(P)$(R)x", "P=13SIM1:,R=cam1:", "13SIM1:cam1:x"),
        ("${P}", "P=a", "a"),
        ("$(P)", "", "$(P)"),
        ("$(Q=default)", "P=a", "default"),
        ("$(P=default)", "P=a", "a"),
        ("$(P=)", "P=", ""),
        ("$(Q=$(P)b)c", "P=a", "abc"),
        ("$(Q=$(R=x))", "P=a", "x"),
        ("$(N$(I))", "N1=one,I=1", "one"),
        ("$(A)", "A=$(B)$(B),B=c", "cc"),
        ("$(A,B=2)", "A=<$(B)>,B=1", "<2>"),
        ("$(A,B=2)$(B)", "A=<$(B)>,B=1", "<2>1"),
        ("$ $A $[A]", "A=1", "$ $A $[A]"),
        ("\\$(A)", "A=1", "\\$(A)"),
        ("$(A)", 'A="x,y"', "x,y"),
        ("$(A)", "A=x\\,y", "x,y"),
        ("$(A)", "  A =  x y  , B=1", "x y"),
        ("$(A)", "A=1,A=2", "2"),
        ("${A=)}", "B=1", ")"),
    ],
)
def test_references_are_replaced(text, definitions, expanded):
    assert expand_macros(text, definitions) == expanded


def test_single_quotes_and_apostrophes_switch_expansion_off():
    assert expand_macros("a='$(P)' b=\"$(P)\"", "P=1") == "a='$(P)' b=\"1\""
    assert expand_macros("<!-- don't -->$(P)", "P=1") == "<!-- don't -->$(P)"
    assert expand_macros('"don\'t" $(P)', "P=1") == '"don\'t" 1'


@pytest.mark.parametrize(
    ("text", "definitions", "says"),
    [
        ("$(A)", "B=1", r"\$\(A\)"),
        ("$(A)", "A=1,A", r"\$\(A\)"),
        ("$(A)", "A=$(B),B=$(A)", "refers to itself"),
        ("$(" * 500, "A=1", "nested"),
        ("$(A39)", "A0=," + ",".join(f"A{i}=$(A{i - 1})$(A{i - 1})" for i in range(1, 30)), "A39"),
        ("$(A29)", "A0=," + ",".join(f"A{i}=$(A{i - 1})$(A{i - 1})" for i in range(1, 30)), "more"),
        ("x" * 2_000_000, "A=1", "more than"),
    ],
)
def test_what_cannot_be_replaced_is_an_error(text, definitions, says):
    with pytest.raises(MacroError, match=says):
        expand_macros(text, definitions)


def test_a_name_without_value_undefines():
    assert parse_macros("A=1,B=2,A") == {"B": "2"}


@given(st.text(alphabet="$(){}=,'\"\\AB x", max_size=60), st.text("AB=,$()'\"\\ x", max_size=40))
def test_any_text_expands_or_is_refused(text, definitions):
    try:
        expand_macros(text, definitions)
    except MacroError:
        pass


@given(
    st.text(alphabet=st.characters(exclude_characters="$'\"\\"), max_size=200),
    st.text(alphabet="abc:", min_size=1, max_size=10),
)
def test_text_around_references_stays(text, value):
    assert expand_macros(f"{text}$(P){text}", f"P={value}") == f"{text}{value}{text}"
