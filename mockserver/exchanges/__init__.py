"""Requests and answers as values, how jobs are read in them, and files of them: recordings, without secrets and tenants."""
