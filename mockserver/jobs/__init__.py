"""What the simulated services know of jobs, and when."""
