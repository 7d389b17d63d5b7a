"""Prints docs/sdk-behaviour.md: `python tests/make_sdk_behaviour.py > docs/sdk-behaviour.md`."""

from sdk_answers import document

if __name__ == "__main__":
    print(document(), end="")
