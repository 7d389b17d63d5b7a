"""A local mock server for the job-status APIs of cloud data platforms."""

__version__ = "0.1.0"
