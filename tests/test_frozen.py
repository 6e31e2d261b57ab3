"""Old links and files open and give what they gave, whatever is changed since."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.analysis import analyse
from core.reading import examples
from core.sharing import bundle, snapshot
from tests.frozen.make import BUNDLE, LINKS, answer_of

FROZEN: list[dict[str, Any]] = [json.loads(line) for line in LINKS.read_text("utf-8").splitlines()]


def test_there_are_enough_links() -> None:
    assert len(FROZEN) >= 100
    assert {link["data"] for link in FROZEN} == {*examples.names()}


@pytest.mark.parametrize("name", sorted({link["data"] for link in FROZEN}))
def test_links_of_this_release(name: str) -> None:
    for link in FROZEN:
        if link["data"] != name:
            continue
        now = answer_of(name, link["query"])
        # New numbers may join the answer; none may go or change.
        for path, value in link["answer"].items():
            assert path in now, (link["query"], path)
            want = value if value is None else pytest.approx(value, rel=1e-7, abs=1e-10)
            assert now[path] == want, (link["query"], path)


def test_a_file_of_this_release() -> None:
    found = snapshot.opened(bundle.read(BUNDLE.read_bytes()).members)
    opened = analyse(found.dataset, found.spec)
    own = analyse(examples.load("fulvestrant"), examples.question("fulvestrant"))
    assert opened["km"] == own["km"]
    assert opened["data"]["synthetic"] is True
