"""Pages that start servers on the reader's machine tell the reader's clients where they are."""

from __future__ import annotations

import re

import pytest

from doc_pages import blocks, pages

CA_PORT = "5064"
"""Where EPICS clients look at an address without a port."""


def shell(page: str) -> str:
    return "".join(block.text for block in blocks(page) if block.language == "sh")


STARTING = [
    page
    for page in pages()
    if re.search(r"^framepath ioc (sim|eiger|replay)", shell(page), re.M)
    and any(block.language == "python" for block in blocks(page))
]


def test_there_are_such_pages():
    assert len(STARTING) >= 4


@pytest.mark.parametrize("page", STARTING)
def test_the_ioc_is_where_clients_are_told_to_look(page):
    text = shell(page)
    iocs = re.findall(r"^framepath ioc .*$", text, re.M)
    (addresses,) = set(re.findall(r"EPICS_CA_ADDR_LIST=(\S+)", text))
    assert addresses == "127.0.0.1"
    assert "EPICS_CA_AUTO_ADDR_LIST=NO" in text
    assert {re.search(r"--ca-port (\d+)", line)[1] for line in iocs} == {CA_PORT}


@pytest.mark.parametrize("page", STARTING)
def test_the_catalog_is_where_code_looks(page):
    for command in re.findall(r".*framepath serve .*", shell(page)):
        port = re.search(r"--port (\d+)", command)[1]
        key = re.search(r"FRAMEPATH_API_KEY=(\w+)", command)[1]
        code = "".join(b.text for b in blocks(page) if b.language in ("python", "yaml"))
        assert f"http://127.0.0.1:{port}" in code
        assert f"api_key={key}" in code or f"export FRAMEPATH_API_KEY={key}" in shell(page)
