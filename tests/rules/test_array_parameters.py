"""Lists reach PostgreSQL as they are."""

import json
from uuid import UUID

import pytest
from django.db import DataError

from goalsvc.database.parameters import ids_array, text_array
from goalsvc.database.statements import Statement

TEXTS = Statement("SELECT to_json(%(texts)s::text[])")
IDS = Statement("SELECT to_json(ARRAY(SELECT ids::uuid[]::text FROM unnest(%(lists)s::text[]) AS ids))")
ROOM = UUID("0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["a", "", "b"],
        ["NULL", None, "null"],
        ['"', "\\", "{a,b}", "a,b", " ", "\n", '\\"', "é", "☺"],
        ['"', "\\", None, "a,b"],
    ],
)
def test_texts_are_kept(texts):
    [(read,)] = TEXTS.fetch(texts=text_array(texts))
    assert json.loads(read) == texts


@pytest.mark.django_db
@pytest.mark.parametrize("texts", [["a\0b", "c"], ["\0"], ["a\0b", None]])
def test_a_nul_never_makes_two_texts_of_one(texts):
    assert text_array(texts).count('"') == 2 * sum(text is not None for text in texts)
    with pytest.raises((DataError, ValueError)):
        TEXTS.fetch(texts=text_array(texts))


@pytest.mark.django_db
def test_lists_of_ids_are_kept():
    [(read,)] = IDS.fetch(lists=ids_array([[ROOM], [], [str(ROOM), str(ROOM)]]))
    assert json.loads(read) == [f"{{{ROOM}}}", "{}", f"{{{ROOM},{ROOM}}}"]
