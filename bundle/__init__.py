"""Builds `dist/`, what a cluster needs to run the job. No part of the job: nothing imports it."""
