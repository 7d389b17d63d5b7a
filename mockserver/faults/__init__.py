"""Faults: answers that a real cloud gives on a bad day, declared for some requests and times."""
