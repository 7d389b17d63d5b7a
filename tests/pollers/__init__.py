"""Pollers as people write them, for the torture rack: a naive loop, one with tenacity, a deferred Airflow sensor."""
