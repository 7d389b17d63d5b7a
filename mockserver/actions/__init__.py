"""What calls do to jobs, as definitions say it (`x-action`): perform.py does it, values.py fills the answer in."""
