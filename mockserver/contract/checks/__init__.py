"""One module for each kind of check; `session.py` asks them all."""
