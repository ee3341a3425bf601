"""What all commands share: how options are read, and how a program ends. The commands are in `jobs.cli`."""
