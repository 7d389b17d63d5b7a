"""One module for each kind of check; `session.py` calls them all."""
