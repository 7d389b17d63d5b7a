"""Write `fixtures/words.json`, the words that facts are made up of, from Faker's lists: `python tests/make_words.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "fixtures" / "words.json"
SOURCE = "Lists of Faker (https://faker.readthedocs.io, MIT License, Copyright (c) 2012 Daniele Faraglia and contributors)"


def words() -> dict[str, Any]:
    """The lists by locale: words for names and texts, first and last names for users."""
    from faker.providers.lorem.en_US import Provider as English
    from faker.providers.lorem.zh_CN import Provider as Chinese
    from faker.providers.person.en_US import Provider as Americans
    from faker.providers.person.zh_CN import Provider as Chinese_people

    return {
        "source": SOURCE,
        "en_US": {
            "words": list(English.word_list),
            "first_names": _plain(Americans.first_names),
            "last_names": _plain(Americans.last_names),
        },
        "zh_CN": {
            "words": list(Chinese.word_list),
            "first_names": _plain(Chinese_people.first_romanized_names),
            "last_names": _plain(Chinese_people.last_romanized_names),
        },
    }


def _plain(names: Any) -> list[str]:
    """Names as users have them: lower-case letters only, each once."""
    return list(dict.fromkeys("".join(filter(str.isalpha, name.lower())) for name in names if name.isascii()))


if __name__ == "__main__":
    FILE.write_text(json.dumps(words(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
