"""Made-up facts: words of Faker's lists, drawn evenly, the same for the same key in every thread and process."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter

import pytest
from make_words import FILE, words

from mockserver.generate import LOCALES, Fake, IdMaker, hex_id, weighted


def test_the_words_are_fakers() -> None:
    """`fixtures/words.json` is what `tests/make_words.py` writes."""
    assert json.loads(FILE.read_text(encoding="utf-8")) == words()


@pytest.mark.parametrize("locale", LOCALES)
def test_facts_have_their_forms(locale: str) -> None:
    """Ids, users, names, addresses and texts look like what they stand for, and fit the vendors' names."""
    for number in range(200):
        fake = Fake(7, "forms", number, locale=locale)
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", fake.uuid())
        assert re.fullmatch(r"[a-z]+\d{0,2}", fake.user())
        assert re.fullmatch(r"[^\W_]+_[^\W_]+", fake.name())
        assert re.fullmatch(r"10\.\d{1,3}\.\d{1,3}\.\d{1,3}", fake.ipv4())
        assert re.fullmatch(r"[0-9a-f]{33}", fake.hex(33))
        assert fake.sentence().endswith((".", "\u3002"))


def test_draws_are_even_and_independent() -> None:
    """Each value comes about as often as any other, over keys and along one source."""
    along = Fake(1, "one")
    for draws in ([Fake(1, number).integer(0, 9) for number in range(5_000)], [along.integer(0, 9) for _ in range(5_000)]):
        assert all(400 < count < 600 for count in Counter(draws).values())
        assert len(Counter(draws)) == 10
    names = Counter(weighted(("a", "b", "never"), (3, 4, 4), "test", number) for number in range(4_000))
    assert set(names) == {"a", "b"}
    assert 2_800 < names["a"] < 3_200


def test_threads_share_nothing() -> None:
    """Facts made by many threads at once are those that one makes."""
    alone = [Fake(3, number).sentence() for number in range(100)]
    together: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: together.append([Fake(3, number).sentence() for number in range(100)]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 8


def test_an_id_maker_makes_the_same_ids() -> None:
    """What is digested once gives the ids that digesting all gives."""
    for now in (0, 1, 1_700_000_000_000):
        assert IdMaker(5, "GET", "/a\udcff", "b=\u4e2d").hex_id(now) == hex_id(5, "GET", "/a\udcff", "b=\u4e2d", now)


def test_faker_makes_the_other_kinds_of_fact() -> None:
    """What no list of ours has is Faker's: the same for the same key, another one for another key, on one line."""
    for locale in LOCALES:
        for kind in ("company", "city", "street_address", "phone_number", "first_name"):
            made = [Fake(1, kind, number, locale=locale).by_faker(kind) for number in range(20)]
            assert made == [Fake(1, kind, number, locale=locale).by_faker(kind) for number in range(20)]
            assert len(set(made)) > 10
            assert not any("\n" in text for text in made)
