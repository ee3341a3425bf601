"""Build `dist/`, which holds all that a cluster needs to run the job. The job does not import this package."""
