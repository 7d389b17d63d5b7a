"""Doors for tests: the mock in the test's own process, what can be asserted of the code under test, what it was shown."""
